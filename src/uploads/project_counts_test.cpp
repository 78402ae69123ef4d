#include "uploads/project_counts.hpp"

#include <fmt/format.h>

#include "base/try.hpp"
#include "uploads/test_world.hpp"

namespace hoist::uploads {
namespace {

class ProjectCounts : public ::testing::Test {
 protected:
  std::string put_into(std::string_view project, std::string_view name) {
    auto const body = fmt::format(
        R"({{"project_id":"{}","filename":"{}","content_type":"image/jpeg","size":5}})", project, name);
    return text_of(world.ok(201, "POST", "/uploads", body).at("upload").at("id"));
  }
  json::value project(std::string const& id) {
    auto const found = world.ok(200, "GET", "/projects?project_id=" + id).at("projects").as_array();
    EXPECT_LE(found.size(), 1U);
    return found.empty() ? json::value{} : found[0];
  }

  World world;
};

TEST_F(ProjectCounts, FollowEveryChangeOfState) {
  auto const first = world.create();
  world.create();
  EXPECT_EQ(project("site-1").at("counts"), (json::object{{"PENDING", 2}}));
  ASSERT_TRUE(world.put_upload(first));
  EXPECT_EQ(project("site-1").at("counts"), (json::object{{"PENDING", 1}, {"UPLOADED", 1}}));
  ASSERT_TRUE(world.process(first));
  EXPECT_EQ(project("site-1").at("counts"), (json::object{{"COMPLETED", 1}, {"PENDING", 1}}));
  EXPECT_EQ(project("site-1").at("bytes"), 10);
  world.ok(200, "DELETE", "/uploads/" + first);
  EXPECT_EQ(project("site-1").at("counts"), (json::object{{"DELETED", 1}, {"PENDING", 1}}));
  EXPECT_EQ(project("site-1").at("bytes"), 5);
  EXPECT_TRUE(world.wrong_usage().empty());
}

TEST_F(ProjectCounts, OfOneProjectOnly) {
  put_into("site-2", "a.jpg");
  put_into("site-3", "b.jpg");
  EXPECT_EQ(project("site-2").at("files"), 1);
  EXPECT_TRUE(project("site-4").is_null());
  EXPECT_EQ(world.ok(200, "GET", "/projects").at("projects").as_array().size(), 2U);
  EXPECT_EQ(world.call("GET", "/projects?project_id=a/b").status, 400);
  EXPECT_EQ(world.call("GET", "/projects?colour=red").status, 400);
  EXPECT_TRUE(world.ok(200, "GET", "/projects?project_id=site-2", {}, "other bob viewer")
                  .at("projects")
                  .as_array()
                  .empty());
}

TEST_F(ProjectCounts, OneThatIsWrongIsFound) {
  put_into("site-2", "a.jpg");
  ASSERT_TRUE(testing::write_now(*world.database, [&](sql::Transaction& tx) -> Result<void> {
    CHECK(tx.execute("UPDATE project_counts SET files = 2", {}));
    return {};
  }));
  ASSERT_EQ(world.wrong_usage().size(), 1U);
  EXPECT_TRUE(world.wrong_usage()[0].contains("site-2"));
}

}  // namespace
}  // namespace hoist::uploads

// GET /uploads?search=.
#include <fmt/format.h>

#include "base/encode.hpp"
#include "base/try.hpp"
#include "uploads/test_world.hpp"

namespace hoist::uploads {
namespace {

class SearchByName : public ::testing::Test {
 protected:
  std::string put_into(std::string_view project, std::string const& name, std::string const& folder = {}) {
    auto const path = folder.empty() ? "" : fmt::format(R"(,"path":"{}/{}")", folder, name);
    auto const body =
        fmt::format(R"({{"project_id":"{}","filename":"{}"{},"content_type":"image/jpeg","size":5}})",
                    project, name, path);
    return text_of(world.ok(201, "POST", "/uploads", body).at("upload").at("id"));
  }
  std::vector<std::string> found(std::string const& search, std::string const& more = {}) {
    auto names = std::vector<std::string>{};
    auto const answer =
        world.ok(200, "GET", "/uploads?project_id=site-1&search=" + percent_encode(search) + more);
    for (auto const& upload : answer.at("uploads").as_array())
      names.push_back(text_of(upload.at("filename")));
    return names;
  }
  using Names = std::vector<std::string>;

  World world;
};

TEST_F(SearchByName, FindsPartsOfNamesAndFoldersInAnyCase) {
  put_into("site-1", "IMG_0001.JPG", "Fachada Norte");
  put_into("site-1", "SEÑOR.jpg");
  put_into("site-1", "100%_a.jpg");
  put_into("site-2", "IMG_0001.JPG");
  EXPECT_EQ(found("img_0"), (Names{"IMG_0001.JPG"}));
  EXPECT_EQ(found("norte"), (Names{"IMG_0001.JPG"}));
  EXPECT_EQ(found("señ"), (Names{"SEÑOR.jpg"}));
  EXPECT_EQ(found("%"), (Names{"100%_a.jpg"}));
  EXPECT_EQ(found("0_a"), (Names{})) << "no character stands for others";
  EXPECT_EQ(found(".jpg"), (Names{"100%_a.jpg", "SEÑOR.jpg", "IMG_0001.JPG"}));
}

TEST_F(SearchByName, GoesTogetherWithAStatusAndGoesOnByCursor) {
  for (auto i = 0; i < 5; ++i) put_into("site-1", fmt::format("a{}.jpg", i));
  auto const sent = put_into("site-1", "a5.jpg");
  ASSERT_TRUE(world.put_upload(sent));
  EXPECT_EQ(found("a", "&status=UPLOADED"), (Names{"a5.jpg"}));
  auto const first = world.ok(200, "GET", "/uploads?project_id=site-1&search=a&limit=4");
  EXPECT_EQ(first.at("uploads").as_array().size(), 4U);
  auto const cursor = "&cursor=" + percent_encode(text_of(first.at("next_cursor")));
  EXPECT_EQ(found("a", "&limit=4" + cursor), (Names{"a1.jpg", "a0.jpg"}));
  EXPECT_EQ(world.call("GET", "/uploads?project_id=site-1&search=b" + cursor).status, 400)
      << "a cursor holds with the same filters only";
}

TEST_F(SearchByName, AForgottenNameIsNotFound) {
  auto const id = put_into("site-1", "secret.jpg");
  ASSERT_TRUE(world.put_upload(id));
  world.ok(200, "DELETE", "/uploads/" + id);
  EXPECT_EQ(found("secret"), (Names{}));
}

TEST_F(SearchByName, NeedsAProjectAndSomethingToLookFor) {
  EXPECT_EQ(world.call("GET", "/uploads?search=a").status, 400);
  EXPECT_EQ(world.call("GET", "/uploads?project_id=site-1&search=").status, 400);
  auto const batch = new_uuid7(world.clock.now());
  EXPECT_EQ(world.call("GET", "/uploads?project_id=site-1&search=a&batch_id=" + batch).status, 400);
}

TEST_F(SearchByName, LooksAtSoManyNamesAtATimeAndLosesNone) {
  for (auto i = 0; i < 7; ++i) put_into("site-1", fmt::format("{}.jpg", i % 3 == 0 ? "wanted" : "other"));
  ASSERT_TRUE(testing::read_now(*world.database, [&](sql::Transaction& tx) -> Result<void> {
    auto const filter = ListFilter{.project = "site-1", .batch = {}, .state = {}, .search = "wanted"};
    auto before = std::string{};
    auto sizes = std::vector<std::size_t>{};
    do {
      TRY(auto const listed, list_uploads(tx, TenantId{"acme"}, filter, before, 50, 3));
      sizes.push_back(listed.uploads.size());
      before = listed.next;
    } while (!before.empty() && sizes.size() < 10);
    EXPECT_EQ(sizes, (std::vector<std::size_t>{1, 1, 1}));
    auto const failed = ListFilter{"site-1", {}, UploadState::failed, "wanted"};
    TRY(auto const none, list_uploads(tx, TenantId{"acme"}, failed, {}, 50, 3));
    EXPECT_TRUE(none.uploads.empty());
    EXPECT_FALSE(none.next.empty()) << "three names were looked at, whatever their state";
    return {};
  }));
}

TEST_F(SearchByName, ReadsTheIndexOfNames) {
  for (auto const& [state, index] :
       {std::pair{std::optional<UploadState>{}, "COVERING INDEX uploads_by_project "},
        std::pair{std::optional{UploadState::failed}, "INDEX uploads_by_project "}}) {
    ASSERT_TRUE(testing::read_now(*world.database, [&](sql::Transaction& tx) -> Result<void> {
      auto const listing = listing_of(TenantId{"acme"}, {"p", {}, state, "x"}, "z", "a", 50);
      TRY(auto const rows,
          tx.query("EXPLAIN QUERY PLAN SELECT id FROM uploads WHERE " + listing.condition, listing.args));
      EXPECT_TRUE(rows.at(0).text(3).contains(index)) << rows.at(0).text(3);
      return {};
    }));
  }
}

}  // namespace
}  // namespace hoist::uploads

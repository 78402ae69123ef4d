// Types of files that a tenant does not take, from the grant to what has
// arrived.
#include <fmt/format.h>

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "uploads/test_world.hpp"

namespace hoist::uploads {
namespace {

class FileTypesOfATenant : public ::testing::Test {
 protected:
  void take(FileTypes types) {
    world.limits.by_tenant[TenantId{"acme"}].types = std::make_shared<FileTypes const>(std::move(types));
  }
  static std::string file(std::string_view name, std::string_view type) {
    return fmt::format(
        R"({{"filename":"{}","content_type":"{}","size":5,"checksum":{{"algorithm":"sha256","value":"{}"}}}})",
        name, type, hex(sha256("hello")));
  }
  static std::string single(std::string_view name, std::string_view type) {
    return fmt::format(R"({{"project_id":"site-1",{})", file(name, type).substr(1));
  }

  World world;
};

TEST_F(FileTypesOfATenant, AreCheckedAtTheGrantByTypeAndByName) {
  take({.allowed = {}, .denied = {".exe", "video/*"}});
  for (auto const& body : {single("setup.exe", "application/octet-stream"), single("tour", "video/mp4")}) {
    auto const refused = world.call("POST", "/uploads", body);
    EXPECT_EQ(refused.status, 400);
    EXPECT_NE(refused.body.find(R"("code":"type_not_allowed")"), std::string::npos) << refused.body;
  }
  EXPECT_EQ(world.call("POST", "/uploads", single("a.jpg", "image/jpeg")).status, 201);
  EXPECT_EQ(world.call("POST", "/uploads", single("setup.exe", "image/jpeg"), "globex gus member").status,
            201);
  EXPECT_EQ(world.usage().files, 1);
}

TEST_F(FileTypesOfATenant, RefuseTheFilesOfABatchOneByOne) {
  take({.allowed = {"image/*"}, .denied = {}});
  auto const batch = world.ok(201, "POST", "/batches",
                              fmt::format(R"({{"project_id":"site-1","files":[{},{}]}})",
                                          file("a.txt", "text/plain"), file("b.jpg", "image/jpeg")));
  EXPECT_EQ(batch.at("items").at(0).at("error").at("code"), "type_not_allowed");
  EXPECT_EQ(batch.at("items").at(1).at("action"), "upload");
  EXPECT_EQ(batch.at("batch").at("refused"), 1);
  EXPECT_EQ(world.usage().files, 1);
  EXPECT_TRUE(world.wrong_usage().empty());
}

TEST_F(FileTypesOfATenant, AreCheckedAgainByWhatHasArrived) {
  take({.allowed = {}, .denied = {"image/jpeg"}});
  auto const answer = world.ok(201, "POST", "/uploads", single("a.bin", "application/octet-stream"));
  auto const id = text_of(answer.at("upload").at("id"));
  ASSERT_TRUE(world.put(key_of(world.stored(id)), "hello", "application/octet-stream"));
  ASSERT_TRUE(world.process(id));  // finds a JPEG
  auto const upload = world.ok(200, "GET", "/uploads/" + id);
  EXPECT_EQ(upload.at("status"), "FAILED");
  EXPECT_EQ(upload.at("error").at("code"), "type_not_allowed");
  EXPECT_EQ(text_of(upload.at("error").at("message")),
            "Files of this type are not taken here: a.bin (image/jpeg).");
  EXPECT_EQ(world.call("GET", "/uploads/" + id + "/content").status, 409);
  world.clock.advance(std::chrono::hours{24 * 8});
  (void)world.sweep();
  EXPECT_EQ(world.objects.count(), 0U);
}

TEST_F(FileTypesOfATenant, HoldForBytesThatAreSharedToo) {
  auto const answer = world.ok(201, "POST", "/uploads", single("a.bin", "application/octet-stream"));
  auto const id = text_of(answer.at("upload").at("id"));
  ASSERT_TRUE(world.put(key_of(world.stored(id)), "hello", "application/octet-stream"));
  ASSERT_TRUE(world.process(id));
  take({.allowed = {}, .denied = {"image/jpeg"}});
  auto const refused = world.call("POST", "/uploads", single("b.bin", "application/octet-stream"));
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find("type_not_allowed"), std::string::npos) << refused.body;
}

}  // namespace
}  // namespace hoist::uploads

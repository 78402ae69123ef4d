#include "bin/cli/item.hpp"

#include <gtest/gtest.h>

namespace hoist::cli {
namespace {

json::object parsed(std::string_view text) {
  return parse_json(text).value().get_object();
}

Item item_of(std::int64_t size) {
  auto item = Item{};
  item.file.size = size;
  return item;
}

TEST(AcceptTransfer, ASinglePutKeepsItsHeaders) {
  auto item = item_of(3);
  ASSERT_TRUE(accept_transfer(
      item,
      parsed(
          R"({"method":"PUT","url":"http://o/x","headers":{"content-type":"image/png","content-length":"3"}})")));
  EXPECT_EQ(item.url, "http://o/x");
  EXPECT_EQ(item.headers.get("Content-Type"), "image/png");
  EXPECT_FALSE(item.headers.has("Content-Length"));  // the connection writes its own
}

TEST(AcceptTransfer, PartsKnowTheirRanges) {
  auto item = item_of(11);
  ASSERT_TRUE(accept_transfer(
      item,
      parsed(
          R"({"method":"PUT","multipart":{"part_size":5,"part_count":3,"parts":[{"number":1,"url":"u1"}]}})")));
  EXPECT_EQ(item.part_urls.at(1), "u1");
  EXPECT_EQ(part_range(item, 3).offset, 10);
  EXPECT_EQ(part_range(item, 3).length, 1);
}

TEST(AcceptTransfer, APlanThatDoesNotFitIsRefused) {
  auto item = item_of(10);
  EXPECT_FALSE(accept_transfer(item, parsed(R"({"multipart":{"part_size":5,"part_count":3,"parts":[]}})")));
  EXPECT_FALSE(accept_transfer(item, parsed(R"({"multipart":{"part_size":0,"part_count":0}})")));
  EXPECT_FALSE(accept_transfer(item, parsed(R"({"method":"PUT"})")));
}

TEST(AcceptParts, StoredPartsAreNotSentAgain) {
  auto item = item_of(11);
  accept_parts(item, parsed(R"({"parts":[{"number":2,"url":"u2"}],"stored":[1,3]})"));
  EXPECT_EQ(item.part_urls.at(2), "u2");
  EXPECT_EQ(item.parts_sent, (std::set<std::int64_t>{1, 3}));
}

TEST(RefusalOf, NamesTheFieldsOfThatFileAlone) {
  auto const fields = std::vector<FieldError>{{"files[1].size", "must be at least 1"},
                                              {"files[1].filename", "must not contain a slash"},
                                              {"files[11].size", "is missing"}};
  EXPECT_EQ(refusal_of(1, fields), "size must be at least 1. filename must not contain a slash.");
  EXPECT_EQ(refusal_of(2, fields), "");
}

}  // namespace
}  // namespace hoist::cli

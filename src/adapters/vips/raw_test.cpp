#include "adapters/vips/raw.hpp"

#include <gtest/gtest.h>

#include "adapters/vips/media_samples.hpp"
#include "adapters/vips/tiff_tables.hpp"

namespace hoist::vips {
namespace {

TEST(RawPhotos, TheTablesOfACanonAreThoseOfItsFirstBoxAlone) {
  auto const file = samples::maker_photo(".cr3");
  auto const photo = find_raw_photo(file);
  ASSERT_TRUE(photo);
  auto const next_box = file.find("mdat") - 4;
  EXPECT_EQ(photo->tables.data() + photo->tables.size(), file.data() + next_box);
}

TEST(TiffTables, StandBehindTheHeaderAndInsideTheFile) {
  auto const numbers = TiffNumbers{false};
  auto const file = std::string("II*\0\x08\0\0\0\x01\0\x0f\x01\x02\0\x03\0\0\0Ab\0\0\0\0\0\0", 26);
  auto const table = read_table(file, numbers, 8, {0x10f});
  ASSERT_EQ(table.size(), 1U);
  EXPECT_EQ(table[0].value, std::string("Ab\0", 3));
  for (auto const at : {std::size_t{0}, std::size_t{7}, file.size() - 1, file.size(), file.size() + 1})
    EXPECT_TRUE(read_table(file, numbers, at, {0x10f}).empty()) << at;
}

}  // namespace
}  // namespace hoist::vips

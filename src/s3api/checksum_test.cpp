#include "s3api/checksum.hpp"

#include <gtest/gtest.h>

#include "base/encode.hpp"

namespace hoist::s3api {
namespace {

constexpr auto every_kind = {ChecksumKind::crc32, ChecksumKind::crc32c, ChecksumKind::crc64nvme,
                             ChecksumKind::sha1,  ChecksumKind::sha256, ChecksumKind::md5};

TEST(Checksum, MatchesThePublishedCheckValues) {
  EXPECT_EQ(base64(checksum_of(ChecksumKind::crc32, "123456789")), "y/Q5Jg==");
  EXPECT_EQ(base64(checksum_of(ChecksumKind::crc32c, "123456789")), "4waSgw==");
  EXPECT_EQ(base64(checksum_of(ChecksumKind::crc64nvme, "123456789")), "rosUhgp5mIg=");
  EXPECT_EQ(hex(checksum_of(ChecksumKind::sha1, "abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hex(checksum_of(ChecksumKind::md5, "abc")), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(base64(checksum_of(ChecksumKind::crc32, "")), "AAAAAA==");
}

TEST(Checksum, IsTheSameHoweverTheBytesAreCut) {
  auto text = std::string{};
  for (auto i = 0; i < 1000; ++i) text += static_cast<char>(i * 31);
  for (auto const kind : every_kind)
    for (std::size_t step : {1U, 3U, 7U, 8U, 13U, 999U}) {
      auto checksum = Checksum{kind};
      for (std::size_t at = 0; at < text.size(); at += step)
        checksum.update(std::string_view{text}.substr(at, step));
      EXPECT_EQ(checksum.finish(), checksum_of(kind, text)) << name_of(kind) << step;
    }
}

TEST(Checksum, CrcsOfPartsCombineIntoThatOfTheWhole) {
  auto text = std::string{};
  for (auto i = 0; i < 5000; ++i) text += static_cast<char>(i * i >> 3);
  for (auto const kind : {ChecksumKind::crc32, ChecksumKind::crc32c, ChecksumKind::crc64nvme})
    for (std::size_t cut : {0U, 1U, 77U, 4096U, 5000U}) {
      auto const first = checksum_of(kind, text.substr(0, cut));
      auto const second = checksum_of(kind, text.substr(cut));
      EXPECT_EQ(combine_crc(kind, first, second, text.size() - cut), checksum_of(kind, text))
          << name_of(kind) << cut;
    }
}

TEST(Checksum, NamesAreReadInAnyCase) {
  EXPECT_EQ(parse_checksum("CRC64NVME"), ChecksumKind::crc64nvme);
  EXPECT_EQ(parse_checksum("sha256"), ChecksumKind::sha256);
  EXPECT_EQ(parse_checksum("MD5"), ChecksumKind::md5);
  EXPECT_EQ(parse_checksum("SHA512"), ChecksumKind::sha512);
  EXPECT_FALSE(parse_checksum("xxhash64"));
  EXPECT_FALSE(parse_checksum(""));
}

}  // namespace
}  // namespace hoist::s3api

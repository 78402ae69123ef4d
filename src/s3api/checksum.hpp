// The checksums of the S3 protocol, streamed, and those of parts combined into that of the whole.
//
// Source   Amazon S3 "Checking object integrity": CRC-32 (ISO-HDLC), CRC-32C, CRC-64/NVME, SHA-1,
//          SHA-256, SHA-512, MD5. Values travel as base64 of the big-endian bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/hash.hpp"

namespace hoist::s3api {

enum class ChecksumKind { crc32, crc32c, crc64nvme, sha1, sha256, sha512, md5 };

[[nodiscard]] std::string_view name_of(ChecksumKind kind);                        // "crc64nvme"
[[nodiscard]] std::optional<ChecksumKind> parse_checksum(std::string_view name);  // any case
[[nodiscard]] std::size_t digest_bytes(ChecksumKind kind);
[[nodiscard]] bool is_crc(ChecksumKind kind);

class Checksum {
 public:
  explicit Checksum(ChecksumKind kind);
  void update(std::string_view bytes);
  [[nodiscard]] std::string finish();  // raw; call once
  [[nodiscard]] ChecksumKind kind() const { return kind_; }

 private:
  ChecksumKind kind_;
  std::variant<std::uint64_t, Hasher> state_;
};

[[nodiscard]] std::string checksum_of(ChecksumKind kind, std::string_view bytes);

// CRC of A followed by B, from the CRCs of both and the length of B. All raw.
[[nodiscard]] std::string combine_crc(ChecksumKind kind, std::string_view first, std::string_view second,
                                      std::uint64_t second_size);

}  // namespace hoist::s3api

// Files for tests of what is done about malware, made at run time: nothing in the source tree is one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hoist::testing {

// The harmless test virus, in two halves, so that scanners of source trees stay calm.
inline std::string eicar() {
  return std::string{"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EIC"} + "AR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";
}

inline std::string little_endian(std::uint32_t value, int bytes) {
  auto text = std::string{};
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xff);
  return text;
}

inline std::uint32_t crc32(std::string_view bytes) {
  auto crc = ~std::uint32_t{0};
  for (auto const c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0xedb88320U & (~(crc & 1) + 1));
  }
  return ~crc;
}

// A ZIP archive with one stored file.
inline std::string zip(std::string_view name, std::string_view content) {
  auto const size = static_cast<std::uint32_t>(content.size());
  auto const about = little_endian(crc32(content), 4) + little_endian(size, 4) + little_endian(size, 4) +
                     little_endian(static_cast<std::uint32_t>(name.size()), 2);
  auto const local = "PK\x03\x04" + little_endian(20, 2) + std::string(8, '\0') + about +
                     little_endian(0, 2) + std::string{name} + std::string{content};
  auto const central = "PK\x01\x02" + little_endian(20, 2) + little_endian(20, 2) + std::string(8, '\0') +
                       about + std::string(16, '\0') + std::string{name};
  return local + central + "PK\x05\x06" + std::string(4, '\0') + little_endian(1, 2) + little_endian(1, 2) +
         little_endian(static_cast<std::uint32_t>(central.size()), 4) +
         little_endian(static_cast<std::uint32_t>(local.size()), 4) + little_endian(0, 2);
}

// The same archive, marked as encrypted in both of its headers.
inline std::string encrypted(std::string archive) {
  archive[6] = 1;
  archive[archive.find("PK\x01\x02") + 8] = 1;
  return archive;
}

}  // namespace hoist::testing

#include "s3api/checksum.hpp"

#include <array>
#include <bit>
#include <cstring>
#include <zlib.h>

#include "base/assert.hpp"
#include "base/encode.hpp"

#ifdef __x86_64__
#include <nmmintrin.h>
#endif

namespace hoist::s3api {
namespace {

constexpr auto crc32_polynomial = std::uint64_t{0xEDB88320};
constexpr auto crc32c_polynomial = std::uint64_t{0x82F63B78};
constexpr auto crc64_polynomial = std::uint64_t{0x9A6C9329AC4BC9B5};

using Tables = std::array<std::array<std::uint64_t, 256>, 8>;

// Eight tables take eight bytes a step.
constexpr Tables make_tables(std::uint64_t polynomial) {
  auto tables = Tables{};
  for (std::uint64_t byte = 0; byte < 256; ++byte) {
    auto crc = byte;
    for (auto bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? (crc >> 1) ^ polynomial : crc >> 1;
    tables[0][byte] = crc;
  }
  for (std::size_t table = 1; table < 8; ++table)
    for (std::size_t byte = 0; byte < 256; ++byte) {
      auto const before = tables[table - 1][byte];
      tables[table][byte] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  return tables;
}

constexpr auto crc64_tables = make_tables(crc64_polynomial);
constexpr auto crc32c_tables = make_tables(crc32c_polynomial);

// `crc` is kept inverted between calls, as the definition's initial value asks.
std::uint64_t update_by_table(Tables const& tables, std::uint64_t crc, std::string_view bytes) {
  static_assert(std::endian::native == std::endian::little);
  while (bytes.size() >= 8) {
    auto word = std::uint64_t{};
    std::memcpy(&word, bytes.data(), 8);
    word ^= crc;
    crc = 0;
    for (std::size_t i = 0; i < 8; ++i) crc ^= tables[7 - i][(word >> (8 * i)) & 0xFF];
    bytes.remove_prefix(8);
  }
  for (auto const c : bytes) crc = (crc >> 8) ^ tables[0][(crc ^ static_cast<unsigned char>(c)) & 0xFF];
  return crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) std::uint64_t crc32c_by_instruction(std::uint64_t crc,
                                                                      std::string_view bytes) {
  while (bytes.size() >= 8) {
    auto word = std::uint64_t{};
    std::memcpy(&word, bytes.data(), 8);
    crc = _mm_crc32_u64(crc, word);
    bytes.remove_prefix(8);
  }
  for (auto const c : bytes)
    crc = _mm_crc32_u8(static_cast<std::uint32_t>(crc), static_cast<unsigned char>(c));
  return crc;
}
#endif

std::uint64_t update_crc32c(std::uint64_t crc, std::string_view bytes) {
#ifdef __x86_64__
  static auto const has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) return crc32c_by_instruction(crc, bytes);
#endif
  return update_by_table(crc32c_tables, crc, bytes);
}

std::uint64_t all_ones(ChecksumKind kind) {
  return kind == ChecksumKind::crc64nvme ? ~std::uint64_t{0} : std::uint64_t{0xFFFFFFFF};
}

std::string big_endian(std::uint64_t value, std::size_t bytes) {
  auto text = std::string(bytes, '\0');
  for (auto i = bytes; i-- > 0; value >>= 8) text[i] = static_cast<char>(value & 0xFF);
  return text;
}

std::uint64_t from_big_endian(std::string_view bytes) {
  auto value = std::uint64_t{0};
  for (auto const c : bytes) value = (value << 8) | static_cast<unsigned char>(c);
  return value;
}

// Product of two polynomials modulo the CRC's, bits reflected.
std::uint64_t multiply(std::uint64_t a, std::uint64_t b, std::uint64_t polynomial, std::uint64_t top) {
  auto product = std::uint64_t{0};
  for (auto mask = top; mask != 0; mask >>= 1) {
    if ((a & mask) != 0) product ^= b;
    b = (b & 1) != 0 ? (b >> 1) ^ polynomial : b >> 1;
  }
  return product;
}

Hasher::Algorithm hash_of(ChecksumKind kind) {
  switch (kind) {
    case ChecksumKind::sha1: return Hasher::Algorithm::sha1;
    case ChecksumKind::sha256: return Hasher::Algorithm::sha256;
    case ChecksumKind::sha512: return Hasher::Algorithm::sha512;
    default: return Hasher::Algorithm::md5;
  }
}

}  // namespace

std::string_view name_of(ChecksumKind kind) {
  constexpr auto names =
      std::to_array<std::string_view>({"crc32", "crc32c", "crc64nvme", "sha1", "sha256", "sha512", "md5"});
  return names.at(static_cast<std::size_t>(kind));
}

std::optional<ChecksumKind> parse_checksum(std::string_view name) {
  auto const lower = to_lower(name);
  for (auto const kind : {ChecksumKind::crc32, ChecksumKind::crc32c, ChecksumKind::crc64nvme,
                          ChecksumKind::sha1, ChecksumKind::sha256, ChecksumKind::sha512, ChecksumKind::md5})
    if (lower == name_of(kind)) return kind;
  return std::nullopt;
}

std::size_t digest_bytes(ChecksumKind kind) {
  constexpr auto sizes = std::to_array<std::size_t>({4, 4, 8, 20, 32, 64, 16});
  return sizes.at(static_cast<std::size_t>(kind));
}

bool is_crc(ChecksumKind kind) {
  return digest_bytes(kind) <= 8;
}

Checksum::Checksum(ChecksumKind kind) : kind_{kind} {
  if (is_crc(kind))
    state_ = kind == ChecksumKind::crc32 ? 0 : all_ones(kind);  // zlib inverts by itself
  else
    state_.emplace<Hasher>(hash_of(kind));
}

void Checksum::update(std::string_view bytes) {
  if (auto* const hasher = std::get_if<Hasher>(&state_)) return hasher->update(bytes);
  auto& crc = std::get<std::uint64_t>(state_);
  switch (kind_) {
    case ChecksumKind::crc32:
      crc = ::crc32_z(crc, reinterpret_cast<unsigned char const*>(bytes.data()), bytes.size());
      return;
    case ChecksumKind::crc32c: crc = update_crc32c(crc, bytes); return;
    default: crc = update_by_table(crc64_tables, crc, bytes);
  }
}

std::string Checksum::finish() {
  if (auto* const hasher = std::get_if<Hasher>(&state_)) return hasher->finish();
  auto const crc = std::get<std::uint64_t>(state_);
  auto const inverted = kind_ == ChecksumKind::crc32 ? crc : crc ^ all_ones(kind_);
  return big_endian(inverted, digest_bytes(kind_));
}

std::string checksum_of(ChecksumKind kind, std::string_view bytes) {
  auto checksum = Checksum{kind};
  checksum.update(bytes);
  return checksum.finish();
}

std::string combine_crc(ChecksumKind kind, std::string_view first, std::string_view second,
                        std::uint64_t second_size) {
  HOIST_ASSERT(is_crc(kind));
  auto const polynomial = kind == ChecksumKind::crc32    ? crc32_polynomial
                          : kind == ChecksumKind::crc32c ? crc32c_polynomial
                                                         : crc64_polynomial;
  auto const top = std::uint64_t{1} << (digest_bytes(kind) * 8 - 1);
  auto shift = top;       // x^0
  auto power = top >> 1;  // x^1, then its squares
  power = multiply(power, power, polynomial, top);
  power = multiply(power, power, polynomial, top);
  power = multiply(power, power, polynomial, top);  // x^8: one byte
  for (auto left = second_size; left != 0; left >>= 1) {
    if ((left & 1) != 0) shift = multiply(power, shift, polynomial, top);
    power = multiply(power, power, polynomial, top);
  }
  auto const moved = multiply(shift, from_big_endian(first), polynomial, top);
  return big_endian(moved ^ from_big_endian(second), digest_bytes(kind));
}

}  // namespace hoist::s3api

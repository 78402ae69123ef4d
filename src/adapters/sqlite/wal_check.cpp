#include "adapters/sqlite/wal_check.hpp"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <vector>

#include "base/try.hpp"

namespace hoist::sqlite {
namespace {

constexpr std::size_t wal_header_bytes = 32;
constexpr std::size_t frame_header_bytes = 24;
constexpr std::size_t index_header_bytes = 48;     // twice, and then how far the checkpoints came
constexpr auto magic = std::uint32_t{0x377f0682};  // its lowest bit: the words of checksums are big-endian
constexpr auto page_bytes_max = std::uint32_t{65'536};

using Bytes = std::span<unsigned char const>;

std::uint32_t big_endian(Bytes bytes, std::size_t at) {
  auto const piece = bytes.subspan(at, 4);
  return std::uint32_t{piece[0]} << 24 | std::uint32_t{piece[1]} << 16 | std::uint32_t{piece[2]} << 8 |
         std::uint32_t{piece[3]};
}

std::uint32_t host_endian(Bytes bytes, std::size_t at) {
  auto value = std::uint32_t{};
  std::memcpy(&value, bytes.subspan(at, 4).data(), 4);
  return value;
}

// SQLite's own: a sum of sums over pairs of words, begun where the one before ended.
struct Checksum {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  bool operator==(Checksum const&) const = default;

  void add(Bytes bytes, bool big) {
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
      first += (big ? big_endian(bytes, at) : std::byteswap(big_endian(bytes, at))) + second;
      second += (big ? big_endian(bytes, at + 4) : std::byteswap(big_endian(bytes, at + 4))) + first;
    }
  }
};

// What the index says of the WAL, if it is whole and the server did not live to close it.
struct Index {
  std::uint32_t frames = 0;  // committed
  std::uint32_t moved = 0;   // into the database, by checkpoints
  std::array<unsigned char, 8> salt{};
};

Result<std::vector<unsigned char>> read_front(std::string const& path, std::size_t count) {
  auto file = std::ifstream{path, std::ios::binary};
  auto bytes = std::vector<unsigned char>(count);
  if (file) file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(count));
  if (file.bad()) return fail(Code::unavailable, fmt::format("cannot read {}", path));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

Result<std::optional<Index>> read_index(std::string const& path) {
  TRY(auto const bytes, read_front(path + "-shm", 2 * index_header_bytes + 4));
  auto const all = Bytes{bytes};
  if (all.size() < 2 * index_header_bytes + 4) return std::nullopt;
  auto const header = all.first(index_header_bytes);
  auto const in_motion = std::memcmp(header.data(), header.data() + index_header_bytes, index_header_bytes);
  auto sum = Checksum{};
  sum.add(header.first(40), std::endian::native == std::endian::big);
  auto const whole = sum == Checksum{host_endian(header, 40), host_endian(header, 44)} && header[12] == 1;
  if (in_motion != 0 || !whole) return std::nullopt;
  auto index = Index{host_endian(header, 16), host_endian(all, 2 * index_header_bytes), {}};
  std::memcpy(index.salt.data(), header.data() + 32, index.salt.size());
  return index;
}

struct Scan {
  std::uint32_t committed = 0;  // frames up to the last commit that adds up
  std::uint32_t later = 0;      // commits behind a frame that does not
  std::array<unsigned char, 8> salt{};
};

// One frame after the other; nothing when the header itself is not one.
class Scanner {
 public:
  explicit Scanner(std::string const& wal) : file_{wal, std::ios::binary} {}

  std::optional<Scan> scan() {
    auto header = std::vector<unsigned char>(wal_header_bytes);
    if (!read(header) || !begin(header)) return std::nullopt;
    auto frame = std::vector<unsigned char>(frame_header_bytes + page_bytes_);
    for (auto number = std::uint32_t{1}; read(frame); ++number) look_at(frame, number);
    return scan_;
  }

 private:
  bool read(std::vector<unsigned char>& into) {
    file_.read(reinterpret_cast<char*>(into.data()), static_cast<std::streamsize>(into.size()));
    return file_.gcount() == std::ssize(into);
  }
  bool begin(Bytes header) {
    big_ = (big_endian(header, 0) & 1) != 0;
    page_bytes_ = big_endian(header, 8);
    if ((big_endian(header, 0) & ~1U) != magic || page_bytes_ > page_bytes_max || page_bytes_ < 512)
      return false;
    std::memcpy(scan_.salt.data(), header.data() + 16, scan_.salt.size());
    sum_.add(header.first(24), big_);
    return sum_ == Checksum{big_endian(header, 24), big_endian(header, 28)};
  }
  void look_at(Bytes frame, std::uint32_t number) {
    // Frames of an earlier round have other salt: they are no part of this one.
    if (std::memcmp(frame.data() + 8, scan_.salt.data(), scan_.salt.size()) != 0) {
      broken_ = true;
      return;
    }
    auto const commits = big_endian(frame, 4) != 0;
    if (!broken_) {
      sum_.add(frame.first(8), big_);
      sum_.add(frame.subspan(frame_header_bytes), big_);
      broken_ = sum_ != Checksum{big_endian(frame, 16), big_endian(frame, 20)};
    }
    if (commits && broken_) ++scan_.later;
    if (commits && !broken_) scan_.committed = number;
  }

  std::ifstream file_;
  Scan scan_;
  Checksum sum_;
  bool big_ = false;
  bool broken_ = false;
  std::uint32_t page_bytes_ = 0;
};

}  // namespace

Result<std::optional<std::string>> find_wal_damage(std::string const& path) {
  auto const wal = path + "-wal";
  auto ignored = std::error_code{};
  auto const size = std::filesystem::file_size(wal, ignored);
  TRY(auto const index, read_index(path));
  auto const expected = index ? index->frames - std::min(index->moved, index->frames) : 0;
  if (ignored || size == 0) {
    if (expected == 0) return std::nullopt;
    return fmt::format("{} is gone, and with it {} pages of commits", wal, expected);
  }
  auto const found = Scanner{wal}.scan();
  // A header is synced before anything follows it.
  if (!found) {
    if (size <= wal_header_bytes) return std::nullopt;
    return fmt::format("the header of {} is damaged", wal);
  }
  auto const same_round = index && index->salt == found->salt;
  if (same_round && index->frames > found->committed)
    return fmt::format("{} holds {} of {} committed pages; the rest is damaged or cut off", wal,
                       found->committed, index->frames);
  // One commit may have been cut short by the crash; a second one behind it was begun when it was synced.
  if (found->later > 1) return fmt::format("{} is damaged behind page {}", wal, found->committed);
  return std::nullopt;
}

}  // namespace hoist::sqlite

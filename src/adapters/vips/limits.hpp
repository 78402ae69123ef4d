// Every limit of looking at a file, in one place.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace hoist::vips::limits {

// Of the file.
inline constexpr auto input_bytes_max = std::int64_t{200} << 20;
inline constexpr auto pixels_max = std::int64_t{50'000'000};
inline constexpr auto frames_max = 60;
inline constexpr auto pages_max = 200;

// Of a child, for one file.
// Address space beyond what its libraries take. What is resident stays below 512 MB: 50 megapixels
// of HEIC or of interlaced 16-bit PNG, the hungriest there are, take 380.
inline constexpr auto memory_bytes_max = std::uint64_t{700} << 20;
inline constexpr auto cpu_s_max = 20;
inline constexpr auto wall_max = std::chrono::seconds{30};
inline constexpr auto descriptors_max = 32;
inline constexpr auto threads_max = 64;

// Of the conversation with a child.
inline constexpr auto jobs_per_child_max = 500;
inline constexpr auto start_wall_max = std::chrono::seconds{20};
inline constexpr auto frame_bytes_max = std::size_t{64} << 10;
inline constexpr auto thumbnail_bytes_max = std::size_t{4} << 20;
inline constexpr auto pdf_info_bytes_max = std::size_t{64} << 10;
inline constexpr auto pdf_page_bytes_max = std::size_t{16} << 20;

// Of what is made: longest edges, largest first, all from one decode.
inline constexpr auto thumbnail_sizes = std::array{1024, 256};
inline constexpr auto thumbnail_quality = 80;

}  // namespace hoist::vips::limits

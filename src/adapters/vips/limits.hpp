// Every limit of looking at a file, in one place.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace hoist::vips::limits {

// Of a child, for one file. A file has no limits of its own: how many pixels or pages it has says
// little about what a small picture of it costs.
// Resident memory that is the child's own; the parent looks that often and kills beyond it. 200
// megapixels of turned HEIC, the hungriest that cameras make, take 650 MB; JPEG and TIFF of any size
// are read at a fraction of their size, in strips.
inline constexpr auto memory_bytes_max = std::uint64_t{768} << 20;
inline constexpr auto memory_look_every = std::chrono::milliseconds{20};
// What the kernel lets it have writable, whether touched or not: for what happens between two looks.
// Address space is not limited: allocators reserve far more of it than they use, one arena a thread.
inline constexpr auto data_bytes_max = std::uint64_t{1} << 30;
inline constexpr auto cpu_s_max = 10;
// Pixels of a picture in a format that has to be read whole, row by row: as many as that time allows.
inline constexpr auto whole_pixels_max = std::int64_t{500'000'000};
inline constexpr auto edge_max = 10'000'000;                // pixels beyond which a size makes no sense
inline constexpr auto wall_max = std::chrono::seconds{30};  // for what waits without working
inline constexpr auto descriptors_max = 32;
inline constexpr auto threads_max = 64;

// Of a PDF: for counting its pages and drawing the first, together. A drawing that takes longer is of
// no use as a preview, and another tenant may be waiting for the worker.
inline constexpr auto pdf_cpu_s_max = 4;
inline constexpr auto pdf_wall_max = std::chrono::seconds{12};

// For what can be said of a file when its picture was too much: type, dimensions, position.
inline constexpr auto header_wall_max = std::chrono::seconds{2};

// Of the conversation with a child.
inline constexpr auto jobs_per_child_max = 500;
inline constexpr auto idle_bytes_max = std::uint64_t{192} << 20;  // one that keeps more is replaced
inline constexpr auto start_wall_max = std::chrono::seconds{20};
inline constexpr auto frame_bytes_max = std::size_t{64} << 10;
inline constexpr auto thumbnail_bytes_max = std::size_t{4} << 20;
inline constexpr auto pdf_info_bytes_max = std::size_t{64} << 10;
inline constexpr auto pdf_page_bytes_max = std::size_t{16} << 20;
inline constexpr auto pages_max = 100'000'000;  // beyond it a count makes no sense

// Of what is made: longest edges, largest first, all from one decode.
inline constexpr auto thumbnail_sizes = std::array{1024, 256};
inline constexpr auto thumbnail_quality = 80;

}  // namespace hoist::vips::limits

// Limits that several parts have to agree on, and how they relate. What one part alone keeps to stands at the
// top of its own file, and what operators set in hosts/config.hpp.
//
// Units  bytes, unless a name says otherwise. Text is counted in code points, which take up to four bytes,
// twelve
//        as JSON escapes and twelve in an address.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace hoist::limits {

inline constexpr std::size_t escaped_bytes_of_a_code_point = 12;

// Requests and answers.
inline constexpr std::size_t batch_items_max = 1'000;  // files, tasks or events of one request
inline constexpr std::size_t batch_body_bytes_max = 8 << 20;
inline constexpr int page_items_max = 200;
inline constexpr std::size_t cursor_bytes_max = 512;
inline constexpr std::size_t path_parameter_bytes_max = 2'048;   // encoded
inline constexpr auto long_poll_max = std::chrono::seconds{25};  // proxies end a silent answer after 30
inline constexpr auto request_time_max = std::chrono::seconds{30};

// Names: users, groups, types of events.
inline constexpr std::size_t name_code_points_max = 128;

// Files.
inline constexpr std::size_t path_code_points_max = 1'024;
inline constexpr std::size_t path_segments_max = 32;
inline constexpr int parts_max = 10'000;  // of one object, as in S3
inline constexpr std::int64_t part_bytes_min = 256 << 10;
inline constexpr std::int64_t object_bytes_max = std::int64_t{5} << 40;  // as in S3

// Tasks.
inline constexpr std::size_t title_code_points_max = 200;
inline constexpr std::size_t description_code_points_max = 10'000;
inline constexpr std::size_t task_body_bytes_max = 256 << 10;
inline constexpr std::size_t message_bytes_max = 256 << 10;  // of a queue, as in SQS

// Events.
inline constexpr std::size_t details_bytes_max = 256 << 10;  // below DynamoDB's 400 KB with keys and names
inline constexpr std::size_t details_depth_max = 32;
inline constexpr std::size_t event_line_depth_max =
    details_depth_max + 3;  // of an exported event around its details

static_assert(name_code_points_max * escaped_bytes_of_a_code_point <= path_parameter_bytes_max,
              "every name can stand in an address");
static_assert((title_code_points_max + description_code_points_max + name_code_points_max) *
                          escaped_bytes_of_a_code_point +
                      4'096 <=
                  task_body_bytes_max,
              "the longest task fits into a body, however it is escaped");
static_assert(task_body_bytes_max <= message_bytes_max, "an accepted task fits into its message");
static_assert(details_bytes_max + (64 << 10) <= batch_body_bytes_max, "the largest event fits into a batch");
static_assert(details_bytes_max <= 400'000, "the largest details fit into an item of DynamoDB");
static_assert(object_bytes_max / parts_max < std::int64_t{5} << 30,
              "the largest object has parts that S3 takes");
static_assert(long_poll_max < request_time_max, "a long poll is answered before its request is given up");

}  // namespace hoist::limits

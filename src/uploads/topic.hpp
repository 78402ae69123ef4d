// What a watcher is told, and what it may ask to be told of.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace hoist::uploads {

struct FeedEvent {
  std::int64_t cursor = 0;
  std::string project;
  std::string batch;
  std::string upload;                       // empty: counts of the batch, or of the project
  std::shared_ptr<std::string const> json;  // shared by all who are told
};

struct Topic {
  enum class Kind { tenant, project, batch, upload };
  Kind kind = Kind::tenant;
  std::string id;  // empty for tenant
  [[nodiscard]] bool takes(FeedEvent const& event) const;
  auto operator<=>(Topic const&) const = default;
};
[[nodiscard]] bool any_takes(std::span<Topic const> topics, FeedEvent const& event);
// "tenant", "project:ID", "batch:ID" or "upload:ID". Errors: invalid.
[[nodiscard]] Result<Topic> parse_topic(std::string_view text);

}  // namespace hoist::uploads

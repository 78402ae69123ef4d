// Strong names: a TenantId cannot be passed where an UploadId is meant.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace hoist {

template <class Tag>
class Name {
 public:
  Name() = default;
  explicit Name(std::string text) : text_{std::move(text)} {}
  [[nodiscard]] std::string const& str() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  auto operator<=>(Name const&) const = default;

 private:
  std::string text_;
};

// A new UUID version 7 (RFC 9562): the time comes first, so ids sort by age. Monotonic within a
// process even inside one millisecond.
[[nodiscard]] std::string new_uuid7(Time now);
[[nodiscard]] bool is_uuid(std::string_view text);  // canonical lower case

// `count` bytes from the system's cryptographic generator.
[[nodiscard]] std::string random_bytes(std::size_t count);

}  // namespace hoist

template <class Tag>
struct std::hash<hoist::Name<Tag>> {
  std::size_t operator()(hoist::Name<Tag> const& name) const { return std::hash<std::string>{}(name.str()); }
};

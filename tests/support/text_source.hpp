// A body for tests: a text, given whole or in pieces as a network would.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "net/message.hpp"

namespace hoist::testing {

class TextSource final : public net::BodySource {
 public:
  explicit TextSource(std::string text, std::size_t piece = SIZE_MAX)
      : text_{std::move(text)}, piece_{piece} {}
  Async<std::size_t> read(std::span<char> buffer) override {
    auto const count = std::min({buffer.size(), text_.size() - at_, piece_});
    std::copy_n(text_.data() + at_, count, buffer.data());
    at_ += count;
    co_return count;
  }

 private:
  std::string text_;
  std::size_t piece_;
  std::size_t at_ = 0;
};

}  // namespace hoist::testing

// An open file descriptor, closed with its owner.
#pragma once

#include <unistd.h>
#include <utility>

namespace hoist {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_{number} {}  // below zero: none, as open(2) answers a failure
  Fd(Fd&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Fd() { reset(); }
  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] bool open() const { return number_ >= 0; }
  void reset() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_ = -1;
};

}  // namespace hoist

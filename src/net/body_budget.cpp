#include "net/body_budget.hpp"

#include <algorithm>

#include "base/mutex.hpp"

namespace hoist::net {
namespace {

constexpr std::uint32_t retry_after_s = 2;

}  // namespace

std::size_t grown(std::size_t bytes, std::size_t bytes_max) {
  return std::min(std::max(bytes * 2, BodyBudget::free_bytes), bytes_max);
}

bool BodyBudget::take(std::string const& owner, std::size_t bytes) {
  auto const lock = Lock{mutex_};
  auto& of_owner = by_owner_[owner];
  if (bytes > bytes_max_ - held_ || of_owner + bytes > bytes_max_ / 2) {
    if (of_owner == 0) by_owner_.erase(owner);
    return false;
  }
  of_owner += bytes;
  held_ += bytes;
  return true;
}

void BodyBudget::give_back(std::string const& owner, std::size_t bytes) {
  auto const lock = Lock{mutex_};
  auto const found = by_owner_.find(owner);
  found->second -= bytes;
  if (found->second == 0) by_owner_.erase(found);
  held_ -= bytes;
}

std::size_t BodyBudget::held() const {
  auto const lock = Lock{mutex_};
  return held_;
}

BodyBudget::Share::~Share() {
  if (held_ > 0) budget_->give_back(owner_, held_);
}

Result<void> BodyBudget::Share::grow(std::size_t bytes) {
  if (bytes <= std::max(free_bytes, held_)) return {};
  if (!budget_->take(owner_, bytes - held_))
    return fail(
        Error{Code::unavailable, "The server holds as many bytes of requests as it can. Try again soon."}
            .with_retry_after(retry_after_s));
  held_ = bytes;
  return {};
}

}  // namespace hoist::net

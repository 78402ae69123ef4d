#include "engines/memory/secrets.hpp"

namespace hoist::memory {

Result<std::string> Secrets::read(std::string_view name) const {
  auto const lock = Lock{mutex_};
  auto const found = texts_.find(name);
  if (found == texts_.end()) return fail(Code::not_found, std::string{name} + " was never written");
  return found->second;
}

Result<void> Secrets::replace(std::string_view name, std::string_view text) {
  auto const lock = Lock{mutex_};
  texts_.insert_or_assign(std::string{name}, std::string{text});
  return {};
}

}  // namespace hoist::memory

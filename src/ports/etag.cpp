#include "ports/etag.hpp"

#include <algorithm>

#include "base/encode.hpp"
#include "base/hash.hpp"

namespace hoist {

std::string etag_of_parts(std::vector<PartInfo> const& parts) {
  constexpr std::size_t md5_digits = 32;
  auto const all_md5 =
      std::ranges::all_of(parts, [](auto const& part) { return part.etag.size() == md5_digits; });
  auto hasher = Hasher{all_md5 ? Hasher::Algorithm::md5 : Hasher::Algorithm::sha256};
  for (auto const& part : parts) hasher.update(unhex(part.etag).value_or(""));
  return hex(hasher.finish()) + "-" + std::to_string(parts.size());
}

}  // namespace hoist

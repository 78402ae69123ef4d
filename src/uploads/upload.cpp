#include "uploads/upload.hpp"

#include <fmt/format.h>

#include <array>

namespace hoist::uploads {

std::string key_of(TenantId const& tenant, ProjectId const& project, UploadId const& id) {
  return fmt::format("{}/{}/uploads/{}", tenant.str(), project.str(), id.str());
}

std::optional<KeyParts> parse_key(std::string_view key) {
  auto segments = std::array<std::string_view, 4>{};
  for (auto& segment : segments) {
    auto const slash = key.find('/');
    auto const last = &segment == &segments.back();
    if (last != (slash == key.npos)) return std::nullopt;
    segment = key.substr(0, slash);
    if (segment.empty()) return std::nullopt;
    key.remove_prefix(last ? key.size() : slash + 1);
  }
  if (segments[2] != "uploads") return std::nullopt;
  return KeyParts{TenantId{std::string{segments[0]}}, ProjectId{std::string{segments[1]}},
                  UploadId{std::string{segments[3]}}};
}

std::optional<KeyParts> key_parts(Options const& options, ObjectRef const& ref) {
  return ref.bucket == options.bucket ? parse_key(ref.key) : std::nullopt;
}

}  // namespace hoist::uploads

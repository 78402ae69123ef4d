// Who asks, established once per request by the gate.
#pragma once

#include <optional>
#include <string>

#include "base/time.hpp"
#include "model/ids.hpp"

namespace hoist {

enum class Role { viewer, member, admin };  // each may do what those before it may

struct Caller {
  TenantId tenant;
  UserId user;
  Role role = Role::viewer;
  std::optional<Time> expires_at;  // when the token ends; absent for API keys
  std::string credential_id;       // token or key id, for the audit trail; never the secret
  std::string address;             // peer, or the client named by a trusted proxy
};

[[nodiscard]] inline std::string_view to_string(Role role) {
  switch (role) {
    case Role::viewer: return "viewer";
    case Role::member: return "member";
    case Role::admin: return "admin";
  }
  return "viewer";
}

[[nodiscard]] inline std::optional<Role> parse_role(std::string_view text) {
  if (text == "viewer") return Role::viewer;
  if (text == "member") return Role::member;
  if (text == "admin") return Role::admin;
  return std::nullopt;
}

}  // namespace hoist

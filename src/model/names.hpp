// What a tenant and a user may be called.
#pragma once

#include <string_view>

namespace hoist {

[[nodiscard]] bool is_tenant_name(std::string_view text);  // [a-z0-9-]{1,63}
// 1-128 characters, none of them a control. The prefix is that of bearers of upload tickets, whom nobody may
// pass for.
inline constexpr std::string_view ticket_user_prefix = "ticket:";
[[nodiscard]] bool is_user_name(std::string_view text);

}  // namespace hoist

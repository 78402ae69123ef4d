#include "hosts/local_access.hpp"

#include <fmt/format.h>

#include "base/json.hpp"
#include "base/secret_file.hpp"
#include "base/try.hpp"
#include "engines/data_folder.hpp"

namespace hoist::hosts {
namespace {

constexpr auto look_interval = std::chrono::hours{1};
constexpr auto token_age_max = std::chrono::hours{24};
constexpr auto renewal_time_max = std::chrono::seconds{60};

}  // namespace

LocalAccess::LocalAccess(tenants::Feature& tenants, Clock const& clock, std::string file, Addresses addresses)
    : tenants_{tenants}, clock_{clock}, file_{std::move(file)}, addresses_{std::move(addresses)} {}

Async<> LocalAccess::renew(Deadline deadline) {
  auto const now = clock_.now();
  CO_TRY(auto const token, co_await tenants_.mint_operator_token(deadline));
  auto ports = json::array{};
  for (auto const port : addresses_.ports) ports.emplace_back(port);
  auto const text = json::serialize(json::object{{"api", addresses_.api},
                                                 {"objects", addresses_.objects},
                                                 {"token", token},
                                                 {"ports", std::move(ports)}});
  CO_CHECK(write_secret_file(file_, text + "\n"));
  minted_at_ = now;
  co_return Result<void>{};
}

// So that a command that starts now has days before its token ends.
std::vector<Job> LocalAccess::jobs() {
  auto keep_fresh = [this]() -> Async<bool> {
    auto const age = clock_.now() - minted_at_;
    if (age > Micros{0} && age < token_age_max) co_return false;
    CO_CHECK(co_await renew(deadline_in(renewal_time_max)));
    co_return false;
  };
  return {{"cli token", look_interval, keep_fresh}};
}

std::string LocalAccess::sign_in_url() {
  auto const ticket = tenants_.issue_operator_ticket();
  return ticket ? fmt::format("{}/#sign-in={}", addresses_.api, ticket->text) : addresses_.api;
}

std::set<std::uint16_t> ports_in_use(std::string const& file) {
  auto ports = std::set<std::uint16_t>{};
  auto const text = read_secret_file(file);
  auto const value = text ? parse_json(*text) : Result<json::value>{fail(Code::not_found, file)};
  auto const* const object = value ? value->if_object() : nullptr;
  auto const* const listed = object != nullptr ? object->if_contains("ports") : nullptr;
  if (listed == nullptr || !listed->is_array()) return ports;
  for (auto const& port : listed->get_array())
    if (port.is_int64()) ports.insert(static_cast<std::uint16_t>(port.get_int64()));
  return ports;
}

}  // namespace hoist::hosts

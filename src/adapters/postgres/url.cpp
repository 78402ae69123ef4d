#include "adapters/postgres/url.hpp"

#include <libpq-fe.h>
#include <memory>
#include <string_view>

#include "base/try.hpp"

namespace hoist::postgres {
namespace {

struct FreeInfo {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using Parts = std::unique_ptr<PQconninfoOption, FreeInfo>;

Parts parts_of(std::string const& url) {
  char* problem = nullptr;
  auto parts = Parts{PQconninfoParse(url.c_str(), &problem)};
  PQfreemem(problem);  // it may quote the password
  return parts;
}

std::string part_of(std::string const& url, std::string_view keyword) {
  auto const parts = parts_of(url);
  for (auto const* part = parts.get(); part != nullptr && part->keyword != nullptr; ++part)
    if (part->keyword == keyword) return part->val != nullptr ? part->val : "";
  return {};
}

}  // namespace

Result<void> check_url(std::string const& url) {
  if (parts_of(url)) return {};
  return fail(Code::invalid,
              "The address of the database must be like "
              "postgresql://user:password@host:5432/name?sslmode=verify-full.");
}

std::string public_part(std::string const& url) {
  return part_of(url, "host") + "/" + part_of(url, "dbname");
}

std::string user_of(std::string const& url) {
  return part_of(url, "user");
}

}  // namespace hoist::postgres

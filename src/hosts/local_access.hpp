// How the operator of this machine enters the server: the command line by a token in cli.json, a browser by
// an address that opens once.
//
//   {"api": "http://127.0.0.1:8080", "objects": "http://127.0.0.1:9000", "token": "...",
//    "ports": [8080, 9000]}
//
// `ports` are those that the server listens on: a worker beside it lets no webhook go there.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "assembly/maintenance.hpp"
#include "tenants/feature.hpp"

namespace hoist::hosts {

inline constexpr auto cli_file = "cli.json";

class LocalAccess {
 public:
  struct Addresses {
    std::string api;
    std::string objects;
    std::set<std::uint16_t> ports;
  };
  LocalAccess(tenants::Feature& tenants, Clock const& clock, std::string file, Addresses addresses);

  // Mints a token and writes the file. Errors: those of the file.
  Async<> renew(Deadline deadline);
  [[nodiscard]] std::vector<Job> jobs();
  // A secret: lets its bearer in, once and soon.
  [[nodiscard]] std::string sign_in_url();

 private:
  tenants::Feature& tenants_;
  Clock const& clock_;
  std::string file_;
  Addresses addresses_;
  Time minted_at_;
};

// The ports of the server of this cli.json; none where there is no such file.
[[nodiscard]] std::set<std::uint16_t> ports_in_use(std::string const& file);

}  // namespace hoist::hosts

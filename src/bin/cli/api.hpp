// The HTTP API as the commands use it: JSON in and out, patient with what passes by itself.
//
// Threads  one: the executor its calls run on.
// Errors   problem+json comes back as the Error it was made from; a connection that fails for
//          longer than Patience allows is unavailable.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/async.hpp"
#include "base/json_members.hpp"
#include "bin/cli/connection.hpp"
#include "bin/cli/link.hpp"
#include "net/client.hpp"

namespace hoist::cli {

struct Patience {
  int attempts_max = 1;
  Link* link = nullptr;  // when set, it says when to give up, whatever the number of attempts
};
inline constexpr auto brief = Patience{2};  // a person waits for the answer
inline constexpr auto first_contact =
    Patience{6};  // a weak link may need so many, a wrong address is told soon
inline constexpr auto persistent = Patience{12};  // outlives a restart of the server: about four minutes

// The Error that a response of this status stands for; `body` may be problem+json or S3's XML.
[[nodiscard]] Error error_of(net::Response const& response);
// May the same request succeed later, without anything being done?
[[nodiscard]] bool passes_by_itself(int status);
[[nodiscard]] std::vector<FieldError> fields_of(json::object const& problem);  // its `errors`
[[nodiscard]] std::optional<std::uint32_t> retry_after_of(net::Response const& response);

// What sentences are wanted in, by the environment: "es" of LANG=es_PE.UTF-8; empty when it names nothing.
[[nodiscard]] std::string language_of_user();

class Api {
 public:
  Api(net::Client& client, Connection connection, Patience patience);

  Async<json::object> get(std::string path);
  // Repeats carry the same Idempotency-Key, so a lost answer creates nothing twice.
  Async<json::object> post(std::string path, json::object body);
  Async<json::object> remove(std::string path);
  // Follows no redirect; any answer below 500 other than 429 is returned as it is, and so is that the
  // storage is full: an operator has to make room.
  Async<net::Response> send(net::ClientRequest request);

  [[nodiscard]] net::Client& client() { return client_; }
  [[nodiscard]] Connection const& connection() const { return connection_; }

 private:
  Async<json::object> call(net::ClientRequest request);
  [[nodiscard]] bool given_up(int attempt, Link::Moment began) const;

  net::Client& client_;
  Connection connection_;
  Patience patience_;
};

}  // namespace hoist::cli

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
#include "base/json.hpp"
#include "bin/cli/connection.hpp"
#include "net/client.hpp"

namespace hoist::cli {

struct Patience {
  int attempts_max = 1;
};
inline constexpr auto brief = Patience{2};        // a person waits for the answer
inline constexpr auto persistent = Patience{12};  // outlives a restart of the server: about four minutes

// How long to wait before attempt `attempt` + 1 (the first is 1): doubling from 250 ms to 30 s, with
// jitter, and never shorter than the server asked for.
[[nodiscard]] std::chrono::milliseconds backoff(int attempt, std::optional<std::uint32_t> retry_after_s);

// The Error that a response of this status stands for; `body` may be problem+json or S3's XML.
[[nodiscard]] Error error_of(net::Response const& response);
[[nodiscard]] std::vector<FieldError> fields_of(json::object const& problem);  // its `errors`
[[nodiscard]] std::optional<std::uint32_t> retry_after_of(net::Response const& response);

class Api {
 public:
  Api(net::Client& client, Connection connection, Patience patience);

  Async<json::object> get(std::string path);
  // Repeats carry the same Idempotency-Key, so a lost answer creates nothing twice.
  Async<json::object> post(std::string path, json::object body);
  // Follows no redirect; any answer below 500 other than 429 is returned as it is.
  Async<net::Response> send(net::ClientRequest request);

  [[nodiscard]] net::Client& client() { return client_; }
  [[nodiscard]] Connection const& connection() const { return connection_; }

 private:
  Async<json::object> call(net::ClientRequest request);

  net::Client& client_;
  Connection connection_;
  Patience patience_;
};

// Members of answers; absent and of another type are the same as empty.
[[nodiscard]] std::string text_of(json::object const& object, std::string_view name);
[[nodiscard]] std::int64_t number_of(json::object const& object, std::string_view name);
[[nodiscard]] json::object const& object_of(json::object const& object, std::string_view name);
[[nodiscard]] json::array const& array_of(json::object const& object, std::string_view name);

}  // namespace hoist::cli

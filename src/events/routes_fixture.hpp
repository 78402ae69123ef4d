// The event routes over a whole log, called without a transport.
#pragma once

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/encode.hpp"
#include "events/log_fixture.hpp"
#include "events/routes.hpp"
#include "support/allow_gate.hpp"
#include "support/text_source.hpp"

namespace hoist::events {

struct Asked {
  std::string body = {};
  std::string role = "admin";
  std::string tenant = "acme";
  std::vector<std::pair<std::string, std::string>> headers = {};
};

class EventRoutes : public LogFixture {
 protected:
  explicit EventRoutes(std::unique_ptr<EventIndex> with = std::make_unique<sql_engine::EventIndex>())
      : LogFixture{std::move(with)} {
    add_routes(router, RouteNeeds{service, checkpoints, retention, exports, audit, *database, wakeups, clock},
               RouteOptions{});
  }

  // `target` may carry an encoded query.
  net::Response call(std::string method, std::string target, Asked asked = {}) {
    auto request = net::Request{};
    request.method = std::move(method);
    request.target = target;
    auto const mark = target.find('?');
    request.path = target.substr(0, mark);
    for (auto rest = mark == target.npos ? std::string_view{} : std::string_view{target}.substr(mark + 1);
         !rest.empty();) {
      auto const one = rest.substr(0, rest.find('&'));
      rest.remove_prefix(std::min(one.size() + 1, rest.size()));
      auto const equals = one.find('=');
      request.query.emplace_back(one.substr(0, equals),
                                 equals == one.npos ? "" : *percent_decode(one.substr(equals + 1)));
    }
    request.headers.add("x-test-role", asked.role);
    request.headers.add("x-test-tenant", asked.tenant);
    request.headers.add("x-test-user", "tester");
    for (auto& [name, value] : asked.headers) request.headers.set(name, value);
    if (!asked.body.empty()) {
      if (!request.headers.has("Content-Type")) request.headers.add("Content-Type", "application/json");
      request.content_length = static_cast<std::int64_t>(asked.body.size());
      request.stream = std::make_shared<hoist::testing::TextSource>(std::move(asked.body));
    }
    request.request_id = "r1";
    request.deadline = soon();
    return *run_to_end<net::Response>(
        [&]() -> Async<net::Response> { co_return co_await router.handle(std::move(request)); });
  }
  json::object call_json(std::string method, std::string target, Asked asked = {}) {
    return json::parse(call(std::move(method), std::move(target), std::move(asked)).body).as_object();
  }
  net::Response post(std::string body, Asked asked = {}) {
    asked.body = std::move(body);
    return call("POST", "/events", std::move(asked));
  }
  std::string text_of(net::Response const& response) {
    auto text = std::string{};
    for (auto buffer = std::vector<char>(4096);;) {
      auto const count = sync(response.stream->read(buffer));
      EXPECT_TRUE(count);
      if (!count || *count == 0) return text;
      text.append(buffer.data(), *count);
    }
  }
  std::vector<AuditRecord> trail() {
    auto records = std::vector<AuditRecord>{};
    EXPECT_TRUE(hoist::testing::read_now(*database, [&](sql::Transaction& tx) -> Result<void> {
      TRY(records, audit.list(tx, acme, {}));
      return {};
    }));
    return records;
  }

  hoist::testing::AllowGate gate;
  net::Router router{{}, gate, metrics};
};

}  // namespace hoist::events

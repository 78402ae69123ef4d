#include "hosts/ops_routes.hpp"

#include <gtest/gtest.h>

#include "support/allow_gate.hpp"

namespace hoist::hosts {
namespace {

class OpsRoutes : public ::testing::Test {
 protected:
  OpsRoutes() {
    operations.health = [] { return json::object{{"engine", "embedded"}}; };
    add_ops_routes(router, operations, metrics);
  }
  net::Response ask(std::string path, std::string address) {
    auto request = net::Request{};
    request.method = "GET";
    request.path = request.target = std::move(path);
    request.remote_address = std::move(address);
    request.deadline = deadline_in(std::chrono::seconds{10});
    auto handled = [&]() -> Async<net::Response> { co_return co_await router.handle(request); };
    return run_to_end<net::Response>(handled).value();
  }

  Metrics metrics;
  Operations operations;
  hoist::testing::AllowGate gate;
  net::Router router{net::Router::Options{}, gate, metrics};
};

TEST_F(OpsRoutes, MetricsAndWhatIsKnownOfTheServerAreForItsOwnMachineUnlessOpened) {
  for (auto const* here : {"127.0.0.1", "127.8.0.1", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_EQ(ask("/metrics", here).status, 200) << here;
    EXPECT_TRUE(ask("/health", here).body.contains("embedded")) << here;
  }
  for (auto const* elsewhere : {"192.0.2.1", "::2", "::ffff:192.0.2.1", ""}) {
    EXPECT_EQ(ask("/metrics", elsewhere).status, 403) << elsewhere;
    EXPECT_EQ(ask("/health", elsewhere).body, "{\"status\":\"ok\"}\n") << elsewhere;
  }
  operations.metrics_open = true;
  EXPECT_EQ(ask("/metrics", "192.0.2.1").status, 200);
  EXPECT_TRUE(ask("/health", "192.0.2.1").body.contains("embedded"));
}

}  // namespace
}  // namespace hoist::hosts

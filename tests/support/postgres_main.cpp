// The main of test programs that need a PostgreSQL server: they say so where there is none, and it counts as
// skipped. Teaches TestDatabase the kinds `postgres` and `postgres_two`.
#include <gtest/gtest.h>

#include <cstdio>

#include "adapters/postgres/database.hpp"
#include "support/postgres_server.hpp"
#include "support/test_database.hpp"

namespace hoist::testing {
namespace {

class OnPostgres final : public TestServer {
 public:
  ~OnPostgres() override { PostgresServer::shared().drop(name_); }
  Result<std::unique_ptr<sql::Database>> open(Wakeups& wakeups, Metrics& metrics,
                                              Clock const* clock) override {
    return postgres::detail::open_database(
        {.url = PostgresServer::shared().url("app", name_), .writers = 3, .readers = 2}, {wakeups, metrics},
        {.clock = clock, .run_twice = true});
  }

 private:
  std::string name_ = PostgresServer::shared().new_database();
};

}  // namespace
}  // namespace hoist::testing

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (!hoist::testing::PostgresServer::shared().installed()) {
    std::puts("SKIPPED: PostgreSQL is not installed");
    return 77;
  }
  hoist::testing::make_test_server() = [] { return std::make_unique<hoist::testing::OnPostgres>(); };
  return RUN_ALL_TESTS();
}

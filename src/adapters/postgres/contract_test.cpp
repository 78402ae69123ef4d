// The contract suites of everything over sql::Database, on PostgreSQL, as the application role and with
// row-level security in force.
#include "adapters/memory/wakeups.hpp"
#include "adapters/postgres/database.hpp"
#include "contract/audit_contract.hpp"
#include "contract/database_contract.hpp"
#include "contract/idempotency_contract.hpp"
#include "contract/joint_consumer_contract.hpp"
#include "contract/queue_contract.hpp"
#include "contract/sql_details_holder.hpp"
#include "contract/sql_index_holder.hpp"
#include "contract/sql_queue_holder.hpp"
#include "support/postgres_server.hpp"

namespace hoist::contract {
namespace {

using Kind = testing::TestDatabase::Kind;

// The suite makes tables, which only the owner may.
class OwnersHolder final : public DatabaseHolder {
 public:
  OwnersHolder() { reopen(); }
  ~OwnersHolder() override {
    database_.reset();
    server().drop(name_);
  }
  sql::Database& database() override { return *database_; }
  Wakeups& wakeups() override { return wakeups_; }
  void reopen() override {
    database_.reset();
    auto opened = postgres::open_database({.url = server().url("owner", name_)}, {wakeups_, metrics_});
    if (!opened) std::abort();
    database_ = std::move(*opened);
  }

 private:
  static testing::PostgresServer& server() { return testing::PostgresServer::shared(); }

  std::string name_ = server().new_database();
  memory::Wakeups wakeups_;
  Metrics metrics_;
  std::unique_ptr<sql::Database> database_;
};

INSTANTIATE_TEST_SUITE_P(Postgres, DatabaseContract,
                         ::testing::Values(DatabaseUnderTest{
                             "One", [] { return std::make_unique<OwnersHolder>(); }}));

auto const queues =
    ::testing::Values(QueueUnderTest{"One", [] { return std::make_unique<SqlQueueHolder>(Kind::server); }},
                      QueueUnderTest{"Two", [] { return std::make_unique<TwoSqlQueues>(Kind::server_two); }});

INSTANTIATE_TEST_SUITE_P(Postgres, ConsumerContract, queues);
INSTANTIATE_TEST_SUITE_P(Postgres, DeadLettersContract, queues);
INSTANTIATE_TEST_SUITE_P(Postgres, JointConsumerContract, queues);
INSTANTIATE_TEST_SUITE_P(Postgres, LifecycleContract, queues);
INSTANTIATE_TEST_SUITE_P(Postgres, OutboxContract, queues);
INSTANTIATE_TEST_SUITE_P(Postgres, QueueUpkeepContract, queues);

INSTANTIATE_TEST_SUITE_P(Postgres, EventIndexContract,
                         ::testing::Values(index_on("One", Kind::server), index_on("Two", Kind::server_two)));
INSTANTIATE_TEST_SUITE_P(Postgres, EventDetailsContract,
                         ::testing::Values(details_on("One", Kind::server),
                                           details_on("Two", Kind::server_two)));

}  // namespace
}  // namespace hoist::contract

namespace hoist {
namespace {

using Kind = testing::TestDatabase::Kind;

INSTANTIATE_TEST_SUITE_P(Postgres, SqlIdempotencyTest, ::testing::Values(Kind::server, Kind::server_two));

}  // namespace
}  // namespace hoist

namespace hoist::sql_engine {
namespace {

using Kind = hoist::testing::TestDatabase::Kind;

INSTANTIATE_TEST_SUITE_P(Postgres, AuditLogTest, ::testing::Values(Kind::server, Kind::server_two));

}  // namespace
}  // namespace hoist::sql_engine

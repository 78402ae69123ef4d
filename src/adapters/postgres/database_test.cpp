#include "adapters/postgres/database.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include "adapters/memory/wakeups.hpp"
#include "adapters/postgres/connection.hpp"
#include "adapters/postgres/leadership.hpp"
#include "adapters/postgres/listener.hpp"
#include "adapters/postgres/locks.hpp"
#include "adapters/postgres/schema.hpp"
#include "base/try.hpp"
#include "support/postgres_server.hpp"
#include "support/test_database.hpp"

namespace hoist::postgres {
namespace {

using namespace std::chrono_literals;
using hoist::testing::PostgresServer;
using Access = sql::Database::Access;
using Work = std::function<Result<void>(sql::Transaction&)>;

auto const acme = Scope::tenant(TenantId{"acme"});
auto const zeta = Scope::tenant(TenantId{"zeta"});

Result<void> run(sql::Transaction& tx, std::string_view sql, sql::Args args = {}) {
  CHECK(tx.execute(sql, std::move(args)));
  return {};
}
std::int64_t number(sql::Transaction& tx, std::string_view sql, sql::Args args = {}) {
  auto const rows = tx.query(sql, std::move(args));
  return rows && !rows->empty() ? rows->at(0).integer(0) : -1;
}

// What one process has of a database.
struct Process {
  explicit Process(std::string const& url, std::size_t queue_max = 64)
      : database{*open_database({.url = url, .writers = 3, .readers = 2, .queue_max = queue_max},
                                {wakeups, metrics})} {}
  std::future<Result<void>> start(Access access, Scope scope, Work work,
                                  Deadline deadline = deadline_in(30s)) {
    auto promise = std::make_shared<std::promise<Result<void>>>();
    auto future = promise->get_future();
    database->submit(access, std::move(scope), std::move(work), deadline,
                     [promise](Result<void> outcome) { promise->set_value(std::move(outcome)); });
    return future;
  }
  Result<void> write(Scope scope, Work work, Deadline deadline = deadline_in(30s)) {
    return start(Access::write, std::move(scope), std::move(work), deadline).get();
  }
  Result<void> read(Scope scope, Work work) {
    return start(Access::read, std::move(scope), std::move(work)).get();
  }
  memory::Wakeups wakeups;
  Metrics metrics;
  std::unique_ptr<sql::Database> database;
};

// A session of an administrator, for what befalls a server.
class Admin {
 public:
  explicit Admin(std::string const& url) : connection_{*Connection::open({.url = url})} {}
  std::string operator()(std::string const& sql) {
    auto const answer = connection_->run({Command{sql}}, deadline_in(30s));
    if (!answer) ADD_FAILURE() << sql << ": " << answer.error().error.to_string();
    return answer && PQntuples(answer->get()) > 0 ? PQgetvalue(answer->get(), 0, 0) : "";
  }
  void wait_until(std::string const& condition) {
    auto const end = deadline_in(30s);
    while ((*this)("SELECT " + condition) != "t") {
      if (std::chrono::steady_clock::now() > end) return void(ADD_FAILURE() << condition);
      std::this_thread::yield();
    }
  }

 private:
  std::unique_ptr<Connection> connection_;
};

struct PostgresDatabaseTest : ::testing::Test {
  PostgresServer& server = PostgresServer::shared();
  std::string name = server.new_database();
  Admin admin{server.url("admin", name)};
  ~PostgresDatabaseTest() override { server.drop(name); }

  std::string url() const { return server.url("app", name); }
  // A table of every tenant's things, with the rights of all others.
  void make_things() {
    admin("SET ROLE owner");
    admin("CREATE TABLE things (tenant TEXT NOT NULL, id BIGINT NOT NULL, PRIMARY KEY (tenant, id))");
    admin("RESET ROLE");
    ASSERT_TRUE(secure(server.url("owner", name), "app"));
  }
  static Work insert(std::string tenant, std::int64_t id) {
    return [=](sql::Transaction& tx) {
      return run(tx, "INSERT INTO things (tenant, id) VALUES ($1, $2)", {tenant, id});
    };
  }
  std::int64_t things(Process& process, Scope scope) {
    auto count = std::int64_t{-1};
    EXPECT_TRUE(process.read(std::move(scope), [&](sql::Transaction& tx) -> Result<void> {
      count = number(tx, "SELECT count(*) FROM things");
      return {};
    }));
    return count;
  }
};

// Holds a function inside of its transaction until it is opened.
struct Gate {
  std::promise<void> entered;
  std::promise<void> opened;
  std::shared_future<void> open = opened.get_future().share();
  Work work() {
    return [this](sql::Transaction&) -> Result<void> {
      entered.set_value();
      open.wait();
      return {};
    };
  }
};

TEST_F(PostgresDatabaseTest, AFullQueueIsUnavailableWithRetryAfterAndLaterWorkIsAccepted) {
  auto process = Process{url(), 4};
  auto gate = Gate{};
  auto first = process.start(Access::write, acme, gate.work());
  gate.entered.get_future().wait();
  auto outcomes = std::vector<std::future<Result<void>>>{};
  for (auto i = 0; i < 6; ++i)
    outcomes.push_back(process.start(Access::write, acme, [](auto&) { return Result<void>{}; }));
  for (auto const i : {4U, 5U}) {
    auto const refused = outcomes[i].get();
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code(), Code::unavailable);
    EXPECT_TRUE(refused.error().retry_after_s().has_value());
  }
  gate.opened.set_value();
  for (auto i = 0U; i < 4; ++i) EXPECT_TRUE(outcomes[i].get().has_value());
  EXPECT_TRUE(process.write(acme, [](auto&) { return Result<void>{}; }));
}

TEST_F(PostgresDatabaseTest, FunctionsOfATenantThatWaitTogetherAreCommittedByOneSync) {
  make_things();
  auto process = Process{url()};
  auto gate = Gate{};
  auto first = process.start(Access::write, acme, gate.work());
  gate.entered.get_future().wait();
  auto outcomes = std::vector<std::future<Result<void>>>{};
  for (auto i = 0; i < 50; ++i) outcomes.push_back(process.start(Access::write, acme, insert("acme", i)));
  gate.opened.set_value();
  for (auto& outcome : outcomes) EXPECT_TRUE(outcome.get().has_value());
  EXPECT_EQ(things(process, acme), 50);
  process.database.reset();
  EXPECT_NE(process.metrics.render().find("hoist_db_commit_batch_size_count 2"), std::string::npos);
  EXPECT_NE(process.metrics.render().find("hoist_db_commit_batch_size_sum 51"), std::string::npos);
}

TEST_F(PostgresDatabaseTest, TenantsWriteBesideEachOther) {
  make_things();
  auto process = Process{url()};
  auto gate = Gate{};
  auto first = process.start(Access::write, acme, gate.work());
  gate.entered.get_future().wait();
  EXPECT_TRUE(process.write(zeta, insert("zeta", 1)));
  gate.opened.set_value();
  EXPECT_TRUE(first.get());
}

TEST_F(PostgresDatabaseTest, WhoClaimsATenantWaitsForItAloneAndKeepsItFromOthers) {
  make_things();
  auto process = Process{url()};
  auto other = Process{url()};
  auto const claiming_acme = Scope::claiming({TenantId{"acme"}});
  auto gate = Gate{};
  auto first = process.start(Access::write, acme, gate.work());
  gate.entered.get_future().wait();
  auto second = other.start(Access::write, claiming_acme, insert("acme", 1));
  admin.wait_until("count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
  EXPECT_TRUE(process.write(Scope::claiming({TenantId{"zeta"}}), insert("zeta", 1)));
  EXPECT_EQ(things(process, acme), 0);
  gate.opened.set_value();
  EXPECT_TRUE(first.get());
  EXPECT_TRUE(second.get());
  auto kept = Gate{};
  auto third = process.start(Access::write, claiming_acme, kept.work());
  kept.entered.get_future().wait();
  auto const late = other.write(acme, insert("acme", 2), deadline_in(100ms));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), Code::timeout);
  kept.opened.set_value();
  EXPECT_TRUE(third.get());
  EXPECT_EQ(things(process, acme), 1);
}

TEST_F(PostgresDatabaseTest, AClaimOnTheWayIsGrantedOnceAndRefusedWhereSomebodyElseHasIt) {
  auto process = Process{url()};
  auto other = Process{url()};
  auto gate = Gate{};
  auto first = process.start(Access::write, acme, gate.work());
  gate.entered.get_future().wait();
  auto claims = std::vector<sql::Claim>{};
  auto const work = [&](sql::Transaction& tx) -> Result<void> {
    claims.clear();
    for (auto const* tenant : {"acme", "zeta", "zeta", "other"}) {
      TRY(auto const claim, tx.claim(TenantId{tenant}));
      claims.push_back(claim);
    }
    return {};
  };
  ASSERT_TRUE(other.write(Scope::claiming({TenantId{"other"}}), work));
  using enum sql::Claim;
  EXPECT_EQ(claims, (std::vector{refused, granted, held, held}));
  gate.opened.set_value();
  EXPECT_TRUE(first.get());
  ASSERT_TRUE(other.write(Scope::claiming({}), work));
  EXPECT_EQ(claims, (std::vector{granted, granted, held, granted}));
  ASSERT_TRUE(other.write(Scope::system(), work));
  EXPECT_EQ(claims, (std::vector{held, held, held, held})) << "the system has everything";
}

// Who waits for everything would otherwise keep all others from beginning, until one tenant's work has ended.
TEST_F(PostgresDatabaseTest, WhoWaitsForEverythingLetsOthersGoOn) {
  make_things();
  auto process = Process{url()};
  auto other = Process{url()};
  auto gate = Gate{};
  auto first = process.start(Access::write, acme, gate.work());
  gate.entered.get_future().wait();
  auto everything = other.start(Access::write, Scope::system(), insert("acme", 1));
  admin.wait_until("count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
  for (auto i = 0; i < 3; ++i) EXPECT_TRUE(process.write(zeta, insert("zeta", i)));
  EXPECT_EQ(everything.wait_for(0s), std::future_status::timeout);
  gate.opened.set_value();
  EXPECT_TRUE(first.get());
  EXPECT_TRUE(everything.get());
}

TEST_F(PostgresDatabaseTest, AFunctionThatWaitsForAnotherOneOfItsTenantGivesUpAtItsDeadline) {
  auto process = Process{url()};
  auto gate = Gate{};
  auto first = process.start(Access::write, acme, gate.work());
  gate.entered.get_future().wait();
  auto const outcome = process.write(acme, [](auto&) { return Result<void>{}; }, deadline_in(50ms));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), Code::timeout);
  gate.opened.set_value();
  EXPECT_TRUE(first.get());
}

// A trigger keeps one row waiting, so that a later one could commit first. Numbers are given out in the order
// of the commits all the same: who reads a number has seen all that are lower.
TEST_F(PostgresDatabaseTest, OrderIsCommitOrderAlthoughATriggerDelaysOneInsert) {
  make_things();
  admin(
      "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "IF NEW.id = 1 THEN PERFORM pg_advisory_xact_lock(4711); END IF; RETURN NEW; END $$");
  admin("CREATE TRIGGER slow BEFORE INSERT ON things FOR EACH ROW EXECUTE FUNCTION slow()");
  admin("SELECT pg_advisory_lock(4711)");
  auto const append = [](sql::Transaction& tx) {
    return run(
        tx,
        "INSERT INTO things (tenant, id) SELECT $1, coalesce(max(id), 0) + 1 FROM things WHERE tenant = $1",
        {"acme"});
  };
  auto one = Process{url()};
  auto other = Process{url()};
  auto slow = one.start(Access::write, acme, append);
  admin.wait_until("count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
  auto quick = other.start(Access::write, acme, append);
  admin.wait_until("count(*) = 2 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
  EXPECT_TRUE(other.write(zeta, insert("zeta", 7))) << "another tenant does not wait";
  EXPECT_EQ(things(other, acme), 0) << "the second has not overtaken the first";
  admin("SELECT pg_advisory_unlock(4711)");
  EXPECT_TRUE(slow.get());
  EXPECT_TRUE(quick.get());
  EXPECT_EQ(
      admin("SELECT string_agg(id::text, ',' ORDER BY xmin::text::bigint) FROM things WHERE tenant = 'acme'"),
      "1,2");
}

// Without the locks, each would find the other's row missing and both would insert (write skew).
TEST_F(PostgresDatabaseTest, WhatAFunctionHasCheckedHoldsWhenItCommits) {
  make_things();
  auto one = Process{url()};
  auto other = Process{url()};
  auto const if_empty = [](std::int64_t id) -> Work {
    return [id](sql::Transaction& tx) -> Result<void> {
      if (number(tx, "SELECT count(*) FROM things WHERE tenant = $1", {"acme"}) > 0) return {};
      return run(tx, "INSERT INTO things (tenant, id) VALUES ($1, $2)", {"acme", id});
    };
  };
  for (auto round = 0; round < 20; ++round) {
    auto first = one.start(Access::write, acme, if_empty(2 * round));
    auto second = other.start(Access::write, Scope::system(), if_empty(2 * round + 1));
    EXPECT_TRUE(first.get());
    EXPECT_TRUE(second.get());
    ASSERT_EQ(things(one, acme), 1);
    ASSERT_TRUE(
        one.write(acme, [](auto& tx) { return run(tx, "DELETE FROM things WHERE tenant = $1", {"acme"}); }));
  }
}

TEST_F(PostgresDatabaseTest, AStatementThatFailsCostsItsConnectionOnlyWhenTheServerEndsThat) {
  auto const connection = *Connection::open({.url = url()});
  auto const run = [&](std::string const& sql) { return connection->run({Command{sql}}, deadline_in(30s)); };
  EXPECT_FALSE(run("SELECT 1 / 0"));
  EXPECT_TRUE(connection->usable());
  auto const pid = run("SELECT pg_backend_pid()");
  ASSERT_TRUE(pid);
  admin("SELECT pg_terminate_backend(" + std::string{PQgetvalue(pid->get(), 0, 0)} + ")");
  EXPECT_FALSE(run("SELECT 1"));
  EXPECT_FALSE(connection->usable());
}

TEST_F(PostgresDatabaseTest, AConnectionLostBeforeItsCommitIsRepairedByRunningAgain) {
  make_things();
  auto process = Process{url()};
  auto runs = 0;
  EXPECT_TRUE(process.write(acme, [&](sql::Transaction& tx) -> Result<void> {
    CHECK(insert("acme", 1)(tx));
    if (++runs == 1)
      admin("SELECT pg_terminate_backend(" + std::to_string(number(tx, "SELECT pg_backend_pid()")) + ")");
    return run(tx, "SELECT 1");
  }));
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(things(process, acme), 1);
}

TEST_F(PostgresDatabaseTest, AConnectionLostAtItsCommitIsUnavailableAndSaysThatNobodyKnows) {
  make_things();
  admin(
      "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS "
      "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10); RETURN NEW; END $$");
  admin(
      "CREATE CONSTRAINT TRIGGER die AFTER INSERT ON things DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
      "EXECUTE FUNCTION die()");
  auto process = Process{url()};
  auto runs = 0;
  auto told = false;
  auto const outcome = process.write(acme, [&](sql::Transaction& tx) {
    ++runs;
    tx.after_commit([&] { told = true; });
    return insert("acme", 1)(tx);
  });
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), Code::unavailable);
  EXPECT_NE(outcome.error().detail().find("not known"), std::string::npos) << outcome.error().detail();
  EXPECT_EQ(runs, 1);
  EXPECT_FALSE(told);
  EXPECT_EQ(things(process, acme), 0);
}

TEST_F(PostgresDatabaseTest, ALockThatSomebodyHoldsIsATimeoutAndThenAllGoesOn) {
  auto process = Process{url()};
  admin(fmt::format("SELECT pg_advisory_lock({}, {})", lock_class, everything_lock));
  auto const outcome = process.write(acme, [](auto&) { return Result<void>{}; }, deadline_in(100ms));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), Code::timeout) << outcome.error().to_string();
  EXPECT_TRUE(process.read(acme, [](auto&) { return Result<void>{}; })) << "reads wait for nobody";
  admin(fmt::format("SELECT pg_advisory_unlock({}, {})", lock_class, everything_lock));
  EXPECT_TRUE(process.write(acme, [](auto&) { return Result<void>{}; }));
}

TEST_F(PostgresDatabaseTest, AStatementEndsAtTheDeadlineOfItsFunction) {
  auto process = Process{url()};
  auto const outcome =
      process.write(acme, [](auto& tx) { return run(tx, "SELECT pg_sleep(60)"); }, deadline_in(200ms));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), Code::timeout) << outcome.error().to_string();
}

TEST_F(PostgresDatabaseTest, AServerThatIsAwayIsUnavailableAndFoundAgainWithoutRestart) {
  auto own = PostgresServer{};
  auto const there = own.new_database();
  auto process = Process{own.url("app", there)};
  ASSERT_TRUE(process.write(acme, [](auto&) { return Result<void>{}; }));
  own.stop();
  auto const outcome = process.write(acme, [](auto&) { return Result<void>{}; });
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), Code::unavailable);
  EXPECT_TRUE(outcome.error().retry_after_s().has_value());
  own.start();
  EXPECT_TRUE(process.write(acme, [](auto&) { return Result<void>{}; }));
  EXPECT_TRUE(process.read(acme, [](auto&) { return Result<void>{}; }));
}

TEST_F(PostgresDatabaseTest, ATopicIsToldToOtherProcesses) {
  auto here = memory::Wakeups{};
  auto elsewhere = memory::Wakeups{};
  auto speaker = Listener{here, url(), true};
  auto listener = Listener{elsewhere, url(), true};
  auto metrics = Metrics{};
  auto database = *open_database({.url = url()}, {speaker, metrics});
  admin.wait_until(
      "count(*) = 2 FROM pg_stat_activity WHERE datname = current_database() AND query = 'LISTEN hoist'");
  auto const hears = [&](auto const& tell) {
    auto const signal = listener.watch(uploads_of(TenantId{"acme"}));
    auto const ticket = signal->ticket();
    tell(uploads_of(TenantId{"acme"}));
    return run_to_end<bool>([&] { return signal->wait(ticket, deadline_in(30s)); }).value_or(false);
  };
  EXPECT_TRUE(hears([&](Topic const& topic) { speaker.notify(topic); })) << "at once";
  EXPECT_TRUE(hears([&](Topic const& topic) {
    auto done = std::promise<void>{};
    database->submit(
        Access::write, acme,
        [&](sql::Transaction& tx) -> Result<void> {
          tx.notify(topic);
          return {};
        },
        deadline_in(30s),
        [&](Result<void> const& outcome) {
          EXPECT_TRUE(outcome);
          done.set_value();
        });
    done.get_future().wait();
  })) << "of a transaction";
}

// The clock of the server is not ours to set, so the time that was last given out is set instead.
TEST_F(PostgresDatabaseTest, TimeStandsStillRatherThanRunBackwards) {
  auto one = Process{url()};
  auto other = Process{url()};
  auto const now = [](Process& process, Access access) {
    auto time = Time{};
    EXPECT_TRUE(process
                    .start(access, acme,
                           [&](sql::Transaction& tx) -> Result<void> {
                             time = tx.now();
                             return {};
                           })
                    .get());
    return time;
  };
  auto const before = now(one, Access::write);
  EXPECT_LT(SystemClock{}.now() - before, 10s);
  auto const later = before + 1h;
  admin("SELECT setval('hoist_time', " + std::to_string(to_us(later)) + ")");
  EXPECT_EQ(now(one, Access::read), later);
  EXPECT_EQ(now(other, Access::write), later);
  // What one process was told is not undone for it, whatever becomes of the sequence.
  admin("SELECT setval('hoist_time', 0)");
  EXPECT_EQ(now(one, Access::write), later);
  EXPECT_EQ(now(other, Access::read), later);
}

TEST_F(PostgresDatabaseTest, AShellWithoutATenantSeesNoRow) {
  make_things();
  auto process = Process{url()};
  ASSERT_TRUE(process.write(acme, insert("acme", 1)));
  ASSERT_TRUE(process.write(zeta, insert("zeta", 1)));
  ASSERT_TRUE(process.write(Scope::system(), [](auto& tx) {
    return run(tx, "INSERT INTO buckets (name, created_us) VALUES ('b', 1)");
  }));
  auto shell = Admin{url()};
  EXPECT_EQ(shell("SELECT count(*) FROM things"), "0");
  EXPECT_EQ(shell("SELECT count(*) FROM buckets"), "0");
  shell("BEGIN");
  shell("SELECT set_config('hoist.scope', 'tenant', true)");
  EXPECT_EQ(shell("SELECT count(*) FROM things"), "0");
  shell("SELECT set_config('hoist.tenant', 'acme', true)");
  EXPECT_EQ(shell("SELECT count(*) FROM things"), "1");
  EXPECT_EQ(shell("SELECT count(*) FROM buckets"), "0");
  shell("COMMIT");
  EXPECT_EQ(shell("SELECT count(*) FROM things"), "0") << "the tenant ends with its transaction";
  EXPECT_EQ(Admin{server.url("owner", name)}("SELECT count(*) FROM things"), "0")
      << "the owner is no exception";
}

TEST_F(PostgresDatabaseTest, AFunctionSeesAndChangesItsTenantsRowsOnly) {
  make_things();
  auto process = Process{url()};
  ASSERT_TRUE(process.write(acme, insert("acme", 1)));
  ASSERT_TRUE(process.write(zeta, insert("zeta", 1)));
  EXPECT_EQ(things(process, acme), 1);
  EXPECT_EQ(things(process, Scope::system()), 2);
  EXPECT_FALSE(process.write(acme, insert("zeta", 2))) << "a row for another tenant";
  ASSERT_TRUE(process.write(acme, [](auto& tx) { return run(tx, "DELETE FROM things"); }));
  EXPECT_EQ(things(process, zeta), 1);
  EXPECT_TRUE(process.write(acme, insert("acme#audit", 1))) << "a tenant's audit trail is its own";
}

TEST_F(PostgresDatabaseTest, ADatabaseThatDoesNotKeepTenantsApartIsRefused) {
  EXPECT_TRUE(check_secured(url())) << check_secured(url()).error().to_string();
  EXPECT_EQ(check_secured(server.url("owner", name)).error().code(), Code::conflict);
  EXPECT_EQ(check_secured(server.url("admin", name)).error().code(), Code::conflict);
  for (auto const* spoil :
       {"ALTER TABLE uploads NO FORCE ROW LEVEL SECURITY", "CREATE TABLE forgotten (tenant TEXT)",
        "CREATE POLICY more ON tasks USING (true)"}) {
    auto const other = server.new_database();
    Admin{server.url("admin", other)}(spoil);
    EXPECT_FALSE(check_secured(server.url("app", other))) << spoil;
    server.drop(other);
  }
  admin("ALTER ROLE app BYPASSRLS");
  EXPECT_FALSE(check_secured(url()));
  admin("ALTER ROLE app NOBYPASSRLS");
}

TEST_F(PostgresDatabaseTest, APasswordIsInNoError) {
  for (auto const* address :
       {"postgresql://app:hunter2@/nothing?host=/nowhere",
        "postgresql://app:hunter2@127.0.0.1:1/x?nonsense=1", "host='/nowhere password=hunter2"}) {
    auto const opened = Connection::open({.url = address});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().to_string().find("hunter2"), std::string::npos) << opened.error().to_string();
  }
}

TEST_F(PostgresDatabaseTest, ExhaustedConnectionsAreUnavailableAndComeBackWithoutRestart) {
  auto process = Process{url()};
  ASSERT_TRUE(process.write(acme, [](auto&) { return Result<void>{}; }));
  admin("ALTER ROLE app CONNECTION LIMIT 0");
  admin("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'app'");
  auto const outcome = process.write(acme, [](auto&) { return Result<void>{}; });
  admin("ALTER ROLE app CONNECTION LIMIT -1");
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), Code::unavailable);
  EXPECT_TRUE(outcome.error().retry_after_s().has_value());
  EXPECT_TRUE(process.write(acme, [](auto&) { return Result<void>{}; }));
}

TEST_F(PostgresDatabaseTest, OneProcessLeadsAndTheNextOneFollowsWhenItEnds) {
  auto first = std::make_unique<Leadership>(url());
  EXPECT_TRUE(first->leads());
  auto second = Leadership{url()};
  EXPECT_FALSE(second.leads());
  first.reset();
  auto const end = deadline_in(30s);
  while (!second.leads() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  EXPECT_TRUE(second.leads());
  EXPECT_FALSE(Leadership{url()}.leads());
}

TEST_F(PostgresDatabaseTest, ALeaseThatNobodyRenewedIsTaken) {
  admin("INSERT INTO leases VALUES ('upkeep', 'dead', 1)");
  EXPECT_TRUE(Leadership{url()}.leads());
}

TEST_F(PostgresDatabaseTest, ATextWithAZeroByteIsInvalid) {
  auto process = Process{url()};
  auto const outcome = process.write(acme, [](sql::Transaction& tx) -> Result<void> {
    CHECK(tx.query("SELECT $1::text", {std::string("a\0b", 3)}));
    return {};
  });
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), Code::invalid);
}

}  // namespace
}  // namespace hoist::postgres

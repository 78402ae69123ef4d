// What every Database adapter promises; see sql/database.hpp.
//
// An adapter's test gives a factory of fresh databases and instantiates:
//   INSTANTIATE_TEST_SUITE_P(Sqlite, DatabaseContract, testing::Values(DatabaseUnderTest{...}));
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "ports/wakeups.hpp"
#include "sql/database.hpp"

namespace hoist::contract {

using namespace std::chrono_literals;

class DatabaseHolder {
 public:
  virtual ~DatabaseHolder() = default;
  virtual sql::Database& database() = 0;
  virtual Wakeups& wakeups() = 0;  // told by this database
  virtual void reopen() = 0;
};

struct DatabaseUnderTest {
  std::string name;
  std::function<std::unique_ptr<DatabaseHolder>()> make;
};

class DatabaseContract : public ::testing::TestWithParam<DatabaseUnderTest> {
 protected:
  using Work = std::function<Result<void>(sql::Transaction&)>;

  DatabaseContract() : holder_{GetParam().make()} {
    must(write([](sql::Transaction& tx) -> Result<void> {
      auto const made =
          tx.execute("CREATE TABLE things (id BIGINT PRIMARY KEY, name TEXT UNIQUE, size DOUBLE PRECISION)");
      return made ? Result<void>{} : std::unexpected{made.error()};
    }));
  }

  sql::Database& database() { return holder_->database(); }
  Wakeups& wakeups() { return holder_->wakeups(); }
  void reopen() { holder_->reopen(); }

  std::future<Result<void>> start(sql::Database::Access access, Work work, Deadline deadline) {
    auto promise = std::make_shared<std::promise<Result<void>>>();
    auto future = promise->get_future();
    database().submit(access, Scope::tenant(TenantId{"acme"}), std::move(work), deadline,
                      [promise](Result<void> outcome) { promise->set_value(std::move(outcome)); });
    return future;
  }
  Result<void> write(Work work) {
    return start(sql::Database::Access::write, std::move(work), deadline_in(30s)).get();
  }
  Result<void> read(Work work) {
    return start(sql::Database::Access::read, std::move(work), deadline_in(30s)).get();
  }
  static Result<void> insert(sql::Transaction& tx, std::int64_t id, std::string name) {
    auto const done = tx.execute("INSERT INTO things (id, name) VALUES ($1, $2)", {id, std::move(name)});
    return done ? Result<void>{} : std::unexpected{done.error()};
  }
  std::int64_t count() {
    auto counted = std::int64_t{-1};
    must(read([&](sql::Transaction& tx) -> Result<void> {
      auto const rows = tx.query("SELECT count(*) FROM things");
      if (!rows) return std::unexpected{rows.error()};
      counted = (*rows)[0].integer(0);
      return {};
    }));
    return counted;
  }
  static void must(Result<void> const& result) {
    ASSERT_TRUE(result.has_value()) << result.error().to_string();
  }

 private:
  std::unique_ptr<DatabaseHolder> holder_;
};

TEST_P(DatabaseContract, WhatWasWrittenIsReadAndSurvivesRestart) {
  must(write([](auto& tx) { return insert(tx, 1, "one"); }));
  EXPECT_EQ(count(), 1);
  reopen();
  EXPECT_EQ(count(), 1);
}

TEST_P(DatabaseContract, ValuesOfEveryTypeComeBackAsTheyWent) {
  must(write([](sql::Transaction& tx) -> Result<void> {
    auto const rows =
        tx.query("INSERT INTO things (id, name, size) VALUES ($1, $2, $3) RETURNING id, name, size",
                 {std::int64_t{9'007'199'254'740'993}, std::string{"ñ 📷"}, 1.5});
    EXPECT_TRUE(rows.has_value());
    EXPECT_EQ(rows->at(0).integer(0), 9'007'199'254'740'993);
    EXPECT_EQ(rows->at(0).text(1), "ñ 📷");
    EXPECT_EQ(rows->at(0).real(2), 1.5);
    auto const empty =
        tx.query("INSERT INTO things (id, name, size) VALUES ($1, $2, $3) RETURNING name, size",
                 {std::int64_t{2}, sql::null(), sql::null()});
    EXPECT_TRUE(empty.has_value());
    EXPECT_TRUE(empty->at(0).is_null(0));
    EXPECT_TRUE(empty->at(0).is_null(1));
    return {};
  }));
}

TEST_P(DatabaseContract, ParametersAreMatchedByNumberNotByAppearance) {
  must(write([](sql::Transaction& tx) -> Result<void> {
    EXPECT_TRUE(
        tx.execute("INSERT INTO things (name, id) VALUES ($2, $1)", {std::int64_t{7}, std::string{"seven"}}));
    auto const rows = tx.query("SELECT name FROM things WHERE name = $2 AND id = $1 AND $2 <> $3",
                               {std::int64_t{7}, std::string{"seven"}, std::string{"x"}});
    EXPECT_TRUE(rows && rows->size() == 1);
    return {};
  }));
}

TEST_P(DatabaseContract, RowsCanBeLockedWhereTheyAreRead) {
  must(write([](auto& tx) { return insert(tx, 1, "one"); }));
  must(write([](sql::Transaction& tx) -> Result<void> {
    auto const by_id = "SELECT name FROM things WHERE id = $1";
    auto const rows = tx.query(std::string{by_id}.append(sql::for_update), {std::int64_t{1}});
    if (!rows) return std::unexpected{rows.error()};
    EXPECT_EQ(rows->at(0).text(0), "one");
    return {};
  }));
}

TEST_P(DatabaseContract, RowsCanBeLockedInSubqueriesToo) {
  must(write([](auto& tx) { return insert(tx, 1, "one"); }));
  must(write([](sql::Transaction& tx) -> Result<void> {
    auto const first =
        std::string{"(SELECT id FROM things ORDER BY id LIMIT 1"}.append(sql::for_update) + ")";
    auto const rows = tx.query("UPDATE things SET size = 1 WHERE id = " + first + " RETURNING name");
    if (!rows) return std::unexpected{rows.error()};
    EXPECT_EQ(rows->at(0).text(0), "one");
    return {};
  }));
}

TEST_P(DatabaseContract, ExecuteAnswersHowManyRowsChanged) {
  must(write([](sql::Transaction& tx) -> Result<void> {
    for (auto i = 1; i <= 3; ++i) EXPECT_TRUE(insert(tx, i, std::to_string(i)).has_value());
    EXPECT_EQ(tx.execute("UPDATE things SET size = 1 WHERE id >= $1", {std::int64_t{2}}).value_or(-1), 2);
    EXPECT_EQ(tx.execute("DELETE FROM things WHERE id = $1", {std::int64_t{99}}).value_or(-1), 0);
    return {};
  }));
}

TEST_P(DatabaseContract, AFunctionThatFailsLeavesNothingAndItsErrorIsTheAnswer) {
  auto const outcome = write([](sql::Transaction& tx) -> Result<void> {
    EXPECT_TRUE(insert(tx, 1, "one").has_value());
    return fail(Code::forbidden, "No.");
  });
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code(), Code::forbidden);
  EXPECT_EQ(count(), 0);
}

TEST_P(DatabaseContract, AFunctionThatFailsBetweenOthersIsTakenBackAlone) {
  auto all = std::vector<std::future<Result<void>>>{};
  for (auto i = 0; i < 300; ++i)
    all.push_back(start(
        sql::Database::Access::write,
        [i](sql::Transaction& tx) -> Result<void> {
          auto done = insert(tx, i, std::to_string(i));
          if (i % 3 == 0) return fail(Code::conflict);
          return done;
        },
        deadline_in(30s)));
  for (auto i = 0; i < 300; ++i) EXPECT_EQ(all[i].get().has_value(), i % 3 != 0) << i;
  EXPECT_EQ(count(), 200);
}

TEST_P(DatabaseContract, AViolatedUniqueConstraintIsAConflict) {
  must(write([](auto& tx) { return insert(tx, 1, "one"); }));
  auto const failed = write([](auto& tx) { return insert(tx, 1, "again"); });
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code(), Code::conflict);
}

TEST_P(DatabaseContract, AFunctionThatGoesOnAfterAFailedStatementKeepsNothing) {
  must(write([](auto& tx) { return insert(tx, 1, "one"); }));
  auto later = Result<void>{};
  auto const outcome = write([&](sql::Transaction& tx) -> Result<void> {
    (void)insert(tx, 2, "two");
    (void)insert(tx, 3, "one");
    later = insert(tx, 4, "four");
    return {};
  });
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code(), Code::conflict);
  ASSERT_FALSE(later.has_value());
  EXPECT_EQ(later.error().code(), Code::conflict);
  EXPECT_EQ(count(), 1);
}

TEST_P(DatabaseContract, ABrokenStatementIsInternalAndShowsNoSql) {
  auto const outcome = write([](sql::Transaction& tx) -> Result<void> {
    auto const done = tx.execute("SELEC secret_column FROM nowhere");
    return done ? Result<void>{} : std::unexpected{done.error()};
  });
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code(), Code::internal);
  EXPECT_EQ(outcome.error().detail().find("secret"), std::string::npos);
}

TEST_P(DatabaseContract, AReaderCannotWrite) {
  auto const outcome = read([](auto& tx) { return insert(tx, 1, "one"); });
  EXPECT_FALSE(outcome.has_value());
  EXPECT_EQ(count(), 0);
}

TEST_P(DatabaseContract, AReaderSeesOneSnapshotWhileWritersCommit) {
  must(write([](auto& tx) { return insert(tx, 1, "one"); }));
  auto looked = std::promise<void>{};
  auto changed = std::promise<void>{};
  auto first = std::int64_t{0};
  auto second = std::int64_t{0};
  auto reader = start(
      sql::Database::Access::read,
      [&](sql::Transaction& tx) -> Result<void> {
        first = tx.query("SELECT count(*) FROM things")->at(0).integer(0);
        looked.set_value();
        changed.get_future().wait_for(10s);
        second = tx.query("SELECT count(*) FROM things")->at(0).integer(0);
        return {};
      },
      deadline_in(30s));
  looked.get_future().wait();
  must(write([](auto& tx) { return insert(tx, 2, "two"); }));
  changed.set_value();
  must(reader.get());
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 1);
  EXPECT_EQ(count(), 2);
}

TEST_P(DatabaseContract, ActionsRunAfterCommitAndOnlyThen) {
  auto ran = std::atomic<int>{0};
  must(write([&](sql::Transaction& tx) -> Result<void> {
    tx.after_commit([&] { ++ran; });
    EXPECT_EQ(ran, 0);
    return insert(tx, 1, "one");
  }));
  EXPECT_EQ(ran, 1);
  EXPECT_FALSE(write([&](sql::Transaction& tx) -> Result<void> {
                 tx.after_commit([&] { ++ran; });
                 return fail(Code::conflict);
               }).has_value());
  EXPECT_EQ(ran, 1);
}

TEST_P(DatabaseContract, ATopicIsToldOnceAfterTheCommitAndOnlyThen) {
  auto const topic = uploads_of(TenantId{"acme"});
  auto const signal = wakeups().watch(topic);
  auto const before = signal->ticket();
  must(write([&](sql::Transaction& tx) -> Result<void> {
    tx.notify(topic);
    tx.notify(topic);
    EXPECT_EQ(signal->ticket(), before);
    return insert(tx, 1, "one");
  }));
  EXPECT_EQ(signal->ticket(), before + 1);
  EXPECT_FALSE(write([&](sql::Transaction& tx) -> Result<void> {
                 tx.notify(topic);
                 return fail(Code::conflict);
               }).has_value());
  EXPECT_EQ(signal->ticket(), before + 1);
}

TEST_P(DatabaseContract, ATransactionHasOneTimeAndTimeDoesNotRunBackwards) {
  auto last = Time{};
  for (auto i = 0; i < 100; ++i) {
    auto const look = [&](sql::Transaction& tx) -> Result<void> {
      EXPECT_EQ(tx.now(), tx.now());
      EXPECT_GE(tx.now(), last);
      last = tx.now();
      return {};
    };
    must(i % 2 == 0 ? write(look) : read(look));
  }
}

TEST_P(DatabaseContract, ATransactionKnowsItsScope) {
  auto const look = [](sql::Transaction& tx) -> Result<void> {
    EXPECT_EQ(tx.scope().only(), TenantId{"acme"});
    return {};
  };
  must(write(look));
  must(read(look));
}

TEST_P(DatabaseContract, WhatATransactionIsForIsClaimedAlready) {
  must(write([](sql::Transaction& tx) -> Result<void> {
    EXPECT_EQ(tx.claim(TenantId{"acme"}), sql::Claim::held);
    return {};
  }));
}

TEST_P(DatabaseContract, APassedDeadlineIsATimeoutAndTheFunctionDoesNotRun) {
  auto ran = false;
  auto outcome = start(
                     sql::Database::Access::write,
                     [&](sql::Transaction&) -> Result<void> {
                       ran = true;
                       return {};
                     },
                     deadline_in(-1s))
                     .get();
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code(), Code::timeout);
  EXPECT_FALSE(ran);
}

TEST_P(DatabaseContract, CommitsOfManyThreadsAreAllThereAndNumbersFollowCommits) {
  must(write([](sql::Transaction& tx) -> Result<void> {
    EXPECT_TRUE(tx.execute("CREATE TABLE counters (id BIGINT PRIMARY KEY, n BIGINT NOT NULL)"));
    EXPECT_TRUE(tx.execute("INSERT INTO counters (id, n) VALUES (1, 0)"));
    return {};
  }));
  auto threads = std::vector<std::thread>{};
  for (auto t = 0; t < 4; ++t)
    threads.emplace_back([this, t] {
      for (auto i = 0; i < 100; ++i)
        must(write([&](sql::Transaction& tx) -> Result<void> {
          auto const rows = tx.query("UPDATE counters SET n = n + 1 WHERE id = 1 RETURNING n");
          if (!rows) return std::unexpected{rows.error()};
          return insert(tx, rows->at(0).integer(0), std::to_string(t) + "-" + std::to_string(i));
        }));
    });
  for (auto& thread : threads) thread.join();
  must(read([](sql::Transaction& tx) -> Result<void> {
    auto const rows = tx.query("SELECT count(*), min(id), max(id) FROM things");
    EXPECT_EQ(rows->at(0).integer(0), 400);
    EXPECT_EQ(rows->at(0).integer(1), 1);
    EXPECT_EQ(rows->at(0).integer(2), 400);
    return {};
  }));
}

}  // namespace hoist::contract

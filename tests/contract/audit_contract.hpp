// What the audit trail over sql::Database promises, on every kind of test database.
#pragma once

#include <gtest/gtest.h>

#include "adapters/sql/audit.hpp"
#include "base/try.hpp"
#include "support/test_database.hpp"

namespace hoist::sql_engine {
using namespace std::chrono_literals;

class AuditLogTest : public ::testing::TestWithParam<hoist::testing::TestDatabase::Kind> {
 protected:
  static AuditEntry entry(std::string tenant, std::string action, std::string user = "ana") {
    auto made = AuditEntry{};
    made.caller.tenant = TenantId{std::move(tenant)};
    made.caller.user = UserId{std::move(user)};
    made.caller.role = Role::admin;
    made.caller.credential_id = "t1";
    made.caller.address = "127.0.0.1";
    made.action = std::move(action);
    made.subject = "thing";
    made.request_id = "r1";
    made.details = {{"size", 7}};
    return made;
  }
  Result<void> record(AuditEntry made) {
    return hoist::testing::write_now(*database_, [&](sql::Transaction& tx) { return log_.record(tx, made); });
  }
  std::vector<AuditRecord> list(AuditQuery const& query = {}, std::string tenant = "acme") {
    auto records = std::vector<AuditRecord>{};
    EXPECT_TRUE(hoist::testing::read_now(*database_, [&](sql::Transaction& tx) -> Result<void> {
      TRY(records, log_.list(tx, TenantId{tenant}, query));
      return {};
    }));
    return records;
  }

  ManualClock clock_;
  hoist::testing::TestDatabase database_{GetParam(), clock_};
  AuditLog log_;
};

TEST_P(AuditLogTest, AnEntryIsReadBackWhole) {
  ASSERT_TRUE(record(entry("acme", "key.created")));
  auto const records = list();
  ASSERT_EQ(records.size(), 1U);
  auto const& only = records[0];
  EXPECT_EQ(only.seq, 1);
  EXPECT_EQ(only.at, clock_.now());
  EXPECT_EQ(only.actor, "ana");
  EXPECT_EQ(only.role, "admin");
  EXPECT_EQ(only.credential, "t1");
  EXPECT_EQ(only.address, "127.0.0.1");
  EXPECT_EQ(only.action, "key.created");
  EXPECT_EQ(only.subject, "thing");
  EXPECT_EQ(only.outcome, "ok");
  EXPECT_EQ(only.request_id, "r1");
  EXPECT_EQ(only.details, (json::object{{"size", 7}}));
}

TEST_P(AuditLogTest, A13_NumbersAreDenseInEachTenantAlone) {
  for (auto i = 0; i < 3; ++i) {
    ASSERT_TRUE(record(entry("acme", "a")));
    ASSERT_TRUE(record(entry("other", "b")));
  }
  auto const records = list();
  ASSERT_EQ(records.size(), 3U);
  for (auto i = 0U; i < 3; ++i) {
    EXPECT_EQ(records[i].seq, 3 - i);
    EXPECT_EQ(records[i].action, "a");
  }
}

TEST_P(AuditLogTest, ATransactionThatFailsGivesItsNumberBack) {
  ASSERT_TRUE(record(entry("acme", "a")));
  EXPECT_FALSE(hoist::testing::write_now(*database_, [&](sql::Transaction& tx) -> Result<void> {
    CHECK(log_.record(tx, entry("acme", "lost")));
    return fail(Code::conflict);
  }));
  ASSERT_TRUE(record(entry("acme", "b")));
  auto const records = list();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].seq, 2);
  EXPECT_EQ(records[0].action, "b");
}

TEST_P(AuditLogTest, FiltersAndPagesNarrowTheList) {
  auto const start = clock_.now();
  for (auto i = 0; i < 6; ++i, clock_.advance(1s))
    ASSERT_TRUE(record(entry("acme", i % 2 == 0 ? "even" : "odd", i < 3 ? "ana" : "ben")));
  EXPECT_EQ(list({.action = "even"}).size(), 3U);
  EXPECT_EQ(list({.action = "even", .actor = "ben"}).size(), 1U);
  EXPECT_EQ(list({.outcome = "refused"}).size(), 0U);
  EXPECT_EQ(list({.from = start + 1s, .to = start + 3s}).size(), 2U);
  auto const page = list({.before = 5, .limit = 2});
  ASSERT_EQ(page.size(), 2U);
  EXPECT_EQ(page[0].seq, 4);
  EXPECT_EQ(page[1].seq, 3);
}

}  // namespace hoist::sql_engine

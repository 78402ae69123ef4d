// What Idempotency over sql::Database promises, on every kind of test database.
#pragma once

#include <gtest/gtest.h>

#include "adapters/sql/idempotency.hpp"
#include "base/try.hpp"
#include "support/test_database.hpp"

namespace hoist {
using namespace std::chrono_literals;

struct SqlIdempotencyTest : ::testing::TestWithParam<testing::TestDatabase::Kind> {
  ManualClock clock;
  testing::TestDatabase database{GetParam(), clock};
  sql_engine::SqlIdempotency idempotency;
  IdempotentRequest request{TenantId{"acme"}, "key-1", "POST /uploads", "body-hash"};

  Result<std::optional<StoredAnswer>> find(IdempotentRequest const& asked) {
    auto found = std::optional<StoredAnswer>{};
    auto const done = testing::read_now(*database, [&](sql::Transaction& tx) -> Result<void> {
      TRY(found, idempotency.find(tx, asked));
      return {};
    });
    if (!done) return std::unexpected{done.error()};
    return found;
  }
  Result<void> store(IdempotentRequest const& asked, StoredAnswer const& answer) {
    return testing::write_now(*database,
                              [&](sql::Transaction& tx) { return idempotency.store(tx, asked, answer); });
  }
};

TEST_P(SqlIdempotencyTest, TheFirstAnswerIsTheAnswerToEveryRepeat) {
  EXPECT_FALSE(find(request)->has_value());
  ASSERT_TRUE(store(request, {201, "{\"id\":1}"}));
  auto const found = find(request);
  ASSERT_TRUE(found.has_value() && found->has_value());
  EXPECT_EQ((*found)->status, 201);
  EXPECT_EQ((*found)->body, "{\"id\":1}");
}

TEST_P(SqlIdempotencyTest, TheKeyWithAnotherBodyOrRouteIsRefused) {
  ASSERT_TRUE(store(request, {201, "one"}));
  auto other = request;
  other.body_sha256 = "other";
  ASSERT_FALSE(find(other).has_value());
  EXPECT_EQ(find(other).error().code(), Code::key_reuse);
  other = request;
  other.route = "POST /batches";
  EXPECT_EQ(find(other).error().code(), Code::key_reuse);
}

TEST_P(SqlIdempotencyTest, KeysOfTenantsDoNotMeet) {
  ASSERT_TRUE(store(request, {201, "one"}));
  auto other = request;
  other.tenant = TenantId{"zeta"};
  other.body_sha256 = "other";
  EXPECT_FALSE(find(other)->has_value());
  EXPECT_TRUE(store(other, {201, "two"}).has_value());
}

TEST_P(SqlIdempotencyTest, ALiveAnswerIsNeverReplaced) {
  ASSERT_TRUE(store(request, {201, "one"}));
  auto const again = store(request, {201, "two"});
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code(), Code::conflict);
  EXPECT_EQ((*find(request))->body, "one");
}

TEST_P(SqlIdempotencyTest, AfterADayTheKeyIsFreeAndItsRowGoes) {
  ASSERT_TRUE(store(request, {201, "one"}));
  clock.advance(sql_engine::idempotency_kept);
  EXPECT_FALSE(find(request)->has_value());
  ASSERT_TRUE(store(request, {201, "two"}));
  EXPECT_EQ((*find(request))->body, "two");
  auto const purge = [&] {
    auto gone = std::int64_t{-1};
    EXPECT_TRUE(testing::write_now(*database, [&](sql::Transaction& tx) -> Result<void> {
      TRY(gone, sql_engine::purge_idempotency(tx));
      return {};
    }));
    return gone;
  };
  EXPECT_EQ(purge(), 0);
  clock.advance(sql_engine::idempotency_kept);
  EXPECT_EQ(purge(), 1);
}

TEST_P(SqlIdempotencyTest, WithoutAKeyNothingIsStored) {
  request.key.clear();
  ASSERT_TRUE(store(request, {201, "one"}));
  EXPECT_FALSE(find(request)->has_value());
}

}  // namespace hoist

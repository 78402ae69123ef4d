// What every EventDetails adapter promises.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "base/id.hpp"
#include "ports/event_details.hpp"

namespace hoist::contract {

class EventDetailsHolder {
 public:
  virtual ~EventDetailsHolder() = default;
  virtual EventDetails& details() = 0;
  virtual void restart() = 0;  // what is only in memory is gone after it, if the adapter is durable
};

struct EventDetailsUnderTest {
  std::string name;
  std::function<std::unique_ptr<EventDetailsHolder>()> make;  // null: its server is not installed here
};

class EventDetailsContract : public ::testing::TestWithParam<EventDetailsUnderTest> {
 protected:
  void SetUp() override {
    if (!holder_) GTEST_SKIP() << GetParam().name << " is not installed; tools/stand-ins.sh installs it";
  }
  static Deadline soon() { return deadline_in(std::chrono::seconds{10}); }
  OutboxItem item(std::string details, std::string tenant = "acme") {
    return {0,
            TenantId{std::move(tenant)},
            EventId{new_uuid7(from_us(1'700'000'000'000'000))},
            "salt\x01\xFF",
            std::move(details),
            false};
  }
  OutboxItem tombstone(OutboxItem of) {
    of.salt = of.details = "";
    of.redaction = true;
    return of;
  }
  void put(std::vector<OutboxItem> items) {
    auto const done = run_to_end<void>([&]() -> Async<> { return holder_->details().put(items, soon()); });
    ASSERT_TRUE(done) << done.error().to_string();
  }
  std::optional<EventDetail> get(OutboxItem const& of) {
    auto const found = run_to_end<std::map<EventId, EventDetail>>(
        [&] { return holder_->details().get(of.tenant, {of.event}, soon()); });
    EXPECT_TRUE(found);
    auto const at = found->find(of.event);
    return at == found->end() ? std::nullopt : std::optional{at->second};
  }
  std::vector<EventId> ids(EventId after = {}, int limit = 100, std::string tenant = "acme") {
    return *run_to_end<std::vector<EventId>>(
        [&] { return holder_->details().ids(TenantId{tenant}, after, limit, soon()); });
  }

  std::unique_ptr<EventDetailsHolder> holder_ = GetParam().make();
};

TEST_P(EventDetailsContract, WhatIsPutIsThereAfterARestartByteForByte) {
  auto const one = item(R"({"text":"ñ \" \\ 🙂","deep":[[[1.5]]]})");
  auto const large = item("{\"t\":\"" + std::string(256 * 1024, 'x') + "\"}");
  put({one, large});
  holder_->restart();
  EXPECT_EQ(get(one)->details, one.details);
  EXPECT_EQ(get(one)->salt, one.salt);
  EXPECT_FALSE(get(one)->redacted);
  EXPECT_EQ(get(large)->details, large.details);
  EXPECT_FALSE(get(item("{}")));
}

TEST_P(EventDetailsContract, TheFirstPutWinsAndRepeatingIsHarmless) {
  auto const one = item(R"({"n":1})");
  auto other = one;
  other.details = R"({"n":2})";
  put({one});
  put({one, other});
  EXPECT_EQ(get(one)->details, R"({"n":1})");
  EXPECT_EQ(ids().size(), 1U);
}

TEST_P(EventDetailsContract, ARedactionWinsOverPutsBeforeAndAfterIt) {
  auto const before = item(R"({"n":1})");
  put({before});
  put({tombstone(before)});
  put({before});
  EXPECT_TRUE(get(before)->redacted);
  EXPECT_EQ(get(before)->details, "");
  EXPECT_EQ(get(before)->salt, "");
  auto const never = item(R"({"n":2})");
  put({tombstone(never), never});
  EXPECT_TRUE(get(never)->redacted);
  EXPECT_EQ(get(never)->details, "");
  EXPECT_TRUE(ids().empty()) << "nothing is left to compare";
}

TEST_P(EventDetailsContract, A8_TenantsAreApartEvenWithTheSameId) {
  auto const mine = item(R"({"n":1})");
  auto theirs = mine;
  theirs.tenant = TenantId{"other"};
  EXPECT_FALSE(get(theirs));
  theirs.details = R"({"n":2})";
  put({mine, theirs});
  EXPECT_EQ(get(mine)->details, R"({"n":1})");
  EXPECT_EQ(get(theirs)->details, R"({"n":2})");
  put({tombstone(theirs)});
  EXPECT_FALSE(get(mine)->redacted);
  EXPECT_EQ(ids({}, 100, "other").size(), 0U);
}

TEST_P(EventDetailsContract, IdsComeInOrderPageByPage) {
  auto expected = std::vector<EventId>{};
  for (auto i = 0; i < 7; ++i) {
    auto const one = item("{}");
    put({one});
    expected.push_back(one.event);
  }
  auto seen = std::vector<EventId>{};
  for (auto page = ids({}, 3); !page.empty(); page = ids(page.back(), 3))
    seen.insert(seen.end(), page.begin(), page.end());
  EXPECT_EQ(seen, expected);
}

}  // namespace hoist::contract

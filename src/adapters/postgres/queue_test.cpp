// What the queue's contract does not say: consumers of different tenants do not wait for each other.
#include "adapters/sql/queue.hpp"

#include <gtest/gtest.h>

#include <future>

#include "adapters/memory/wakeups.hpp"
#include "adapters/postgres/database.hpp"
#include "base/try.hpp"
#include "support/postgres_server.hpp"

namespace hoist::postgres {
namespace {

using namespace std::chrono_literals;
using hoist::testing::PostgresServer;

auto const acme = TenantId{"acme"};
auto const zeta = TenantId{"zeta"};

// What one process has of the queue.
struct Process {
  explicit Process(std::string const& url)
      : database{*open_database({.url = url, .writers = 3, .readers = 2}, {wakeups, metrics})},
        queue{sql_engine::make_queue(*database, wakeups, metrics, {})} {
    EXPECT_TRUE(queue->declare("q", {}, nullptr));
  }
  Result<void> send(TenantId const& tenant, std::string const& body) {
    return run_to_end<void>([&] {
      auto const work = [&](sql::Transaction& tx) -> Result<void> {
        auto const message = Outgoing{"q", tenant, "g", body, {}, Micros{0}};
        CHECK(queue->send(tx, {&message, 1}));
        return {};
      };
      return database->write(Scope::tenant(tenant), work, deadline_in(30s));
    });
  }
  std::vector<Message> receive(int max = 1, Micros wait = 0s) {
    auto request = ReceiveRequest{.queue = "q", .max = max, .wait = wait};
    auto messages = run_to_end<std::vector<Message>>(
        [&] { return queue->receive(std::move(request), deadline_in(30s)); });
    EXPECT_TRUE(messages) << messages.error().to_string();
    return messages ? *std::move(messages) : std::vector<Message>{};
  }

  memory::Wakeups wakeups;
  Metrics metrics;
  std::unique_ptr<sql::Database> database;
  std::unique_ptr<sql_engine::Queue> queue;
};

// A transaction of the tenant that stays open until this ends.
class Held {
 public:
  Held(Process& process, TenantId const& tenant) {
    process.database->submit(
        sql::Database::Access::write, Scope::tenant(tenant),
        [this](sql::Transaction&) -> Result<void> {
          entered_.set_value();
          open_.get_future().wait();
          return {};
        },
        deadline_in(60s), [this](Result<void> outcome) { ended_.set_value(outcome.has_value()); });
    entered_.get_future().wait();
  }
  ~Held() {
    open_.set_value();
    EXPECT_TRUE(ended_.get_future().get());
  }

 private:
  std::promise<void> entered_;
  std::promise<void> open_;
  std::promise<bool> ended_;
};

struct PostgresQueueTest : ::testing::Test {
  PostgresServer& server = PostgresServer::shared();
  std::string name = server.new_database();
  ~PostgresQueueTest() override { server.drop(name); }
  [[nodiscard]] std::string url() const { return server.url("app", name); }
};

TEST_F(PostgresQueueTest, ATransactionHeldOpenDoesNotDelayTheMessagesOfOtherTenants) {
  auto one = Process{url()};
  auto other = Process{url()};
  ASSERT_TRUE(one.send(acme, "a1"));
  for (auto const* body : {"z1", "z2", "z3"}) ASSERT_TRUE(one.send(zeta, body));
  {
    auto const held = Held{one, acme};
    for (auto* process : {&one, &other, &one}) {
      auto const messages = process->receive();
      ASSERT_EQ(messages.size(), 1U);
      EXPECT_EQ(messages[0].tenant, zeta);
      EXPECT_TRUE(run_to_end<void>(
          [&] { return process->queue->acknowledge(messages[0].receipt, deadline_in(30s)); }));
    }
    EXPECT_TRUE(other.receive().empty()) << "what is left is of the tenant whose rows are kept";
  }
  auto const messages = other.receive();
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].body, "a1");
}

TEST_F(PostgresQueueTest, WhatWaitsForATransactionIsReceivedWhenItEnds) {
  auto one = Process{url()};
  auto other = Process{url()};
  ASSERT_TRUE(one.send(acme, "a1"));
  auto held = std::make_unique<Held>(one, acme);
  auto received = std::async(std::launch::async, [&] { return other.receive(1, 30s); });
  held.reset();
  auto const messages = received.get();
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].body, "a1");
}

// Two processes that send without a pause hand the tenant's lock to each other.
TEST_F(PostgresQueueTest, ATenantThatIsSentToWithoutAPauseIsServedBesideTheOthers) {
  auto one = Process{url()};
  auto other = Process{url()};
  auto consumer = Process{url()};
  auto stop = std::atomic<bool>{false};
  auto const send_all = [&](Process& process) {
    for (auto i = 0; !stop; ++i) EXPECT_TRUE(process.send(acme, std::to_string(i)));
  };
  auto first = std::async(std::launch::async, [&] { send_all(one); });
  auto second = std::async(std::launch::async, [&] { send_all(other); });
  auto served = 0;
  for (auto round = 0; round < 2000 && served < 5; ++round) {
    ASSERT_TRUE(consumer.send(zeta, "z"));
    for (auto const& message : consumer.receive(10)) {
      served += message.tenant == acme ? 1 : 0;
      EXPECT_TRUE(
          run_to_end<void>([&] { return consumer.queue->acknowledge(message.receipt, deadline_in(30s)); }));
    }
  }
  stop = true;
  first.get();
  second.get();
  EXPECT_GE(served, 5);
}

}  // namespace
}  // namespace hoist::postgres

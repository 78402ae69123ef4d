// What the queue contract needs of an adapter under test, and short words to write it in.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "base/try.hpp"
#include "ports/consumer.hpp"
#include "ports/dead_letters.hpp"
#include "ports/joint_consumer.hpp"
#include "ports/outbox.hpp"
#include "ports/queue_registry.hpp"
#include "ports/queue_upkeep.hpp"

namespace hoist::contract {

using namespace std::chrono_literals;

class QueueHolder {
 public:
  virtual ~QueueHolder() = default;
  virtual QueueRegistry& registry() = 0;
  virtual Outbox& outbox() = 0;
  virtual Consumer& consumer() = 0;
  virtual JointConsumer* joint() = 0;  // absent where the queue has none
  virtual DeadLetters& letters() = 0;
  virtual QueueUpkeep& upkeep() = 0;
  virtual sql::Database& database() = 0;
  virtual ManualClock& clock() = 0;
  virtual void restart() = 0;  // everything that was acknowledged is still there
};

// Of an object that is all of it.
template <class Queue>
class HolderOf : public QueueHolder {
 public:
  virtual Queue& queue() = 0;
  QueueRegistry& registry() override { return queue(); }
  Outbox& outbox() final { return queue(); }
  Consumer& consumer() final { return queue(); }
  JointConsumer* joint() final {
    if constexpr (std::is_base_of_v<JointConsumer, Queue>) return &queue();
    return nullptr;
  }
  DeadLetters& letters() final { return queue(); }
  QueueUpkeep& upkeep() final { return queue(); }
};

struct QueueUnderTest {
  std::string name;
  std::function<std::unique_ptr<QueueHolder>()> make;
};

class QueueFixture : public ::testing::TestWithParam<QueueUnderTest> {
 protected:
  QueueFixture() : holder_{GetParam().make()} {}

  QueueRegistry& registry() { return holder_->registry(); }
  Outbox& outbox() { return holder_->outbox(); }
  Consumer& consumer() { return holder_->consumer(); }
  JointConsumer& joint() { return *holder_->joint(); }
  DeadLetters& letters() { return holder_->letters(); }
  QueueUpkeep& upkeep() { return holder_->upkeep(); }
  ManualClock& clock() { return holder_->clock(); }
  void restart() { holder_->restart(); }
  void pass(Micros time) { clock().advance(time); }
  void declare(QueuePolicy policy) { must(registry().declare("q", std::move(policy))); }

  template <class T>
  static T must(Result<T> result) {
    if (!result) ADD_FAILURE() << result.error().to_string();
    if constexpr (!std::is_void_v<T>) return result ? std::move(*result) : T{};
  }
  template <class T>
  static void expect_error(Result<T> const& result, Code code) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code(), code) << result.error().to_string();
  }
  template <class T>
  static Result<T> wait_for(std::function<Async<T>()> body) {
    return run_to_end<T>(std::move(body));
  }
  static Deadline soon() { return deadline_in(30s); }

  Result<void> in_transaction(std::function<Result<void>(sql::Transaction&)> work) {
    return wait_for<void>([&] { return holder_->database().write(Scope::system(), work, soon()); });
  }
  template <class F>
  auto in_database(F work) {
    return holder_->database().write(Scope::system(), std::move(work), soon());
  }
  Result<Sent> try_send(Outgoing message) {
    auto sent = Sent{};
    auto const done = in_transaction([&](sql::Transaction& tx) -> Result<void> {
      TRY(sent, outbox().send_one(tx, message));
      return {};
    });
    if (!done) return std::unexpected{done.error()};
    return sent;
  }
  Sent send(std::string group, std::string body, std::string key = {}, Micros delay = Micros{0}) {
    return must(try_send({"q", tenant, std::move(group), std::move(body), std::move(key), delay}));
  }
  Sent send_as(std::string who, std::string group, std::string body) {
    return must(try_send({"q", TenantId{std::move(who)}, std::move(group), std::move(body), {}, Micros{0}}));
  }
  std::vector<Message> receive(int max = 1, Micros visibility = 30s) {
    auto const request = ReceiveRequest{.queue = "q", .max = max, .visibility = visibility};
    return must(wait_for<std::vector<Message>>([&] { return consumer().receive(request, soon()); }));
  }
  Message receive_one(Micros visibility = 30s) {
    auto messages = receive(1, visibility);
    EXPECT_EQ(messages.size(), 1U);
    return messages.empty() ? Message{} : std::move(messages.front());
  }
  Result<void> acknowledge(Receipt receipt) {
    return wait_for<void>([&] { return consumer().acknowledge(receipt, soon()); });
  }
  Result<void> fail_it(Receipt receipt, QueueFailure failure) {
    return wait_for<void>([&] { return consumer().fail(receipt, failure, soon()); });
  }
  Result<void> extend(Receipt receipt, Micros visibility) {
    return wait_for<void>([&] { return consumer().extend(receipt, visibility, soon()); });
  }
  Result<void> release(Receipt receipt) {
    return wait_for<void>([&] { return consumer().release(receipt, soon()); });
  }
  Result<void> cancel(MessageId id) {
    return in_transaction([&](sql::Transaction& tx) { return joint().cancel(tx, "q", tenant, id); });
  }
  bool holds(std::string group) {
    auto held = false;
    must(in_transaction([&](sql::Transaction& tx) -> Result<void> {
      TRY(held, joint().holds(tx, "q", tenant, group));
      return {};
    }));
    return held;
  }
  std::vector<DeadLetter> dead_letters() {
    return must(wait_for<std::vector<DeadLetter>>(
        [&] { return letters().list("q", tenant, MessageId{}, 100, soon()); }));
  }
  using ChangeDead = Result<std::int64_t> (DeadLetters::*)(sql::Transaction&, std::string const&,
                                                           TenantId const&, std::span<MessageId const>);
  std::int64_t change_dead(ChangeDead change, std::vector<MessageId> ids) {
    auto count = std::int64_t{0};
    must(in_transaction([&](sql::Transaction& tx) -> Result<void> {
      TRY(count, (letters().*change)(tx, "q", tenant, ids));
      return {};
    }));
    return count;
  }
  std::int64_t redrive(std::vector<MessageId> ids) {
    return change_dead(&DeadLetters::redrive, std::move(ids));
  }
  std::int64_t redrive() {
    auto ids = std::vector<MessageId>{};
    for (auto const& letter : dead_letters()) ids.push_back(letter.id);
    return redrive(std::move(ids));
  }
  std::int64_t discard(std::vector<MessageId> ids) {
    return change_dead(&DeadLetters::discard, std::move(ids));
  }
  std::int64_t purge() {
    return must(wait_for<std::int64_t>([&] { return upkeep().purge("q", tenant, soon()); }));
  }
  std::int64_t maintain() {
    return must(wait_for<std::int64_t>([&] { return upkeep().maintain(soon()); }));
  }
  QueueStats stats() {
    return must(wait_for<QueueStats>([&] { return upkeep().stats("q", Scope::tenant(tenant), soon()); }));
  }
  // Kills the next message, whatever it is.
  Message kill_next(std::string cause) {
    auto message = receive_one();
    must(fail_it(message.receipt, {.cause = std::move(cause), .permanent = true}));
    return message;
  }
  static std::vector<std::string> bodies(std::vector<Message> const& messages) {
    auto all = std::vector<std::string>{};
    for (auto const& message : messages) all.push_back(message.body);
    return all;
  }
  // Receives and acknowledges one by one until nothing is left.
  std::vector<std::string> drain() {
    auto all = std::vector<std::string>{};
    for (auto next = receive(); !next.empty(); next = receive()) {
      all.push_back(next[0].body);
      must(acknowledge(next[0].receipt));
    }
    return all;
  }

  using Texts = std::vector<std::string>;
  TenantId tenant{"acme"};

 private:
  std::unique_ptr<QueueHolder> holder_;
};

}  // namespace hoist::contract

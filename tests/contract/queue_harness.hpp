// What the queue contract needs of an adapter under test, and short words to write it in.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/try.hpp"
#include "ports/queue.hpp"

namespace hoist::contract {

using namespace std::chrono_literals;

class QueueHolder {
 public:
  virtual ~QueueHolder() = default;
  virtual Queue& queue() = 0;
  virtual sql::Database& database() = 0;
  virtual ManualClock& clock() = 0;
  virtual void restart() = 0;  // everything that was acknowledged is still there
};

struct QueueUnderTest {
  std::string name;
  std::function<std::unique_ptr<QueueHolder>()> make;
};

class QueueContract : public ::testing::TestWithParam<QueueUnderTest> {
 protected:
  QueueContract() : holder_{GetParam().make()} {}

  Queue& queue() { return holder_->queue(); }
  ManualClock& clock() { return holder_->clock(); }
  void restart() { holder_->restart(); }
  void pass(Micros time) { clock().advance(time); }
  void declare(QueuePolicy policy) { must(queue().declare("q", std::move(policy))); }

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
    return wait_for<void>([&] { return holder_->database().write(tenant, work, soon()); });
  }
  template <class F>
  auto in_database(F work) {
    return holder_->database().write(tenant, std::move(work), soon());
  }
  Result<Sent> try_send(Outgoing message) {
    auto sent = Sent{};
    auto const done = in_transaction([&](sql::Transaction& tx) -> Result<void> {
      TRY(sent, queue().send(tx, message));
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
    return must(wait_for<std::vector<Message>>([&] { return queue().receive(request, soon()); }));
  }
  Message receive_one(Micros visibility = 30s) {
    auto messages = receive(1, visibility);
    EXPECT_EQ(messages.size(), 1U);
    return messages.empty() ? Message{} : std::move(messages.front());
  }
  Result<void> acknowledge(Receipt receipt) {
    return wait_for<void>([&] { return queue().acknowledge(receipt, soon()); });
  }
  Result<void> fail_it(Receipt receipt, QueueFailure failure) {
    return wait_for<void>([&] { return queue().fail(receipt, failure, soon()); });
  }
  Result<void> extend(Receipt receipt, Micros visibility) {
    return wait_for<void>([&] { return queue().extend(receipt, visibility, soon()); });
  }
  Result<void> release(Receipt receipt) {
    return wait_for<void>([&] { return queue().release(receipt, soon()); });
  }
  Result<void> cancel(MessageId id) {
    return in_transaction([&](sql::Transaction& tx) { return queue().cancel(tx, "q", tenant, id); });
  }
  std::vector<DeadLetter> dead_letters() {
    return must(wait_for<std::vector<DeadLetter>>(
        [&] { return queue().dead_letters("q", tenant, MessageId{}, 100, soon()); }));
  }
  std::int64_t redrive(std::vector<MessageId> ids = {}) {
    return must(wait_for<std::int64_t>([&] { return queue().redrive("q", tenant, ids, soon()); }));
  }
  std::int64_t discard(std::vector<MessageId> ids) {
    return must(wait_for<std::int64_t>([&] { return queue().discard("q", tenant, ids, soon()); }));
  }
  std::int64_t purge() {
    return must(wait_for<std::int64_t>([&] { return queue().purge("q", tenant, soon()); }));
  }
  std::int64_t maintain() {
    return must(wait_for<std::int64_t>([&] { return queue().maintain(soon()); }));
  }
  QueueStats stats() {
    return must(wait_for<QueueStats>([&] { return queue().stats("q", tenant, soon()); }));
  }
  GroupInfo group(std::string name) {
    return must(wait_for<GroupInfo>([&] { return queue().group("q", tenant, name, soon()); }));
  }
  std::optional<MessageInfo> find(MessageId id) {
    return must(wait_for<std::optional<MessageInfo>>([&] { return queue().find("q", tenant, id, soon()); }));
  }
  std::vector<MessageInfo> list(std::string group_name) {
    return must(wait_for<std::vector<MessageInfo>>(
        [&] { return queue().list("q", tenant, group_name, 0, 100, soon()); }));
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

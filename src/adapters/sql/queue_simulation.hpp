// One seeded random life of a queue on a simulated clock: producers, workers, crashes, freezes,
// clock jumps, duplicate and late answers. What the workers see goes into a History.
#pragma once

#include <algorithm>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "adapters/sql/queue_engine.hpp"
#include "support/history.hpp"

namespace hoist::testing {

// What a broken engine would do, one fault for each rule of the checker.
enum class Mutation { none, retry_goes_last, swaps_arrivals, forgets_lease, drops_message, forgets_ack };

class QueueSimulation final : public MessageFollower {
 public:
  QueueSimulation(std::uint64_t seed, sql::Database& database, Mutation mutation = Mutation::none);

  // Steps of random life, then calm until everything is settled.
  History const& run(int steps);
  // Called when the simulated process dies; gives the database it comes back with.
  std::function<sql::Database&()> restart_with;

 private:
  struct Held {
    std::vector<Message> messages;  // of one delivery, in order
    std::size_t next = 0;
    bool started = false;
    Time until;
  };

  bool chance(int percent);
  std::int64_t number(std::int64_t from, std::int64_t to);
  Result<void> write(std::function<Result<void>(sql::Transaction&)> work);
  void settle_events();
  Result<void> on(sql::Transaction& tx, QueueEvent const& event) override;
  Result<void> redrive(sql::Transaction& tx, TenantId const& tenant, int limit);

  void produce();
  void produce_again();
  void receive(Held& worker);
  void work(Held& worker);
  void start_next(Held& worker);
  void finish_current(Held& worker);
  bool acknowledge(Message const& message, bool answer_lost);
  void give_up(Held& worker);
  void administer();
  void late_failure(Receipt const& receipt);
  void crash();
  void move_clock();
  void calm_down();
  void mutate_after_send(sql::Transaction& tx);
  void mutate_after_fail(sql::Transaction& tx, Message const& message);

  std::mt19937_64 random_;
  sql::Database* database_;
  Mutation mutation_;
  std::uint64_t seed_;
  std::string queue_;
  QueuePolicy policy_;
  ManualClock clock_;
  Time latest_;
  bool calm_ = false;
  std::unique_ptr<sql_engine::queue::Engine> engine_;
  std::vector<Held> workers_;
  std::vector<Receipt> stale_;                         // receipts to answer with late or twice
  std::vector<std::pair<Outgoing, MessageId>> keyed_;  // accepted with a dedup key
  std::vector<std::pair<TenantId, MessageId>> sent_;
  std::vector<QueueEvent> events_;  // of the transaction in progress
  History history_;
};

}  // namespace hoist::testing

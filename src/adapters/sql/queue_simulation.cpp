#include "adapters/sql/queue_simulation.hpp"

#include "adapters/sql/queue_look.hpp"
#include "base/try.hpp"

namespace hoist::testing {
namespace {

using namespace std::chrono_literals;

constexpr auto visibility = Micros{30s};

std::string lane_of(TenantId const& tenant, std::string const& group) {
  return tenant.str() + "/" + group;
}

Result<void> none(Result<std::int64_t> const& result) {
  return result ? Result<void>{} : std::unexpected{result.error()};
}

}  // namespace

QueueSimulation::QueueSimulation(std::uint64_t seed, sql::Database& database, Mutation mutation)
    : random_{seed},
      database_{&database},
      mutation_{mutation},
      seed_{seed},
      queue_{"sim-" + std::to_string(seed)} {
  policy_.attempts_max = number(1, 4);
  policy_.on_dead = static_cast<OnDead>(number(0, 2));
  policy_.dedup_window = 10'000h;
  policy_.backoff_base = 1s;
  policy_.backoff_max = 10s;
  latest_ = clock_.now();
  workers_.resize(static_cast<std::size_t>(number(1, 4)));
  crash();
}

bool QueueSimulation::chance(int percent) {
  return number(1, 100) <= percent;
}

std::int64_t QueueSimulation::number(std::int64_t from, std::int64_t to) {
  return std::uniform_int_distribution<std::int64_t>{from, to}(random_);
}

// Databases used here run the work before submit() returns, or are waited for.
Result<void> QueueSimulation::write(std::function<Result<void>(sql::Transaction&)> work) {
  events_.clear();
  auto done = std::promise<Result<void>>{};
  auto future = done.get_future();
  database_->submit(sql::Database::Access::write, Scope::system(), std::move(work), deadline_in(60s),
                    [&](Result<void> outcome) { done.set_value(std::move(outcome)); });
  auto outcome = future.get();
  if (outcome) settle_events();
  events_.clear();
  return outcome;
}

void QueueSimulation::settle_events() {
  for (auto const& event : events_) {
    auto const& id = event.message.id.str();
    if (event.kind == QueueEvent::Kind::expired) history_.lapsed(id, clock_.now());
    if (event.kind == QueueEvent::Kind::dead) history_.dead(id);
    if (event.kind == QueueEvent::Kind::redriven) history_.redriven(id);
    if (event.kind == QueueEvent::Kind::cancelled) history_.settled(id);
  }
}

Result<void> QueueSimulation::on(sql::Transaction& tx, QueueEvent const& event) {
  tx.after_commit([this, event] { events_.push_back(event); });
  return {};
}

Result<void> QueueSimulation::redrive(sql::Transaction& tx, TenantId const& tenant, int limit) {
  auto changes = sql_engine::queue::Changes{};
  auto ids = std::vector<MessageId>{};
  TRY(auto const letters, sql_engine::queue::dead_letters(tx, queue_, tenant, MessageId{}, limit));
  for (auto const& letter : letters) ids.push_back(letter.id);
  CHECK(engine_->redrive(tx, queue_, tenant, ids, clock_.now(), changes));
  return {};
}

void QueueSimulation::crash() {
  if (restart_with) database_ = &restart_with();
  engine_ = std::make_unique<sql_engine::queue::Engine>(seed_);
  (void)engine_->declare(queue_, {policy_, this});
  for (auto& worker : workers_) give_up(worker);
}

void QueueSimulation::give_up(Held& worker) {
  for (auto const& message : worker.messages) stale_.push_back(message.receipt);
  worker = {};
}

void QueueSimulation::produce() {
  auto batch = std::vector<Outgoing>{};
  for (auto left = number(1, 3); left > 0; --left) {
    auto message = Outgoing{.queue = queue_,
                            .tenant = TenantId{"t" + std::to_string(number(1, 2))},
                            .group = "g" + std::to_string(number(1, 3)),
                            .body = std::to_string(random_())};
    if (chance(10)) message.delay = Micros{number(0, 20'000'000)};
    if (chance(20)) message.dedup_key = "k" + message.body;
    batch.push_back(std::move(message));
    history_.attempted();
  }
  auto const dies = chance(10);
  auto accepted = std::vector<Sent>{};
  auto const done = write([&](sql::Transaction& tx) -> Result<void> {
    accepted.clear();
    for (auto rest = std::span{std::as_const(batch)}; !rest.empty();) {
      auto changes = sql_engine::queue::Changes{};
      auto const same = std::ranges::find_if(
          rest, [&](Outgoing const& message) { return message.tenant != rest.front().tenant; });
      auto const together = rest.first(static_cast<std::size_t>(same - rest.begin()));
      TRY(auto sent, engine_->send(tx, together, clock_.now(), changes));
      std::ranges::move(sent, std::back_inserter(accepted));
      rest = rest.subspan(together.size());
    }
    if (dies) return fail(Code::cancelled);  // before the commit: the worker was not told, nothing may stay
    mutate_after_send(tx);
    return {};
  });
  if (!done) return;
  for (std::size_t i = 0; i < accepted.size(); ++i) {
    history_.accepted(lane_of(batch[i].tenant, batch[i].group), accepted[i].id.str());
    sent_.emplace_back(batch[i].tenant, accepted[i].id);
    if (!batch[i].dedup_key.empty()) keyed_.emplace_back(batch[i], accepted[i].id);
  }
}

// A producer that did not hear the answer.
void QueueSimulation::produce_again() {
  auto const& [message, first] = keyed_[static_cast<std::size_t>(number(0, std::ssize(keyed_) - 1))];
  auto sent = Sent{};
  auto const done = write([&](sql::Transaction& tx) -> Result<void> {
    auto changes = sql_engine::queue::Changes{};
    TRY(auto again, engine_->send(tx, {&message, 1}, clock_.now(), changes));
    sent = again.front();
    return {};
  });
  if (done) history_.repeated(first.str(), sent.id.str());
}

void QueueSimulation::receive(Held& worker) {
  auto const request =
      ReceiveRequest{.queue = queue_, .max = static_cast<int>(number(1, 4)), .visibility = visibility};
  auto received = sql_engine::queue::Received{};
  auto const dies = !calm_ && chance(5);
  auto const done = write([&](sql::Transaction& tx) -> Result<void> {
    auto changes = sql_engine::queue::Changes{};
    TRY(received, engine_->receive(tx, request, clock_.now(), changes));
    if (mutation_ == Mutation::forgets_lease && !calm_)
      CHECK(none(
          tx.execute("UPDATE queue_groups SET in_flight = '', ready_us = $2 WHERE queue = $1 AND depth > 0 "
                     "AND in_flight <> ''",
                     {queue_, to_us(clock_.now())})));
    return {};
  });
  if (!done) return;
  for (auto const& message : received.messages)
    history_.delivered(message.receipt.id.str(), message.receipt.fence, clock_.now(), message.visible_until);
  worker = {.messages = std::move(received.messages)};
  if (!worker.messages.empty()) worker.until = worker.messages[0].visible_until;
  if (dies) give_up(worker);  // the delivery happened, and no worker knows
}

void QueueSimulation::work(Held& worker) {
  if (worker.next >= worker.messages.size())
    receive(worker);
  else if (!worker.started)
    start_next(worker);
  else
    finish_current(worker);
}

void QueueSimulation::start_next(Held& worker) {
  // A worker does not begin what it no longer holds; what it cannot know is left to the fence.
  if (worker.until <= clock_.now()) return give_up(worker);
  auto const& receipt = worker.messages[worker.next].receipt;
  history_.started(receipt.id.str(), receipt.fence);
  worker.started = true;
}

bool QueueSimulation::acknowledge(Message const& message, bool answer_lost) {
  auto first_time = false;
  auto const done = write([&](sql::Transaction& tx) -> Result<void> {
    auto changes = sql_engine::queue::Changes{};
    TRY(first_time, engine_->acknowledge(tx, message.receipt, clock_.now(), changes));
    if (mutation_ == Mutation::forgets_ack && first_time && !calm_) {
      auto const& r = message.receipt;
      CHECK(
          none(tx.execute("INSERT INTO queue_messages (id, queue, tenant, group_name, sequence, state, body, "
                          "attempts, ready_us, sent_us) VALUES ($1, $2, $3, $4, $5, 'w', '', 0, 0, 0)",
                          {r.id.str(), r.queue, r.tenant.str(), r.group, r.sequence})));
      CHECK(
          none(tx.execute("UPDATE queue_groups SET depth = depth + 1, ready_us = $4 WHERE queue = $1 AND "
                          "tenant = $2 AND group_name = $3",
                          {r.queue, r.tenant.str(), r.group, to_us(clock_.now())})));
    }
    return {};
  });
  if (done && first_time) {
    history_.effect(message.receipt.id.str());
    history_.settled(message.receipt.id.str());
  }
  return done.has_value() && !answer_lost;
}

void QueueSimulation::finish_current(Held& worker) {
  auto const message = worker.messages[worker.next];
  auto const& id = message.receipt.id.str();
  auto const dice = number(1, 100);
  auto changes = sql_engine::queue::Changes{};
  // After this answer the worker is free, whatever it was.
  auto const stop = [&](bool taken_note) {
    if (taken_note) history_.stopped(id, message.receipt.fence);
    give_up(worker);
  };
  if (dice <= 60) {
    if (!acknowledge(message, chance(5))) return stop(false);
    stale_.push_back(message.receipt);
    ++worker.next;
    worker.started = false;
  } else if (dice <= 75) {
    auto const failure =
        QueueFailure{.cause = "no",
                     .delay = chance(50) ? std::optional{Micros{number(0, 5'000'000)}} : std::nullopt,
                     .permanent = chance(15)};
    auto const done = write([&](sql::Transaction& tx) -> Result<void> {
      CHECK(engine_->fail(tx, message.receipt, failure, clock_.now(), changes));
      mutate_after_fail(tx, message);
      return {};
    });
    stop(done.has_value());
  } else if (dice <= 80) {
    auto const done = write(
        [&](sql::Transaction& tx) { return engine_->release(tx, message.receipt, clock_.now(), changes); });
    stop(done.has_value());
  } else if (dice <= 90) {
    auto const until = clock_.now() + visibility;
    auto const done = write([&](sql::Transaction& tx) {
      return engine_->extend(tx, message.receipt, visibility, clock_.now(), changes);
    });
    if (!done) return stop(false);
    history_.extended(id, message.receipt.fence, until);
    worker.until = until;
  } else if (dice <= 95) {
    give_up(worker);  // crashes in the middle; its lease goes on
  }  // else: frozen for a while
}

void QueueSimulation::administer() {
  auto changes = sql_engine::queue::Changes{};
  auto const tenant = TenantId{"t" + std::to_string(number(1, 2))};
  auto const dice = number(1, 3);
  if (dice == 1) {
    (void)write([&](sql::Transaction& tx) -> Result<void> {
      return redrive(tx, tenant, static_cast<int>(number(1, 5)));
    });
  } else if (dice == 2 && !sent_.empty()) {
    auto const [owner, id] = sent_[static_cast<std::size_t>(number(0, std::ssize(sent_) - 1))];
    (void)write(
        [&](sql::Transaction& tx) { return engine_->cancel(tx, queue_, owner, id, clock_.now(), changes); });
  } else if (!stale_.empty()) {
    // Late or repeated, it must change nothing: the effect is only counted when it does.
    auto const receipt = stale_[static_cast<std::size_t>(number(0, std::ssize(stale_) - 1))];
    auto message = Message{.receipt = receipt};
    if (chance(50))
      (void)acknowledge(message, false);
    else
      late_failure(receipt);
  }
}

void QueueSimulation::late_failure(Receipt const& receipt) {
  auto const done = write([&](sql::Transaction& tx) -> Result<void> {
    auto changes = sql_engine::queue::Changes{};
    CHECK(engine_->fail(tx, receipt, {.cause = "late"}, clock_.now(), changes));
    return {};
  });
  if (done) history_.stopped(receipt.id.str(), receipt.fence);
}

void QueueSimulation::move_clock() {
  auto const dice = number(1, 100);
  if (dice <= 80)
    clock_.advance(Micros{number(0, 3'000'000)});
  else if (dice <= 95)
    clock_.advance(Micros{number(0, 60'000'000)});
  else
    clock_.advance(Micros{number(-3'600'000'000, 3'600'000'000)});
  latest_ = std::max(latest_, clock_.now());
}

void QueueSimulation::mutate_after_send(sql::Transaction& tx) {
  if (mutation_ == Mutation::drops_message && chance(10))
    (void)tx.execute(
        "DELETE FROM queue_messages WHERE id = (SELECT max(id) FROM queue_messages WHERE queue = $1)",
        {queue_});
  if (mutation_ == Mutation::swaps_arrivals) {
    auto const rows = tx.query(
        "SELECT a.id, b.id, a.sequence, b.sequence FROM queue_messages a JOIN queue_messages b ON b.queue = "
        "a.queue "
        "AND b.tenant = a.tenant AND b.group_name = a.group_name AND b.sequence = a.sequence + 1 "
        "AND a.state = 'w' AND b.state = 'w' WHERE a.queue = $1 ORDER BY b.id DESC LIMIT 1",
        {queue_});
    if (!rows || rows->empty()) return;
    auto const& row = (*rows)[0];
    auto const place = [&](std::string const& id, std::int64_t sequence) {
      (void)tx.execute("UPDATE queue_messages SET sequence = $2 WHERE id = $1", {id, sequence});
    };
    place(row.text(0), -1);
    place(row.text(1), row.integer(2));
    place(row.text(0), row.integer(3));
  }
}

void QueueSimulation::mutate_after_fail(sql::Transaction& tx, Message const& message) {
  if (mutation_ != Mutation::retry_goes_last) return;
  (void)tx.execute(
      "UPDATE queue_messages SET sequence = 1000 + sequence, ready_us = 0 WHERE id = $1 AND state = 'w'",
      {message.receipt.id.str()});
  (void)tx.execute(
      "UPDATE queue_groups SET ready_us = $4 WHERE queue = $1 AND tenant = $2 AND group_name = $3 AND "
      "depth > 0",
      {queue_, message.tenant.str(), message.group, to_us(clock_.now())});
}

void QueueSimulation::calm_down() {
  calm_ = true;
  if (clock_.now() < latest_) clock_.set(latest_);
  for (auto& worker : workers_) give_up(worker);
  for (auto round = 0; round < 50; ++round) {
    clock_.advance(2min);
    for (auto const* tenant : {"t1", "t2"})
      (void)write([&](sql::Transaction& tx) -> Result<void> { return redrive(tx, TenantId{tenant}, 1000); });
    auto found = false;
    while (true) {
      auto worker = Held{};
      receive(worker);
      if (worker.messages.empty()) break;
      found = true;
      while (worker.next < worker.messages.size() && worker.until > clock_.now()) {
        start_next(worker);
        if (!acknowledge(worker.messages[worker.next], false)) break;
        ++worker.next;
      }
    }
    if (!found && round > 1) break;
  }
}

History const& QueueSimulation::run(int steps) {
  for (auto step = 0; step < steps; ++step) {
    auto const dice = number(1, 100);
    if (dice <= 3 && !keyed_.empty())
      produce_again();
    else if (dice <= 20)
      produce();
    else if (dice <= 80)
      work(workers_[static_cast<std::size_t>(number(0, std::ssize(workers_) - 1))]);
    else if (dice <= 92)
      move_clock();
    else if (dice <= 98)
      administer();
    else
      crash();
  }
  calm_down();
  history_.finish();
  return history_;
}

}  // namespace hoist::testing

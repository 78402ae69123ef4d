// A whole task feature for tests: SQLite, the queue of the engine, a clock moved by hand, routes behind a
// gate that lets everybody in.
#pragma once

#include <gtest/gtest.h>

#include "adapters/sql/audit.hpp"
#include "adapters/sql/idempotency.hpp"
#include "base/try.hpp"
#include "model/queue_names.hpp"
#include "support/allow_gate.hpp"
#include "support/test_database.hpp"
#include "support/test_queue.hpp"
#include "support/whole_answer.hpp"
#include "tasks/follower.hpp"
#include "tasks/processor.hpp"
#include "tasks/routes.hpp"

namespace hoist::tasks {

using namespace std::chrono_literals;

inline std::string text_at(json::value const& value, std::string_view name) {
  auto const* member = value.as_object().if_contains(name);
  if (member == nullptr || !member->is_string()) return {};
  return {member->get_string().data(), member->get_string().size()};
}

class TaskFixture : public ::testing::Test {
 protected:
  TaskFixture() { declare({}); }

  // Once, before anything else for other rules than the usual ones.
  void declare(QueuePolicy rules) {
    auto const options = sql_engine::QueueOptions{.seed = 1, .poll_max = 5ms};
    queue =
        std::make_unique<hoist::testing::TestQueue>(*database, database.wakeups(), clock, metrics, options);
    EXPECT_TRUE(queue->registry().declare(task_queue, std::move(rules), &follower));
    use(queue->outbox(), queue->joint(), queue->consumer(), queue->letters());
  }
  void use(Outbox& outbox, JointConsumer* joint, Consumer& taken_from, DeadLetters& letters) {
    consumer = &taken_from;
    joint_consumer = joint;
    dead_letters = &letters;
    service =
        std::make_unique<Service>(Ports{*database, outbox, joint, idempotency, audit, metrics}, Options{});
    router = std::make_unique<net::Router>(net::Router::Options{}, gate, metrics);
    add_routes(*router, *service, clock);
  }

  template <class T>
  Result<T> sync(Async<T> operation) {
    auto body = std::function<Async<T>()>{[&operation] { return std::move(operation); }};
    return run_to_end<T>(body);
  }
  static Deadline soon() { return deadline_in(20s); }

  net::Response call(std::string method, std::string target, std::string body = {},
                     net::Headers headers = {}) {
    auto request = net::Request{};
    request.method = std::move(method);
    request.path = target.substr(0, target.find('?'));
    if (auto const at = target.find('?'); at != target.npos) {
      auto rest = std::string_view{target}.substr(at + 1);
      while (!rest.empty()) {
        auto const pair = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
        auto const equals = pair.find('=');
        request.query.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
      }
    }
    request.target = std::move(target);
    request.headers = std::move(headers);
    if (!request.headers.has("Content-Type")) request.headers.set("Content-Type", "application/json");
    request.body = std::move(body);
    request.request_id = "request-1";
    request.trace_parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    request.deadline = soon();
    auto body_of = std::function<Async<net::Response>()>{[&]() -> Async<net::Response> {
      auto answer = co_await router->handle(std::move(request));
      co_return co_await hoist::testing::whole(std::move(answer));
    }};
    return run_to_end<net::Response>(body_of).value();
  }
  json::value ok(int status, std::string method, std::string target, std::string body = {},
                 net::Headers headers = {}) {
    auto const response = call(std::move(method), std::move(target), std::move(body), std::move(headers));
    EXPECT_EQ(response.status, status) << response.body;
    auto parsed = parse_json(response.body, {.depth_max = 64});
    return parsed ? *parsed : json::value{json::object{}};
  }
  static net::Headers with(std::string_view name, std::string_view value) {
    auto headers = net::Headers{};
    headers.set(name, std::string{value});
    return headers;
  }

  // Accepts a task and answers its id.
  std::string add(std::string title, std::string group = default_group) {
    auto const body = json::serialize(json::object{
        {"title", std::move(title)}, {"description", ""}, {"priority", "low"}, {"group", std::move(group)}});
    return text_at(ok(201, "POST", "/tasks", body), "task_id");
  }
  json::value task(std::string const& id) { return ok(200, "GET", "/tasks/" + id); }
  std::string status(std::string const& id) { return text_at(task(id), "status"); }

  std::vector<DeadLetter> letters(std::string tenant = "acme") {
    return sync(dead_letters->list(task_queue, TenantId{std::move(tenant)}, MessageId{}, 100, soon()))
        .value();
  }
  std::int64_t redrive_all() {
    auto count = std::int64_t{0};
    auto ids = std::vector<MessageId>{};
    for (auto const& letter : letters()) ids.push_back(letter.id);
    auto const redrive = [&](sql::Transaction& tx) -> Result<void> {
      TRY(count, dead_letters->redrive(tx, task_queue, TenantId{"acme"}, ids));
      return {};
    };
    EXPECT_TRUE(hoist::testing::write_now(*database, redrive));
    return count;
  }

  // Without the router, whose event loop would be inside the one that runs the processor.
  std::string stored(std::string const& id) {
    auto state = std::string{};
    auto const look = [&](sql::Transaction& tx) -> Result<void> {
      TRY(auto const rows, tx.query("SELECT state FROM tasks WHERE id = $1", {id}));
      if (!rows.empty()) state = rows[0].text(0);
      return {};
    };
    EXPECT_TRUE(hoist::testing::read_now(*database, look));
    return state;
  }

  // To the time of the next retry, if one is awaited: never past what a lease allows.
  void walk() {
    auto const look = [&](sql::Transaction& tx) -> Result<void> {
      TRY(auto const rows, tx.query("SELECT min(retry_us) FROM tasks WHERE state = 'retrying'"));
      if (!rows[0].is_null(0)) clock.set(std::max(clock.now(), rows[0].time(0)));
      return {};
    };
    EXPECT_TRUE(hoist::testing::read_now(*database, look));
  }

  // Runs a processor until `done` holds (or five seconds passed, which fails the test).
  void process_until(MakeHandler make, std::function<bool()> done, ProcessorOptions options = {}) {
    options.poll = 20ms;
    auto const finished = run_to_end<bool>([&]() -> Async<bool> {
      auto processor = Processor{{*database, *consumer, joint_consumer, metrics}, make, options};
      processor.start({co_await asio::this_coro::executor});
      auto const until = deadline_in(8s);
      auto signal = Signal{};
      while (!done() && std::chrono::steady_clock::now() < until)
        CO_CHECK(co_await signal.wait(signal.ticket(), deadline_in(2ms)));
      auto const fine = done();
      EXPECT_TRUE(*co_await processor.stop(5s));
      co_return fine;
    });
    EXPECT_TRUE(finished && *finished) << "the processor did not get there";
  }

  ManualClock clock;
  Metrics metrics;
  hoist::testing::TestDatabase database = hoist::testing::fast_database(clock);
  sql_engine::SqlIdempotency idempotency;
  sql_engine::AuditLog audit;
  hoist::testing::AllowGate gate;
  TaskFollower follower;
  std::unique_ptr<hoist::testing::TestQueue> queue;
  Consumer* consumer = nullptr;
  JointConsumer* joint_consumer = nullptr;
  DeadLetters* dead_letters = nullptr;
  std::unique_ptr<Service> service;
  std::unique_ptr<net::Router> router;
};

}  // namespace hoist::tasks

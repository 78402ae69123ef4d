// The queue engine on its SQLite database, used as the task processor uses it: what was done is acknowledged
// and the next taken in one flushed transaction.
//
//   bench_queue --what one-group   --folder F --count N
//   bench_queue --what many-groups --folder F --count N --groups G --workers W
//   bench_queue --what receive     --folder F --count N --groups G
//
// The first two put N messages there and print how many a second are worked through; receive prints the p99
// in ms of taking a message while N wait. `misordered` counts starts that broke the order of their group.
#include "adapters/sql/queue.hpp"

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <thread>

#include "adapters/memory/wakeups.hpp"
#include "adapters/sqlite/database.hpp"
#include "sql/migrations.hpp"
#include "support.hpp"

namespace {

using namespace std::chrono_literals;
using hoist::Async;
using hoist::Message;
using hoist::Result;

constexpr auto fill_batch = std::int64_t{500};
constexpr auto measured_receives = std::int64_t{2000};

template <class T>
T must(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "%s\n", result.error().to_string().c_str());
  _exit(1);
}

struct Bench {
  std::string path;
  hoist::Metrics metrics;
  hoist::SystemClock clock;
  hoist::memory::Wakeups wakeups;
  std::unique_ptr<hoist::sql::Database> database;
  std::unique_ptr<hoist::sql_engine::Queue> queue;
  hoist::TenantId tenant{"bench"};
  std::int64_t count = 0;
  std::int64_t groups = 1;

  explicit Bench(std::string folder) : path{std::move(folder) + "/queue.db"} {
    remove();
    database = must(hoist::sqlite::open_database({.path = path}, {clock, wakeups}, metrics));
    must(hoist::sql::migrate(*database, "sqlite"));
    queue = hoist::sql_engine::make_queue(*database, wakeups, metrics);
    if (!queue->declare("bench", {.depth_max = 10'000'000})) bench::die("declare");
  }
  ~Bench() {
    queue.reset();
    database.reset();
    remove();
  }

  void remove() const {
    for (auto const* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
  }

  // Spread over the groups in turn.
  void fill() {
    for (auto first = std::int64_t{0}; first < count; first += fill_batch) {
      must(hoist::run_to_end<std::int64_t>([&]() -> Async<std::int64_t> {
        auto send = [&](hoist::sql::Transaction& tx) -> Result<std::int64_t> {
          for (auto n = first; n < std::min(first + fill_batch, count); ++n) {
            auto const sent = queue->send_one(tx, {.queue = "bench",
                                                   .tenant = tenant,
                                                   .group = "group-" + std::to_string(n % groups),
                                                   .body = std::string(300, 'b')});
            if (!sent) return std::unexpected{sent.error()};
          }
          return 0;
        };
        co_return co_await database->write(hoist::Scope::tenant(tenant), send, hoist::deadline_in(60s));
      }));
    }
  }
};

class Order {
 public:
  void see(Message const& message) {
    auto const lock = std::scoped_lock{mutex_};
    auto& last = last_[message.group];
    if (message.sequence <= last) ++misordered_;
    last = message.sequence;
    ++seen_;
  }
  std::int64_t seen() {
    auto const lock = std::scoped_lock{mutex_};
    return seen_;
  }
  std::int64_t misordered() {
    auto const lock = std::scoped_lock{mutex_};
    return misordered_;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::int64_t> last_;
  std::int64_t seen_ = 0;
  std::int64_t misordered_ = 0;
};

// Takes one message after another until none is left.
Async<bool> work(Bench& bench, Order& order) {
  auto done = std::vector<hoist::Receipt>{};
  while (order.seen() < bench.count || !done.empty()) {
    auto settled = co_await bench.queue->settle_and_receive(
        std::exchange(done, {}), {.queue = "bench", .max = 1, .wait = hoist::Micros{20'000}},
        hoist::deadline_in(60s));
    if (!settled) co_return std::unexpected{settled.error()};
    for (auto const& message : settled->messages) {
      order.see(message);
      done.push_back(message.receipt);
    }
  }
  co_return true;
}

void measure_work(Bench& bench, std::int64_t workers) {
  auto order = Order{};
  auto const began = bench::now_s();
  auto threads = std::vector<std::jthread>{};
  for (auto i = std::int64_t{0}; i < workers; ++i)
    threads.emplace_back([&] { must(hoist::run_to_end<bool>([&] { return work(bench, order); })); });
  threads.clear();
  std::printf("{\"value\": %.1f, \"misordered\": %lld}\n", double(bench.count) / (bench::now_s() - began),
              static_cast<long long>(order.misordered()));
}

void measure_receive(Bench& bench) {
  auto seconds = std::vector<double>{};
  must(hoist::run_to_end<bool>([&]() -> Async<bool> {
    for (auto i = std::int64_t{0}; i < std::min(measured_receives, bench.count); ++i) {
      auto const began = bench::now_s();
      auto const messages =
          must(co_await bench.queue->receive({.queue = "bench", .max = 1}, hoist::deadline_in(60s)));
      seconds.push_back(bench::now_s() - began);
      for (auto const& message : messages) {
        auto const done = co_await bench.queue->acknowledge(message.receipt, hoist::deadline_in(60s));
        if (!done) co_return std::unexpected{done.error()};
      }
    }
    co_return true;
  }));
  std::printf("{\"value\": %.4f, \"p50 ms\": %.4f}\n", bench::percentile(seconds, 0.99) * 1e3,
              bench::percentile(seconds, 0.5) * 1e3);
}

}  // namespace

int main(int count, char** arguments) {
  auto const options = bench::parse_options(
      count, arguments,
      {{"what", ""}, {"folder", "."}, {"count", "1000"}, {"groups", "1"}, {"workers", "1"}});
  auto bench = Bench{options.at("folder")};
  bench.count = bench::number(options, "count");
  bench.groups = bench::number(options, "groups");
  bench.fill();
  if (options.at("what") == "receive")
    measure_receive(bench);
  else
    measure_work(bench, bench::number(options, "workers"));
}

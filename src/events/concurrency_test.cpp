// Threat E2: a sequence number taken before its commit lets a reader skip an event. Writers here hold
// their transactions open for random times, in other transactions' company, while readers tail.
#include <fmt/format.h>

#include <atomic>
#include <random>
#include <set>
#include <thread>

#include "events/log_fixture.hpp"

namespace hoist::events {
namespace {

class Concurrency : public LogFixture {
 protected:
  static constexpr int writers = 64;
  static constexpr int events_per_writer = 12;
  static constexpr int readers = 4;

  // One event, committed after a random delay inside its transaction; some transactions fail at the end.
  std::optional<std::string> write_slowly(std::mt19937& random, int writer, int i) {
    auto const fails = random() % 10 == 0;
    auto const delay = std::chrono::microseconds{random() % 800};
    auto one = event(fmt::format("u{}", writer), "tick", {{"i", i}});
    auto const id = one.id.str();
    auto const done = hoist::testing::write_now(*database, [&](sql::Transaction& tx) -> Result<void> {
      auto events = std::vector<NewEvent>{one};
      TRY(auto const outcome, index.append(tx, acme, events));
      std::this_thread::sleep_for(delay);
      if (fails) return fail(Code::conflict);
      tx.notify(events_of(acme));
      return {};
    });
    EXPECT_EQ(done.has_value(), !fails);
    return done ? std::optional{id} : std::nullopt;
  }

  // Everything a reader sees that asks, again and again, for what comes after the last it saw.
  std::vector<std::string> tail(std::atomic<bool> const& writing) {
    auto seen = std::vector<std::string>{};
    auto query = EventQuery{};
    query.tenant = acme;
    query.limit = 7;
    while (true) {
      auto const last_look = !writing;
      auto const page = sync(service.list(query, soon()));
      EXPECT_TRUE(page);
      for (auto const& view : page->events) seen.push_back(view.event.facts.id.str());
      if (!page->events.empty())
        query.after = page->events.back().event.facts.sequence;
      else if (last_look)
        return seen;
    }
  }
};

TEST_F(Concurrency, E2_TailingReadersNeverSkipWhatSlowWritersCommit) {
  auto writing = std::atomic{true};
  auto seen = std::vector<std::vector<std::string>>(readers);
  auto tails = std::vector<std::jthread>{};
  for (auto& mine : seen) tails.emplace_back([&] { mine = tail(writing); });
  auto committed = std::vector<std::vector<std::string>>(writers);
  {
    auto threads = std::vector<std::jthread>{};
    for (int writer = 0; writer < writers; ++writer)
      threads.emplace_back([&, writer] {
        auto random = std::mt19937{static_cast<unsigned>(writer)};
        for (int i = 0; i < events_per_writer; ++i)
          if (auto id = write_slowly(random, writer, i))
            committed[static_cast<std::size_t>(writer)].push_back(*id);
      });
  }
  writing = false;
  tails.clear();
  auto expected = std::set<std::string>{};
  for (auto const& mine : committed) expected.insert(mine.begin(), mine.end());
  for (auto const& mine : seen) {
    EXPECT_EQ(mine.size(), expected.size()) << "an event was seen twice or skipped";
    EXPECT_EQ(std::set<std::string>(mine.begin(), mine.end()), expected);
  }
  auto const views = all(writers * events_per_writer);
  for (std::size_t i = 0; i < views.size(); ++i)
    ASSERT_EQ(views[i].event.facts.sequence, static_cast<std::int64_t>(i) + 1);
  std::printf("writers %d, committed %zu, taken back %zu, readers %d, skipped 0\n", writers, expected.size(),
              static_cast<std::size_t>(writers * events_per_writer) - expected.size(), readers);
}

}  // namespace
}  // namespace hoist::events

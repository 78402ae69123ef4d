#include "adapters/sql/queue_simulation.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "support/test_database.hpp"

namespace hoist::testing {
namespace {

constexpr auto seeds = 10'000;
constexpr auto steps = 120;

std::string all_of(History const& history) {
  auto text = std::string{};
  for (auto const& line : history.violations()) text += line + "\n";
  return text;
}

// HOIST_SEED runs one life again.
TEST(QueueHistoryTest, TenThousandRandomLivesKeepEveryRule) {
  auto const* one = std::getenv("HOIST_SEED");
  auto const first = one != nullptr ? std::strtoull(one, nullptr, 10) : 1;
  auto const last = one != nullptr ? first : seeds;
  auto database = inline_database();
  auto counts = HistoryCounts{};
  for (auto seed = first; seed <= last; ++seed) {
    auto life = QueueSimulation{seed, *database};
    auto const& history = life.run(steps);
    ASSERT_TRUE(history.violations().empty()) << "HOIST_SEED=" << seed << "\n" << all_of(history);
    counts += history.counts();
  }
  std::printf("%s lives %llu\n", counts.text().c_str(), static_cast<unsigned long long>(last - first + 1));
  EXPECT_EQ(counts.lost + counts.duplicated + counts.reordered, 0);
}

TEST(QueueHistoryTest, LivesWithRealRestartsKeepEveryRule) {
  auto database = fast_database();
  auto counts = HistoryCounts{};
  for (auto seed = std::uint64_t{1}; seed <= 40; ++seed) {
    auto life = QueueSimulation{seed, *database};
    life.restart_with = [&]() -> sql::Database& {
      database.reopen();
      return *database;
    };
    auto const& history = life.run(steps);
    ASSERT_TRUE(history.violations().empty()) << "seed " << seed << "\n" << all_of(history);
    counts += history.counts();
  }
  std::printf("%s\n", counts.text().c_str());
}

struct Broken {
  std::string name;
  Mutation mutation;
  std::string rule;
};

class CheckerTest : public ::testing::TestWithParam<Broken> {};

TEST_P(CheckerTest, ABrokenEngineIsCaughtByItsRule) {
  auto database = inline_database();
  auto caught = 0;
  for (auto seed = std::uint64_t{1}; seed <= 20; ++seed) {
    auto life = QueueSimulation{seed, *database, GetParam().mutation};
    caught += life.run(steps).broke(GetParam().rule) ? 1 : 0;
  }
  EXPECT_GE(caught, 5);
}

INSTANTIATE_TEST_SUITE_P(Mutations, CheckerTest,
                         ::testing::Values(Broken{"RetryGoesLast", Mutation::retry_goes_last, "successor"},
                                           Broken{"SwapsArrivals", Mutation::swaps_arrivals, "order"},
                                           Broken{"ForgetsLease", Mutation::forgets_lease, "overlap"},
                                           Broken{"DropsMessage", Mutation::drops_message, "lost"},
                                           Broken{"ForgetsAck", Mutation::forgets_ack, "twice"}),
                         [](auto const& info) { return info.param.name; });

}  // namespace
}  // namespace hoist::testing

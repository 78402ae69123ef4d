#include "adapters/sql/queue_meter.hpp"

namespace hoist::sql_engine::queue {
namespace {

// Counting looks at every group that is not empty, of which there are as many as the limit at most: no more
// than this many groups for each message that is sent.
constexpr auto share_of_limit = std::int64_t{16};

}  // namespace

Meter::Meter(Metrics& metrics, std::string const& queue)
    : sent{metrics.counter("hoist_queue_sent_total", "Messages accepted.", {{"queue", queue}})},
      duplicates{metrics.counter("hoist_queue_duplicates_total", "Sends answered by an earlier message.",
                                 {{"queue", queue}})},
      deliveries{metrics.counter("hoist_queue_deliveries_total", "Attempts started.", {{"queue", queue}})},
      acknowledged{metrics.counter("hoist_queue_acknowledged_total", "Messages done.", {{"queue", queue}})},
      failed{metrics.counter("hoist_queue_failed_total", "Attempts reported as failed.", {{"queue", queue}})},
      fenced{metrics.counter("hoist_queue_fenced_total", "Late answers refused.", {{"queue", queue}})},
      dead{metrics.counter("hoist_queue_dead_total", "Messages given up.", {{"queue", queue}})},
      empty{metrics.counter("hoist_queue_empty_receives_total", "Looks that found nothing.",
                            {{"queue", queue}})},
      depth{metrics.gauge("hoist_queue_depth", "Messages that wait.", {{"queue", queue}})},
      in_flight{metrics.gauge("hoist_queue_in_flight", "Messages being worked on.", {{"queue", queue}})},
      dead_now{metrics.gauge("hoist_queue_dead_letters", "Dead letters kept.", {{"queue", queue}})},
      oldest_age{metrics.gauge("hoist_queue_oldest_age_seconds", "Age of the oldest message not settled.",
                               {{"queue", queue}})},
      head_age_p99{metrics.gauge("hoist_queue_group_head_age_p99_seconds",
                                 "99th percentile over groups of the age of their oldest message.",
                                 {{"queue", queue}})},
      blocked{metrics.gauge("hoist_queue_blocked_groups", "Groups that wait for a dead letter.",
                            {{"queue", queue}})} {}

void Meter::count(Changes const& changes) {
  auto const add = [](Counter& counter, std::int64_t amount) {
    if (amount != 0) counter.add(static_cast<double>(amount));
  };
  add(sent, changes.sent);
  add(duplicates, changes.duplicates);
  add(deliveries, changes.deliveries);
  add(empty, changes.empty);
  add(acknowledged, changes.acknowledged);
  add(failed, changes.failed);
  add(dead, changes.dead);
}

Meter& Meters::of(std::string const& queue) {
  auto const lock = Lock{mutex_};
  auto& meter = meters_[queue];
  if (!meter) meter = std::make_unique<Meter>(metrics_, queue);
  return *meter;
}

std::vector<std::string> Meters::names() const {
  auto const lock = Lock{mutex_};
  auto names = std::vector<std::string>{};
  for (auto const& [name, meter] : meters_) names.push_back(name);
  return names;
}

std::optional<std::int64_t> Depths::of(std::string const& queue, TenantId const& tenant, std::int64_t more) {
  auto const lock = Lock{mutex_};
  auto const found = depths_.find({queue, tenant});
  if (found == depths_.end() || found->second.good_for < more) return std::nullopt;
  found->second.good_for -= more;
  return found->second.now;
}

void Depths::set(std::string const& queue, TenantId const& tenant, std::int64_t depth,
                 std::int64_t depth_max) {
  auto const lock = Lock{mutex_};
  auto& place = depths_[{queue, tenant}];
  place.now = depth;
  place.good_for_max = place.good_for = depth_max / share_of_limit;
}

void Depths::add(std::string const& queue, TenantId const& tenant, std::int64_t change) {
  auto const lock = Lock{mutex_};
  auto const found = depths_.find({queue, tenant});
  if (found == depths_.end()) return;
  found->second.now += change;
  found->second.since += change;
}

std::vector<Depths::Key> Depths::begin_counting() {
  auto const lock = Lock{mutex_};
  auto keys = std::vector<Key>{};
  for (auto& [key, depth] : depths_) {
    depth.since = 0;
    keys.push_back(key);
  }
  return keys;
}

void Depths::counted(std::string const& queue, TenantId const& tenant, std::int64_t depth) {
  auto const lock = Lock{mutex_};
  auto const found = depths_.find({queue, tenant});
  if (found == depths_.end()) return;
  found->second.now = depth + found->second.since;
  found->second.good_for = found->second.good_for_max;
}

}  // namespace hoist::sql_engine::queue

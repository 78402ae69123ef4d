#include "hosts/checks.hpp"

#include <algorithm>
#include <iterator>

#include "events/checks.hpp"
#include "tasks/checks.hpp"
#include "uploads/check.hpp"

namespace hoist::hosts {

std::vector<Check> checks_of(Engine& engine, Records const& records, Metrics& metrics) {
  auto all = engine.checks();
  for (auto list :
       {uploads::checks(records.database), events::checks(records, metrics), tasks::checks(records, metrics)})
    std::ranges::move(list, std::back_inserter(all));
  return all;
}

}  // namespace hoist::hosts

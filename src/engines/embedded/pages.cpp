#include "engines/embedded/pages.hpp"

#include "adapters/memory/wakeups.hpp"
#include "adapters/sqlite/database.hpp"
#include "base/try.hpp"

namespace hoist::embedded {
namespace {

using Problems = std::vector<std::string>;

constexpr auto check_time_max = std::chrono::hours{6};

Async<Problems> look(sql::Database& database, std::string_view check) {
  auto work = [=](sql::Transaction& tx) -> Result<Problems> {
    TRY(auto const rows, tx.query(check));
    auto problems = Problems{};
    for (auto const& row : rows)
      if (row.text(0) != "ok") problems.push_back(row.text(0));
    return problems;
  };
  auto looked = co_await database.read(Scope::system(), work, deadline_in(check_time_max));
  if (looked || looked.error().code() != Code::corrupt) co_return looked;
  auto problems = Problems{looked.error().to_string()};
  co_return problems;
}

}  // namespace

Async<Problems> find_damage(sql::Database& database) {
  return look(database, "PRAGMA quick_check(5)");
}

Async<Problems> find_every_damage(sql::Database& database) {
  return look(database, "PRAGMA integrity_check(20)");
}

Result<bool> is_sound(std::string const& file) {
  auto metrics = Metrics{};
  auto const clock = SystemClock{};
  auto wakeups = memory::Wakeups{};
  auto const opened = sqlite::open_database({.path = file, .readers = 1}, {clock, wakeups}, metrics);
  if (!opened && opened.error().code() == Code::corrupt) return false;
  if (!opened) return std::unexpected{opened.error()};
  TRY(auto const problems, run_to_end<Problems>([&] { return find_every_damage(**opened); }));
  return problems.empty();
}

}  // namespace hoist::embedded

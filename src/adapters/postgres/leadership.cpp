#include "adapters/postgres/leadership.hpp"

#include <array>
#include <pthread.h>

#include "base/id.hpp"
#include "base/log.hpp"

namespace hoist::postgres {
namespace {

constexpr auto lease = "upkeep";
constexpr auto take_or_renew =
    "INSERT INTO leases (name, holder, until_us) "
    "VALUES ($1, $2, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + $3) "
    "ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_us = excluded.until_us "
    "WHERE leases.holder = excluded.holder "
    "OR leases.until_us < (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
constexpr auto give_back = "DELETE FROM leases WHERE name = $1 AND holder = $2";

}  // namespace

Leadership::Leadership(std::string url) : url_{std::move(url)}, holder_{new_uuid7(SystemClock{}.now())} {
  renew();
  thread_ = std::thread{[this] {
    pthread_setname_np(pthread_self(), "db-leadership");
    run();
  }};
}

Leadership::~Leadership() {
  {
    auto const lock = Lock{mutex_};
    stopped_ = true;
  }
  stopping_.notify_all();
  thread_.join();
  if (leads()) ask({give_back, {lease, holder_}});
}

bool Leadership::leads() const {
  return std::chrono::steady_clock::now() < leads_until_.load();
}

void Leadership::run() {
  while (rest()) {
    auto const led = leads();
    renew();
    if (leads() != led)
      log::info(led ? "another process does the periodic jobs" : "this process does the periodic jobs");
  }
}

void Leadership::renew() {
  auto const asked_at = std::chrono::steady_clock::now();
  if (ask({take_or_renew, {lease, holder_, std::int64_t{Micros{lease_time}.count()}}}))
    leads_until_ = asked_at + lease_time;
}

// Answers whether a row was changed. Both commands are one transaction, as nothing ends it between them.
bool Leadership::ask(Command command) {
  if (!connection_ || !connection_->usable()) {
    auto opened = Connection::open({.url = url_, .prepares = false});
    if (!opened) return false;
    connection_ = std::move(*opened);
  }
  auto const commands =
      std::array{Command{"SELECT set_config('hoist.scope', 'system', true)"}, std::move(command)};
  auto const answer = connection_->run(commands, deadline_in(renewal_interval));
  if (!answer) connection_.reset();
  return answer && std::string_view{PQcmdTuples(answer->get())} == "1";
}

// false: it is to end.
bool Leadership::rest() {
  auto const lock = Lock{mutex_};
  auto const until = deadline_in(renewal_interval);
  while (!stopped_ && stopping_.wait_until(mutex_, until)) {
  }
  return !stopped_;
}

}  // namespace hoist::postgres

#include "adapters/postgres/leadership.hpp"

#include <pthread.h>

#include "adapters/postgres/dialect.hpp"
#include "adapters/postgres/locks.hpp"
#include "base/log.hpp"

namespace hoist::postgres {

Leadership::Leadership(std::string url) : url_{std::move(url)} {
  leads_ = look();
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
}

void Leadership::run() {
  while (rest()) {
    auto const leads = look();
    if (leads != leads_.exchange(leads))
      log::info(leads ? "this process does the periodic jobs" : "another process does the periodic jobs");
  }
}

// While it is held, the question is whether the session is still there.
bool Leadership::look() {
  if (!connection_ || !connection_->usable()) {
    leads_ = false;
    auto opened = Connection::open({.url = url_, .prepares = false});
    if (!opened) return false;
    connection_ = std::move(*opened);
  }
  auto const ask = leads_ ? Command{"SELECT true"}
                          : Command{"SELECT pg_try_advisory_lock($1::int, $2::int)",
                                    {std::int64_t{lock_class}, std::int64_t{upkeep_lock}}};
  auto const answer = connection_->run({ask}, deadline_in(look_interval));
  if (!answer) connection_.reset();
  return answer && value_of(answer->get(), 0, 0) == sql::Value{std::int64_t{1}};
}

// false: it is to end.
bool Leadership::rest() {
  auto const lock = Lock{mutex_};
  auto const until = deadline_in(look_interval);
  while (!stopped_ && stopping_.wait_until(mutex_, until)) {
  }
  return !stopped_;
}

}  // namespace hoist::postgres

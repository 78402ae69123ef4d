#include "adapters/postgres/listener.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.hpp"
#include "base/retry.hpp"

namespace hoist::postgres {
namespace {

using namespace std::chrono_literals;

constexpr auto pauses = Backoff{.first = 100ms, .longest = 5s};
constexpr auto told_at_once_max = std::size_t{100};
constexpr auto time_max = 10s;

}  // namespace

Listener::Listener(Wakeups& here, std::string url, bool listens)
    : options_{.url = std::move(url), .prepares = false},
      here_{here},
      wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
  if (listens)
    thread_ = std::thread{[this] {
      pthread_setname_np(pthread_self(), "db-listener");
      run();
    }};
}

Listener::~Listener() {
  {
    auto const lock = Lock{mutex_};
    stopped_ = true;
  }
  (void)::eventfd_write(wake_.number(), 1);
  if (thread_.joinable()) thread_.join();
}

void Listener::notify(Topic const& topic) {
  here_.notify(topic);
  if (!thread_.joinable()) return;
  {
    auto const lock = Lock{mutex_};
    if (announced_.size() < announced_max) announced_.insert(topic);
  }
  (void)::eventfd_write(wake_.number(), 1);
}

bool Listener::stopped() const {
  auto const lock = Lock{mutex_};
  return stopped_;
}

void Listener::run() {
  auto failures = 0;
  while (!stopped()) {
    auto connection = Connection::open(options_);
    if (connection && (*connection)
                          ->run({Command{"SET synchronous_commit = off"}, Command{"LISTEN hoist"}},
                                deadline_in(time_max))) {
      failures = 0;
      serve(**connection);
    } else if (!connection) {
      log::warn("the database cannot be listened to", {{"cause", connection.error().to_string()}});
    }
    wait(std::chrono::duration_cast<std::chrono::milliseconds>(pauses.after(++failures)));
  }
}

void Listener::serve(Connection& connection) {
  while (!stopped() && connection.usable()) {
    if (!tell(connection)) return;
    hear(connection);
    wait_for_news(connection);
    if (PQconsumeInput(connection.handle()) != 1) return;
  }
}

// Topics that many transactions announced meanwhile are told once. Their order says nothing.
bool Listener::tell(Connection& connection) {
  auto value = eventfd_t{0};
  (void)::eventfd_read(wake_.number(), &value);
  auto topics = std::set<Topic>{};
  {
    auto const lock = Lock{mutex_};
    topics.swap(announced_);
  }
  for (auto at = topics.begin(); at != topics.end();) {
    auto commands = std::vector<Command>{};
    for (; at != topics.end() && commands.size() < told_at_once_max; ++at)
      commands.push_back({"SELECT pg_notify('hoist', $1)", {at->str()}});
    if (!connection.run(commands, deadline_in(time_max))) return false;
  }
  return true;
}

void Listener::hear(Connection& connection) {
  struct Free {
    void operator()(PGnotify* notice) const { PQfreemem(notice); }
  };
  auto const self = PQbackendPID(connection.handle());
  while (auto const notice = std::unique_ptr<PGnotify, Free>{PQnotifies(connection.handle())})
    if (notice->be_pid != self) here_.notify(Topic{notice->extra});
}

void Listener::wait_for_news(Connection const& connection) const {
  auto looks =
      std::array{pollfd{PQsocket(connection.handle()), POLLIN, 0}, pollfd{wake_.number(), POLLIN, 0}};
  ::poll(looks.data(), looks.size(), -1);
}

void Listener::wait(std::chrono::milliseconds time) const {
  auto const end = deadline_in(time);
  while (!stopped()) {
    auto const left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return;
    auto look = pollfd{wake_.number(), POLLIN, 0};
    ::poll(&look, 1, static_cast<int>(left.count()));
    auto value = eventfd_t{0};
    (void)::eventfd_read(wake_.number(), &value);
  }
}

}  // namespace hoist::postgres

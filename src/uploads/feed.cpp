#include "uploads/feed.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <algorithm>

#include "base/log.hpp"
#include "base/try.hpp"
#include "uploads/changes.hpp"
#include "uploads/rows.hpp"

namespace hoist::uploads {
namespace {

using namespace std::chrono_literals;

constexpr auto read_limit = 10s;           // of one SQL read
constexpr auto poll_interval = 5s;         // should a notification be lost
constexpr auto progress_interval = 200ms;  // between two reports of one tenant's counts

FeedEvent event_of(Stages::News const& news, std::int64_t cursor) {
  auto json = fmt::format(R"({{"type":"upload","cursor":{},"at":"{}","upload":{}}})", cursor,
                          to_rfc3339(news.at), news.json);
  return {cursor, news.project, news.batch, news.upload,
          std::make_shared<std::string const>(std::move(json))};
}

}  // namespace

// Reads the tenant's changes as long as anybody watches.
class Feed::Pump {
 public:
  Pump(Feed& feed, TenantId tenant, std::weak_ptr<RecentEvents> recent, std::shared_ptr<Signal> news)
      : needs_{feed.needs_},
        events_max_{feed.options_.feed_events_max},
        pumps_{feed.pumps_},
        tenant_{std::move(tenant)},
        recent_{std::move(recent)},
        news_{std::move(news)} {}

  asio::awaitable<void> run() {
    while (true) {
      auto const ticket = news_->ticket();
      auto const done = co_await step();
      if (!done)
        log::warn("changes could not be read",
                  {{"tenant", tenant_.str()}, {"cause", done.error().to_string()}});
      if (ends()) co_return;
      if (done && *done) continue;
      auto const pause =
          dirty_.empty() ? std::chrono::steady_clock::duration{poll_interval} : progress_interval;
      auto const waited = co_await news_->wait(ticket, deadline_in(pause));
      if (!waited || ends()) co_return;
    }
  }

 private:
  [[nodiscard]] bool ends() const { return recent_.expired() || pumps_.draining(); }

  Async<> begin() {
    auto read = [&](sql::Transaction& tx) { return load_head(tx, tenant_); };
    CO_TRY(last_, co_await needs_.database.read(Scope::tenant(tenant_), read, deadline_in(read_limit)));
    if (auto const recent = recent_.lock()) recent->begin(last_);
    heard_ = needs_.stages.head();
    begun_ = true;
    co_return Result<void>{};
  }

  // true: there is more to read at once.
  Async<bool> step() {
    if (!begun_) CO_CHECK(co_await begin());
    auto const steady = std::chrono::steady_clock::now();
    auto const report = steady >= reported_ + progress_interval;
    auto read = [&](sql::Transaction& tx) { return load(tx, report); };
    CO_TRY(auto found, co_await needs_.database.read(Scope::tenant(tenant_), read, deadline_in(read_limit)));
    last_ = found.changes.last;
    if (report) {
      dirty_ = {};
      if (!found.progress.empty()) reported_ = steady;
    } else {
      dirty_.merge(std::move(found.changes.touched));
    }
    auto events = std::move(found.changes.events);
    std::ranges::move(found.progress, std::back_inserter(events));
    for (auto const& news : needs_.stages.after(tenant_, heard_)) events.push_back(event_of(news, last_));
    auto const recent = recent_.lock();
    if (recent && !events.empty()) recent->append(std::move(events), events_max_);
    co_return found.changes.more;
  }

  Result<ChangesAndProgress> load(sql::Transaction& tx, bool with_progress) const {
    auto found = ChangesAndProgress{};
    TRY(found.changes, load_changes(tx, tenant_, last_));
    if (!with_progress) return found;
    auto touched = dirty_;
    touched.merge(found.changes.touched);
    TRY(found.progress, load_progress(tx, tenant_, touched, found.changes.last, tx.now()));
    return found;
  }

  Needs needs_;
  std::size_t events_max_;
  TaskGroup const& pumps_;
  TenantId tenant_;
  std::weak_ptr<RecentEvents> recent_;
  std::shared_ptr<Signal> news_;
  bool begun_ = false;
  std::int64_t last_ = 0;
  std::uint64_t heard_ = 0;  // of the news between changes
  Touched dirty_;            // whose counts are still to be told
  Deadline reported_ = Deadline::min();
};

std::shared_ptr<RecentEvents> Feed::recent_events_of(TenantId const& tenant, asio::any_io_executor executor) {
  auto const lock = Lock{mutex_};
  std::erase_if(watched_, [&](auto const& entry) { return entry.second.expired() && entry.first != tenant; });
  auto& known = watched_[tenant];
  if (auto recent = known.lock()) return recent;
  auto news = needs_.wakeups.watch(uploads_of(tenant));
  auto recent = std::make_shared<RecentEvents>(news);
  known = recent;
  auto pump = std::make_shared<Pump>(*this, tenant, recent, std::move(news));
  pumps_.spawn(std::move(executor), [pump] { return pump->run(); });
  return recent;
}

Async<> Feed::check(TenantId tenant, std::vector<Topic> topics, Deadline deadline) {
  auto look = [&](sql::Transaction& tx) -> Result<void> {
    for (auto const& topic : topics) {
      if (topic.kind == Topic::Kind::batch) CHECK(find_batch(tx, tenant, BatchId{topic.id}));
      if (topic.kind == Topic::Kind::upload) CHECK(find_upload(tx, tenant, UploadId{topic.id}));
    }
    return {};
  };
  co_return co_await needs_.database.read(Scope::tenant(tenant), look, deadline);
}

Async<std::unique_ptr<Watcher>> Feed::watch(TenantId tenant, std::vector<Topic> topics,
                                            std::optional<std::int64_t> cursor, Deadline deadline) {
  CO_CHECK(co_await check(tenant, topics, deadline));
  auto find_start = [&](sql::Transaction& tx) -> Result<std::int64_t> {
    TRY(auto const head, load_head(tx, tenant));
    if (!cursor) return head;
    TRY(auto const page, load_changes(tx, tenant, *cursor));
    return *cursor;
  };
  CO_TRY(auto const from, co_await needs_.database.read(Scope::tenant(tenant), find_start, deadline));
  if (++*count_ > options_.watchers_max) {
    --*count_;
    co_return fail(Error{Code::throttled, "Too many streams are open."}.with_retry_after(10));
  }
  auto recent = recent_events_of(tenant, co_await asio::this_coro::executor);
  auto needs = Watcher::Needs{needs_.database, std::move(recent), count_};
  co_return std::make_unique<Watcher>(std::move(needs), std::move(tenant), std::move(topics), from);
}

Async<bool> Feed::drain(Deadline deadline) {
  pumps_.close();
  {
    auto const lock = Lock{mutex_};
    for (auto const& [tenant, recent] : watched_)
      if (auto const alive = recent.lock()) alive->wake_pump();
  }
  co_return co_await pumps_.drain(deadline);
}

}  // namespace hoist::uploads

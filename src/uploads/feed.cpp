#include "uploads/feed.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>

#include "base/log.hpp"
#include "base/try.hpp"
#include "uploads/changes.hpp"

namespace hoist::uploads {

namespace {

using namespace std::chrono_literals;

constexpr auto read_limit = 10s;           // of one SQL read
constexpr auto poll_interval = 5s;         // should a notification be lost
constexpr auto progress_interval = 200ms;  // between two reports of one tenant's counts
constexpr std::size_t take_max = 256;      // events at a time

}  // namespace

// What one tenant's watchers share.
struct Channel {
  std::shared_ptr<Signal> news;  // of the Broadcast; outlives us so that the pump can end

  std::mutex mutex;
  bool ready = false;
  std::deque<FeedEvent> events;
  std::uint64_t base = 0;  // position of events.front()
  std::int64_t from = 0;   // events of all changes after this one are here
  std::uint64_t next_signal = 0;
  std::map<std::uint64_t, std::shared_ptr<Signal>> signals;

  ~Channel() { news->notify(); }  // the pump looks up, finds nobody, and ends

  void wake_all() {
    auto const lock = std::lock_guard{mutex};
    for (auto const& [id, signal] : signals) signal->notify();
  }
  void append(std::vector<FeedEvent> more, std::size_t max) {
    auto const lock = std::lock_guard{mutex};
    for (auto& event : more) events.push_back(std::move(event));
    while (events.size() > max) {
      from = std::max(from, events.front().cursor);
      events.pop_front();
      ++base;
    }
  }
};

namespace {

struct Pumped {
  ChangePage page;
  std::vector<FeedEvent> progress;
};

// Reads the tenant's changes as long as anybody watches.
class Pump {
 public:
  Pump(Service& service, TenantId tenant, std::weak_ptr<Channel> channel, std::shared_ptr<Signal> news)
      : service_{service}, tenant_{std::move(tenant)}, channel_{std::move(channel)}, news_{std::move(news)} {}

  asio::awaitable<void> run() {
    while (true) {
      auto const ticket = news_->ticket();
      auto const done = co_await step();
      if (!done)
        log::warn("changes could not be read",
                  {{"tenant", tenant_.str()}, {"cause", done.error().to_string()}});
      if (channel_.expired()) co_return;
      if (done && *done) continue;
      auto const pause =
          dirty_.empty() ? std::chrono::steady_clock::duration{poll_interval} : progress_interval;
      auto const waited = co_await news_->wait(ticket, deadline_in(pause));
      if (!waited || channel_.expired()) co_return;
    }
  }

 private:
  Async<> begin() {
    CO_TRY(last_, co_await service_.ports().database.read(
                      tenant_, [&](sql::Transaction& tx) { return load_head(tx, tenant_); },
                      deadline_in(read_limit)));
    if (auto const channel = channel_.lock()) {
      {
        auto const lock = std::lock_guard{channel->mutex};
        channel->from = last_;
        channel->ready = true;
      }
      channel->wake_all();
    }
    heard_ = service_.ports().stages.head();
    begun_ = true;
    co_return Result<void>{};
  }

  // true: there is more to read at once.
  Async<bool> step() {
    if (!begun_) CO_CHECK(co_await begin());
    auto const steady = std::chrono::steady_clock::now();
    auto const report = steady >= reported_ + progress_interval;
    CO_TRY(auto pumped, co_await service_.ports().database.read(
                            tenant_,
                            [&](sql::Transaction& tx) -> Result<Pumped> {
                              auto found = Pumped{};
                              TRY(found.page, load_changes(tx, tenant_, last_));
                              if (!report) return found;
                              auto touched = dirty_;
                              touched.merge(found.page.touched);
                              TRY(found.progress, load_progress(tx, tenant_, touched, found.page.last,
                                                                service_.ports().clock.now()));
                              return found;
                            },
                            deadline_in(read_limit)));
    last_ = pumped.page.last;
    if (report) {
      dirty_ = {};
      if (!pumped.progress.empty()) reported_ = steady;
    } else {
      dirty_.merge(std::move(pumped.page.touched));
    }
    auto events = std::move(pumped.page.events);
    std::ranges::move(pumped.progress, std::back_inserter(events));
    for (auto& news : service_.ports().stages.after(tenant_, heard_))
      events.push_back({last_, news.project, news.batch, news.upload,
                        std::make_shared<std::string const>(
                            fmt::format(R"({{"type":"upload","cursor":{},"at":"{}","upload":{}}})", last_,
                                        to_rfc3339(news.at), news.json))});
    auto const channel = channel_.lock();
    if (channel && !events.empty()) {
      channel->append(std::move(events), service_.options().feed_events_max);
      channel->wake_all();
    }
    co_return pumped.page.more;
  }

  Service& service_;
  TenantId tenant_;
  std::weak_ptr<Channel> channel_;
  std::shared_ptr<Signal> news_;
  bool begun_ = false;
  std::int64_t last_ = 0;
  std::uint64_t heard_ = 0;  // of the news between changes
  Touched dirty_;            // whose counts are still to be told
  Deadline reported_ = Deadline::min();
};

asio::awaitable<void> run_pump(std::shared_ptr<Pump> pump) {
  co_await pump->run();
}

}  // namespace

bool Topic::takes(FeedEvent const& event) const {
  switch (kind) {
    case Kind::tenant: return true;
    case Kind::project: return event.project == id;
    case Kind::batch: return event.batch == id;
    case Kind::upload: return event.upload == id;
  }
  return false;
}

Result<Topic> parse_topic(std::string_view text) {
  if (text == "tenant") return Topic{};
  auto const colon = text.find(':');
  auto const kind = text.substr(0, colon);
  auto id = colon == text.npos ? std::string{} : std::string{text.substr(colon + 1)};
  if (kind == "project" && is_project_id(id)) return Topic{Topic::Kind::project, std::move(id)};
  if (kind == "batch" && is_uuid(id)) return Topic{Topic::Kind::batch, std::move(id)};
  if (kind == "upload" && is_uuid(id)) return Topic{Topic::Kind::upload, std::move(id)};
  return invalid_field("topic", "must be tenant, project:ID, batch:ID or upload:ID");
}

Watcher::Watcher(Service& service, std::shared_ptr<Channel> channel, TenantId tenant, std::int64_t cursor,
                 std::shared_ptr<std::atomic<std::size_t>> count)
    : service_{service},
      channel_{std::move(channel)},
      tenant_{std::move(tenant)},
      cursor_{cursor},
      count_{std::move(count)},
      signal_{std::make_shared<Signal>()} {
  auto const lock = std::lock_guard{channel_->mutex};
  signal_id_ = channel_->next_signal++;
  channel_->signals.emplace(signal_id_, signal_);
}

Watcher::~Watcher() {
  {
    auto const lock = std::lock_guard{channel_->mutex};
    channel_->signals.erase(signal_id_);
  }
  --*count_;
}

bool Watcher::wants(FeedEvent const& event) const {
  return std::ranges::any_of(topics_, [&](Topic const& topic) { return topic.takes(event); });
}

void Watcher::wake() {
  woken_ = true;
  signal_->notify();
}

void Watcher::rewind(std::int64_t cursor) {
  cursor_ = cursor;
  position_.reset();
}

// false: what comes after the cursor is not (or no longer) in memory.
bool Watcher::take_from_channel(std::vector<FeedEvent>& events) {
  auto const lock = std::lock_guard{channel_->mutex};
  auto const& all = channel_->events;
  if (position_ && *position_ < channel_->base) position_.reset();
  if (!position_) {
    if (!channel_->ready || cursor_ < channel_->from) return false;
    auto const next = std::ranges::upper_bound(all, cursor_, {}, &FeedEvent::cursor);
    position_ = channel_->base + static_cast<std::uint64_t>(next - all.begin());
  }
  auto const end = channel_->base + all.size();
  for (; *position_ < end && events.size() < take_max; ++*position_) {
    auto const& event = all[static_cast<std::size_t>(*position_ - channel_->base)];
    cursor_ = std::max(cursor_, event.cursor);
    if (wants(event)) events.push_back(event);
  }
  return true;
}

// false: that was all.
Async<bool> Watcher::take_from_sql(std::vector<FeedEvent>& events) {
  CO_TRY(auto pumped, co_await service_.ports().database.read(
                          tenant_,
                          [&](sql::Transaction& tx) -> Result<Pumped> {
                            auto found = Pumped{};
                            TRY(found.page, load_changes(tx, tenant_, cursor_));
                            auto& touched = found.page.touched;
                            std::erase_if(touched.batches, [&](std::string const& id) {
                              auto probe = FeedEvent{.batch = id};
                              return std::ranges::none_of(topics_, [&](Topic const& topic) {
                                return topic.kind == Topic::Kind::project || topic.takes(probe);
                              });
                            });
                            std::erase_if(touched.projects, [&](std::string const& id) {
                              return !wants(FeedEvent{.project = id});
                            });
                            TRY(found.progress, load_progress(tx, tenant_, touched, found.page.last,
                                                              service_.ports().clock.now()));
                            return found;
                          },
                          deadline_in(read_limit)));
  auto const moved = pumped.page.last > cursor_;
  cursor_ = pumped.page.last;
  for (auto* some : {&pumped.page.events, &pumped.progress})
    for (auto& event : *some)
      if (wants(event)) events.push_back(std::move(event));
  co_return moved;
}

Async<std::vector<FeedEvent>> Watcher::next(Deadline until) {
  auto events = std::vector<FeedEvent>{};
  while (true) {
    auto const ticket = signal_->ticket();
    auto more = false;
    if (!take_from_channel(events)) {
      CO_TRY(more, co_await take_from_sql(events));
    }
    if (!events.empty() || woken_.exchange(false)) co_return events;
    if (more) continue;
    CO_TRY(auto const news, co_await signal_->wait(ticket, until));
    if (!news) co_return events;
  }
}

Feed::Feed(Service& service) : service_{service} {}

std::shared_ptr<Channel> Feed::channel_of(TenantId const& tenant, asio::any_io_executor executor) {
  auto const lock = std::lock_guard{mutex_};
  std::erase_if(channels_,
                [&](auto const& entry) { return entry.second.expired() && entry.first != tenant; });
  auto& known = channels_[tenant];
  if (auto channel = known.lock()) return channel;
  auto channel = std::make_shared<Channel>();
  channel->news = service_.ports().broadcast.watch(tenant);
  known = channel;
  auto pump = std::make_shared<Pump>(service_, tenant, channel, channel->news);
  spawn(std::move(executor), [pump] { return run_pump(pump); });
  return channel;
}

Async<> Feed::check(TenantId tenant, std::vector<Topic> topics, Deadline deadline) {
  co_return co_await service_.ports().database.read(
      tenant,
      [&](sql::Transaction& tx) -> Result<void> {
        for (auto const& topic : topics) {
          if (topic.kind == Topic::Kind::batch) CHECK(find_batch(tx, tenant, BatchId{topic.id}));
          if (topic.kind == Topic::Kind::upload) CHECK(find_upload(tx, tenant, UploadId{topic.id}));
        }
        return {};
      },
      deadline);
}

Async<std::unique_ptr<Watcher>> Feed::watch(TenantId tenant, std::vector<Topic> topics,
                                            std::optional<std::int64_t> cursor, Deadline deadline) {
  CO_CHECK(co_await check(tenant, topics, deadline));
  CO_TRY(auto const from, co_await service_.ports().database.read(
                              tenant,
                              [&](sql::Transaction& tx) -> Result<std::int64_t> {
                                TRY(auto const head, load_head(tx, tenant));
                                if (!cursor) return head;
                                TRY(auto const page, load_changes(tx, tenant, *cursor));
                                return *cursor;
                              },
                              deadline));
  if (++*count_ > service_.options().watchers_max) {
    --*count_;
    co_return fail(Error{Code::throttled, "Too many streams are open."}.with_retry_after(10));
  }
  auto channel = channel_of(tenant, co_await asio::this_coro::executor);
  auto watcher = std::make_unique<Watcher>(service_, std::move(channel), tenant, from, count_);
  watcher->set_topics(std::move(topics));
  co_return watcher;
}

}  // namespace hoist::uploads

// The tenant's changes as events, for any number of watchers.
//
// One pump per watched tenant reads each change from SQL once and keeps the newest in memory; a
// watcher that is not far behind is served from there, one that is reads SQL from its own cursor.
// So nothing is kept per watcher but its cursor, and a slow one costs nobody anything.
//
// Threads     any; a Watcher is used by one thread, except wake().
// Invariants  an event of every change after a watcher's cursor reaches it, in order, once or more;
//             a cursor whose changes are no longer all there is answered with `gone`, never a gap.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "uploads/service.hpp"

namespace hoist::uploads {

struct FeedEvent {
  std::int64_t cursor = 0;
  std::string project;
  std::string batch;
  std::string upload;                       // empty: counts of the batch, or of the project
  std::shared_ptr<std::string const> json;  // shared by all who are told
};

struct Topic {
  enum class Kind { tenant, project, batch, upload };
  Kind kind = Kind::tenant;
  std::string id;  // empty for tenant
  [[nodiscard]] bool takes(FeedEvent const& event) const;
  auto operator<=>(Topic const&) const = default;
};
// "tenant", "project:ID", "batch:ID" or "upload:ID". Errors: invalid.
[[nodiscard]] Result<Topic> parse_topic(std::string_view text);

struct Channel;

class Watcher {
 public:
  Watcher(Service& service, std::shared_ptr<Channel> channel, TenantId tenant, std::int64_t cursor,
          std::shared_ptr<std::atomic<std::size_t>> count);
  ~Watcher();
  Watcher(Watcher const&) = delete;

  // Events of its topics after its cursor; none when `until` passes or wake() is called.
  // Errors: gone.
  Async<std::vector<FeedEvent>> next(Deadline until);
  void wake();

  [[nodiscard]] std::int64_t cursor() const { return cursor_; }
  void rewind(std::int64_t cursor);
  [[nodiscard]] std::vector<Topic> const& topics() const { return topics_; }
  void set_topics(std::vector<Topic> topics) { topics_ = std::move(topics); }

 private:
  bool take_from_channel(std::vector<FeedEvent>& events);
  Async<bool> take_from_sql(std::vector<FeedEvent>& events);
  [[nodiscard]] bool wants(FeedEvent const& event) const;

  Service& service_;
  std::shared_ptr<Channel> channel_;
  TenantId tenant_;
  std::int64_t cursor_;
  std::shared_ptr<std::atomic<std::size_t>> count_;
  std::shared_ptr<Signal> signal_;
  std::uint64_t signal_id_ = 0;
  std::optional<std::uint64_t> position_;  // in the channel; absent while reading SQL
  std::atomic<bool> woken_ = false;
  std::vector<Topic> topics_;
};

class Feed {
 public:
  explicit Feed(Service& service);

  // From `cursor`, or from now. Errors: not_found for a batch or upload the tenant does not have,
  // invalid for a cursor from the future, throttled when there are too many watchers.
  Async<std::unique_ptr<Watcher>> watch(TenantId tenant, std::vector<Topic> topics,
                                        std::optional<std::int64_t> cursor, Deadline deadline);
  // The same check for topics that are added later.
  Async<> check(TenantId tenant, std::vector<Topic> topics, Deadline deadline);
  [[nodiscard]] Service& service() const { return service_; }

 private:
  std::shared_ptr<Channel> channel_of(TenantId const& tenant, asio::any_io_executor executor);

  Service& service_;
  std::shared_ptr<std::atomic<std::size_t>> count_ = std::make_shared<std::atomic<std::size_t>>(0);
  std::mutex mutex_;
  std::unordered_map<TenantId, std::weak_ptr<Channel>> channels_;
};

}  // namespace hoist::uploads

// The rules of the queue over plain containers; see queue.hpp. Callers hold the mutex.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "ports/consumer.hpp"
#include "ports/outbox.hpp"
#include "ports/queue_registry.hpp"

namespace hoist::memory {

struct Entry {
  MessageId id;
  std::string body;
  std::int64_t sequence = 0;
  std::int64_t attempts = 0;
  Time ready_at;
  Time sent_at;
  std::optional<Time> died_at;
  std::string cause;
};

struct GroupName {
  std::string queue;
  TenantId tenant;
  std::string group;
  auto operator<=>(GroupName const&) const = default;
};

struct Group {
  std::map<std::int64_t, Entry> entries;  // dead ones too
  std::int64_t last_sequence = 0;
  std::string chain;
  std::int64_t fence = 1;
  std::vector<std::int64_t> in_flight;
  Time leased_at;
  Time lease_ends;
  Time turn;  // when it last became ready: who waited longer goes first
  Time touched;
  std::map<std::int64_t, std::int64_t> losses;  // fence -> first sequence lost

  [[nodiscard]] Entry* head();
  [[nodiscard]] std::int64_t depth() const;
  [[nodiscard]] bool holds(std::int64_t sequence) const;
};

struct Known {  // what a dedup key meant
  std::string body;
  Sent sent;
  Time expires_at;
};

struct DedupName {
  std::string queue;
  TenantId tenant;
  std::string scope;
  std::string key;
  auto operator<=>(DedupName const&) const = default;
};

struct Declared : QueuePolicy {
  MessageFollower* follower = nullptr;
  bool operator==(Declared const&) const = default;
};

class Rules {
 public:
  explicit Rules(Clock const& clock) : clock_{clock} {}

  Result<void> declare(std::string const& queue, Declared declared);
  [[nodiscard]] Declared const& policy(std::string const& queue) const;

  // Where the message would come and what it would be answered; `ahead` are sends not applied yet.
  Result<Sent> plan_send(Outgoing const& message, std::vector<std::pair<Outgoing, Sent>> const& ahead) const;
  void apply_send(Outgoing const& message, Sent const& sent);

  Result<void> acknowledge(Receipt const& receipt);
  Result<void> fail(Receipt const& receipt, QueueFailure const& failure);
  Result<void> extend(Receipt const& receipt, Micros visibility);
  Result<void> release(Receipt const& receipt);
  std::vector<Message> receive(ReceiveRequest const& request);

  std::int64_t redrive(std::string const& queue, TenantId const& tenant, std::vector<MessageId> const& ids);
  std::int64_t discard(std::string const& queue, TenantId const& tenant, std::vector<MessageId> const& ids);
  std::int64_t purge(std::string const& queue, TenantId const& tenant);
  std::int64_t clean();

  struct Place {
    GroupName name;
    Group* group = nullptr;
    Entry* entry = nullptr;
  };
  [[nodiscard]] std::optional<Place> locate(std::string const& queue, TenantId const& tenant,
                                            MessageId const& id);
  [[nodiscard]] std::map<GroupName, Group>& groups() { return groups_; }
  [[nodiscard]] bool has_lease(Group const& group) const;
  // What happened by itself or by a failure, for the followers; the call that tells them takes it away.
  [[nodiscard]] std::deque<QueueEvent>& events() { return events_; }
  [[nodiscard]] Time now() const { return clock_.now(); }

 private:
  Result<Group*> held(Receipt const& receipt);
  void lose(Group& group, std::int64_t from);
  void kill(GroupName const& name, Entry& entry, std::string cause);
  void expire(GroupName const& name, Group& group);
  std::vector<Message> deliver(GroupName const& name, Group& group, ReceiveRequest const& request, int max);
  [[nodiscard]] bool ready(Group& group) const;

  Clock const& clock_;
  std::map<std::string, Declared> policies_;
  std::map<GroupName, Group> groups_;
  std::map<DedupName, Known> known_;
  std::map<std::string, std::string> last_tenant_;
  std::map<std::pair<std::string, TenantId>, std::int64_t> debts_;
  std::mt19937_64 random_{1};
  std::deque<QueueEvent> events_;
};

[[nodiscard]] DeadLetter dead_letter(GroupName const& name, Entry const& entry);

}  // namespace hoist::memory

// What happened to ordered messages, and whether it was allowed to happen.
//
// A test tells a History what producers and workers saw, as it happens; the rules are checked on
// the way and everything against them is kept as a sentence that begins with the rule's name.
//
//   order      attempts of a group start in the order the messages were accepted
//   successor  no message starts before every earlier one of its group is settled
//   overlap    nothing of a group is delivered while an earlier delivery of it holds its lease
//   lost       everything accepted is settled in the end
//   twice      no message has its effect twice
//
// Messages are known by id and their place by the order of accepted() calls, so a queue that
// renumbers cannot hide it. A redriven message starts anew, and whoever was delivered before that
// does not wait for it.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace hoist::testing {

struct HistoryCounts {
  std::int64_t attempted = 0;     // sends tried
  std::int64_t acknowledged = 0;  // sends accepted
  std::int64_t processed = 0;     // effects
  std::int64_t starts = 0;
  std::int64_t dead = 0;
  std::int64_t lost = 0;
  std::int64_t duplicated = 0;
  std::int64_t reordered = 0;

  HistoryCounts& operator+=(HistoryCounts const& other) {
    attempted += other.attempted;
    acknowledged += other.acknowledged;
    processed += other.processed;
    starts += other.starts;
    dead += other.dead;
    lost += other.lost;
    duplicated += other.duplicated;
    reordered += other.reordered;
    return *this;
  }
  [[nodiscard]] std::string text() const {
    return fmt::format(
        "attempted {} acknowledged {} processed {} starts {} dead {} lost {} duplicated {} reordered {}",
        attempted, acknowledged, processed, starts, dead, lost, duplicated, reordered);
  }
};

class History {
 public:
  void attempted() { ++counts_.attempted; }

  // A repeated send was answered; it has to be the first one's answer.
  void repeated(std::string const& first, std::string const& answered) {
    ++counts_.attempted;
    if (first == answered) return;
    ++counts_.duplicated;
    broken("twice", "a repeated send was accepted as a new message");
  }

  // In commit order of the group.
  void accepted(std::string const& group, std::string const& id) {
    ++counts_.acknowledged;
    auto& lane = groups_[group];
    messages_[id] = {.group = group, .place = ++lane.accepted};
    lane.open.insert(messages_[id].place);
  }

  // A receiver got it at `at`; nobody else may until `until`, unless it is settled or given back.
  void delivered(std::string const& id, std::int64_t fence, Time at, Time until) {
    auto const& message = messages_.at(id);
    auto& holder = groups_.at(message.group).holder;
    if (holder.fence != fence) {
      if (!holder.ids.empty() && holder.until > at)
        broken("overlap",
               fmt::format("{} {} delivered while another delivery is held", message.group, message.place));
      holder = {.fence = fence, .delivered = ++now_};
    }
    holder.ids.insert(id);
    holder.until = until;
  }
  void extended(std::string const& id, std::int64_t fence, Time until) {
    auto& holder = groups_.at(messages_.at(id).group).holder;
    if (holder.fence == fence) holder.until = until;
  }

  // A worker begins to work on it. One that was overtaken meanwhile (frozen, or its clock moved)
  // cannot know; that it has no effect is what counts then.
  void started(std::string const& id, std::int64_t fence) {
    ++counts_.starts;
    auto const& message = messages_.at(id);
    auto& lane = groups_.at(message.group);
    if (lane.holder.fence != fence) return;
    for (auto const place : lane.open) {
      if (place >= message.place) break;
      auto const redriven = lane.redriven.find(place);
      if (redriven != lane.redriven.end() && redriven->second > lane.holder.delivered) continue;
      broken("successor",
             fmt::format("{} {} started before {} was settled", message.group, message.place, place));
      ++counts_.reordered;
      break;
    }
    if (message.place < lane.last_started && !lane.redriven.contains(message.place))
      broken("order", fmt::format("{} {} started after {}", message.group, message.place, lane.last_started));
    lane.last_started = std::max(lane.last_started, message.place);
  }
  // The queue took note that the attempt failed or was given back.
  void stopped(std::string const& id, std::int64_t fence) {
    auto& holder = groups_.at(messages_.at(id).group).holder;
    if (holder.fence == fence) holder.ids.clear();
  }

  // The queue decided that nobody answers any more.
  void lapsed(std::string const& id, Time at) {
    auto& holder = groups_.at(messages_.at(id).group).holder;
    if (holder.ids.contains(id) && holder.until > at) broken("overlap", "a lease was ended early");
    if (holder.ids.contains(id)) holder.ids.clear();
  }

  // Its one effect happened, in the transaction that acknowledged it.
  void effect(std::string const& id) {
    ++counts_.processed;
    if (++messages_.at(id).effects > 1) {
      ++counts_.duplicated;
      broken("twice",
             fmt::format("{} {} had its effect again", messages_.at(id).group, messages_.at(id).place));
    }
  }
  void settled(std::string const& id) {
    auto const& message = messages_.at(id);
    auto& lane = groups_.at(message.group);
    lane.open.erase(message.place);
    lane.holder.ids.erase(id);
  }
  void dead(std::string const& id) {
    ++counts_.dead;
    // With one message of it dead, the rest of a delivery is lost.
    auto& holder = groups_.at(messages_.at(id).group).holder;
    if (holder.ids.contains(id)) holder.ids.clear();
    settled(id);
  }
  void redriven(std::string const& id) {
    auto const& message = messages_.at(id);
    auto& lane = groups_.at(message.group);
    lane.open.insert(message.place);
    lane.redriven[message.place] = ++now_;
    // Those behind it may start (again) after it.
    lane.last_started = std::min(lane.last_started, message.place);
  }

  // When nothing is left to do.
  void finish() {
    for (auto const& [name, lane] : groups_) {
      for (auto const place : lane.open) {
        ++counts_.lost;
        broken("lost", fmt::format("{} {} was accepted and never settled", name, place));
      }
    }
  }

  [[nodiscard]] std::vector<std::string> const& violations() const { return violations_; }
  [[nodiscard]] bool broke(std::string const& rule) const {
    for (auto const& text : violations_)
      if (text.starts_with(rule + ":")) return true;
    return false;
  }
  [[nodiscard]] HistoryCounts const& counts() const { return counts_; }

 private:
  struct Message {
    std::string group;
    std::int64_t place = 0;
    int effects = 0;
  };
  struct Holder {
    std::int64_t fence = 0;
    std::int64_t delivered = 0;
    std::set<std::string> ids;
    Time until;
  };
  struct Lane {
    std::int64_t accepted = 0;
    std::set<std::int64_t> open;
    std::map<std::int64_t, std::int64_t> redriven;  // place -> when
    std::int64_t last_started = 0;
    Holder holder;
  };
  void broken(std::string rule, std::string what) { violations_.push_back(rule + ": " + what); }

  std::int64_t now_ = 0;
  std::map<std::string, Message> messages_;
  std::map<std::string, Lane> groups_;
  HistoryCounts counts_;
  std::vector<std::string> violations_;
};

}  // namespace hoist::testing

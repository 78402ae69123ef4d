// A map that keeps the `size_max` most recently used entries.
// Threads  one at a time; the owner locks.
// Lifetime pointers from find() and put() hold until the next put() or erase().
#pragma once

#include <cstddef>
#include <list>
#include <unordered_map>
#include <utility>

namespace hoist {

template <class Key, class Value>
class Lru {
 public:
  explicit Lru(std::size_t size_max) : size_max_{size_max} {}

  // Null when absent; otherwise the entry becomes the most recent. Does not allocate.
  [[nodiscard]] Value* find(Key const& key) {
    auto const found = places_.find(key);
    if (found == places_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->second;
  }

  // Replaces what is there; at the limit the least recently used entry goes.
  Value* put(Key const& key, Value value) {
    if (auto* const present = find(key)) {
      *present = std::move(value);
      return present;
    }
    if (entries_.size() >= size_max_ && !entries_.empty()) {
      places_.erase(entries_.back().first);
      entries_.pop_back();
    }
    entries_.emplace_front(key, std::move(value));
    places_.emplace(key, entries_.begin());
    return &entries_.front().second;
  }

  void erase(Key const& key) {
    auto const found = places_.find(key);
    if (found == places_.end()) return;
    entries_.erase(found->second);
    places_.erase(found);
  }

  template <class Predicate>
  void erase_if(Predicate predicate) {
    for (auto entry = entries_.begin(); entry != entries_.end();) {
      if (!predicate(entry->second)) {
        ++entry;
        continue;
      }
      places_.erase(entry->first);
      entry = entries_.erase(entry);
    }
  }

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  using Entries = std::list<std::pair<Key, Value>>;
  std::size_t size_max_;
  Entries entries_;  // most recent first
  std::unordered_map<Key, typename Entries::iterator> places_;
};

}  // namespace hoist

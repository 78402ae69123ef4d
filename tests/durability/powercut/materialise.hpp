// Builds the folder that a disk would hold after the cut, from a shadow.
//
// With `kept` at 0 only synced bytes and names exist. Above 0 each unsynced 512-byte sector and each
// unsynced change of a name survives with that probability, as a real disk may have written any of
// them; the same seed gives the same folder.
#pragma once

#include <map>
#include <random>

#include "shadow.hpp"

namespace powercut {

struct Survival {
  double kept = 0;
  uint64_t seed = 0;
  std::string real_root;  // needed when kept is above 0
};

class Materialiser {
 public:
  Materialiser(Shadow shadow, Survival survival);

  bool build(std::string const& target);
  // Counts what was left out, for the report of a run.
  uint64_t lost_names() const { return lost_names_; }
  uint64_t lost_bytes() const { return lost_bytes_; }

 private:
  void find_real(std::string const& folder);
  bool survives() { return std::bernoulli_distribution{survival_.kept}(random_); }
  std::vector<Entry> surviving_names(Identity const& directory);
  std::string surviving_bytes(Identity const& file);
  bool build_directory(Identity const& id, std::string const& target);

  Shadow shadow_;
  Survival survival_;
  std::mt19937_64 random_;
  std::map<Identity, std::string> real_paths_;
  uint64_t lost_names_ = 0;
  uint64_t lost_bytes_ = 0;
};

}  // namespace powercut

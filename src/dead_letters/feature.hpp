// Dead letters as a host sees them.
#pragma once

#include "assembly/feature.hpp"
#include "assembly/stores.hpp"
#include "dead_letters/admin.hpp"

namespace hoist::dead_letters {

class Feature final : public hoist::Feature {
 public:
  explicit Feature(Records const& records);
  void add_routes(net::Router& router) override;

 private:
  DeadLetterAdmin admin_;
};

}  // namespace hoist::dead_letters

// Effects in one table of DynamoDB, which deploy/task_effects_table.json describes: an item an effect.
//
// Promise  as the port: the first put of a key is conditional on the item's absence, a read is consistent.
//          Where the answer to the first put was lost, its repeat is told that it was not the first.
// TTL      an item names its end in expires_at; until DynamoDB has removed it, it counts.
// Needs    dynamodb:GetItem and PutItem.
// Threads  any.   Lifetime  the account and the clock outlive it.
#pragma once

#include <chrono>
#include <memory>

#include "aws/client/json_caller.hpp"
#include "ports/effects.hpp"

namespace hoist::dynamodb {

struct EffectsOptions {
  std::string table;
  std::chrono::seconds keep = std::chrono::hours{24 * 30};
};

class Effects final : public hoist::Effects {
 public:
  // Errors: invalid for a name that no table can have, and those of JsonCaller.
  static Result<std::unique_ptr<Effects>> open(EffectsOptions options, aws::Account& account,
                                               Clock const& clock, aws::CallOptions calls = {});

  Async<bool> is_recorded(std::string key, Deadline deadline) override;
  Async<bool> record(Effect effect, Deadline deadline) override;

 private:
  Effects(EffectsOptions options, Clock const& clock, std::unique_ptr<aws::JsonCaller> caller);

  EffectsOptions options_;
  Clock const& clock_;
  std::unique_ptr<aws::JsonCaller> caller_;
  std::string resource_;
};

}  // namespace hoist::dynamodb

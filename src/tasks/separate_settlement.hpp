// Rows first, receipts afterwards: see settlement.hpp.
#pragma once

#include "tasks/settlement.hpp"

namespace hoist::tasks {

class SeparateSettlement final : public Settlement {
 public:
  explicit SeparateSettlement(SettlementPorts ports) : ports_{ports} {}

  Async<std::optional<Work>> begin(Message message) override;
  Async<std::optional<Work>> settle(Work const& work, Outcome const& outcome) override;
  Async<bool> record(std::vector<Message> messages) override;

 private:
  Async<> skip(Message const& message);

  SettlementPorts ports_;
};

}  // namespace hoist::tasks

// Rows and receipts in one commit: see settlement.hpp.
#pragma once

#include "tasks/settlement.hpp"

namespace hoist::tasks {

class JointSettlement final : public Settlement {
 public:
  JointSettlement(SettlementPorts ports, SettlementOptions options)
      : ports_{ports}, queue_{*ports.joint}, options_{std::move(options)} {}

  Async<std::optional<Work>> begin(Message message) override;
  Async<std::optional<Work>> settle(Work const& work, Outcome const& outcome) override;
  // As many tasks to a commit as it can take, whether they are given or still in the queue.
  Async<bool> record(std::vector<Message> messages) override;

 private:
  [[nodiscard]] ReceiveRequest request(int max) const;
  Result<std::optional<Work>> next(sql::Transaction& tx);
  Result<void> skip(sql::Transaction& tx, Message const& message);
  Result<void> end(sql::Transaction& tx, Work const& work, Outcome const& outcome);
  Result<int> record_some(sql::Transaction& tx, std::vector<Message> const& messages);
  Result<void> record_each(sql::Transaction& tx, std::vector<Message> const& messages);
  void when_committed(sql::Transaction& tx, Message const& message, std::optional<Finished> const& task,
                      Time now);

  SettlementPorts ports_;
  JointConsumer& queue_;
  SettlementOptions options_;
};

}  // namespace hoist::tasks

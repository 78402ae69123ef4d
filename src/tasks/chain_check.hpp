// Checks a group's order receipts: computes every chain value again from what the server shows, compares
// what it shows beside the receipts with their content, and the order of processing with that of arrival.
//
// Threads  one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace hoist::tasks {

class ChainCheck {
 public:
  // Links in order of sequence, as GET /groups/{group}/tasks gives them.
  void take(json::object const& link);
  // Compares with what GET /groups/{group} says is the newest.
  void end(json::object const& group);

  [[nodiscard]] std::int64_t links() const { return links_; }
  [[nodiscard]] std::int64_t last_sequence() const { return sequence_; }
  [[nodiscard]] std::vector<std::string> const& problems() const { return problems_; }

 private:
  void check_chain(json::object const& link);
  void check_columns(json::object const& link);
  void check_processing(json::object const& link);
  void add(std::string problem);

  std::int64_t links_ = 0;
  std::int64_t sequence_ = 0;
  std::int64_t delivery_ = 0;  // the highest so far of tasks that were never redriven
  std::int64_t delivered_sequence_ = 0;
  std::int64_t unsettled_ = 0;  // the first that has not ended
  std::string chain_;
  std::vector<std::string> problems_;
};

}  // namespace hoist::tasks

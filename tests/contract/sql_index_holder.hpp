// An event index over every kind of test database, for its contract suite.
#pragma once

#include "adapters/sql/event_index.hpp"
#include "contract/event_index_contract.hpp"
#include "support/test_database.hpp"

namespace hoist::contract {

class SqlIndexHolder final : public EventIndexHolder {
 public:
  explicit SqlIndexHolder(testing::TestDatabase::Kind kind) : kind_{kind}, database_{kind} {}
  EventIndex& index() override { return index_; }
  Result<void> write(std::function<Result<void>(sql::Transaction&)> work) override {
    return testing::write_now(*database_, std::move(work));
  }
  void restart() override {
    if (kind_ != testing::TestDatabase::Kind::inline_) database_.reopen();
  }

 private:
  testing::TestDatabase::Kind kind_;
  testing::TestDatabase database_;
  sql_engine::EventIndex index_;
};

inline EventIndexUnderTest index_on(std::string name, testing::TestDatabase::Kind kind) {
  return {std::move(name), [kind] { return std::make_unique<SqlIndexHolder>(kind); }};
}

}  // namespace hoist::contract

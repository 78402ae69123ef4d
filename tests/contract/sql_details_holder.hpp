// Details of events over every kind of test database, for their contract suite.
#pragma once

#include "adapters/sql/event_details.hpp"
#include "contract/event_details_contract.hpp"
#include "support/test_database.hpp"

namespace hoist::contract {

class SqlDetailsHolder final : public EventDetailsHolder {
 public:
  using Kind = testing::TestDatabase::Kind;
  explicit SqlDetailsHolder(Kind kind) : kind_{kind}, database_{kind} { open(); }
  EventDetails& details() override { return *details_; }
  void restart() override {
    details_.reset();
    database_.reopen();
    open();
  }

 private:
  // On a server the table is one of the migrations'.
  void open() {
    if (kind_ == Kind::server || kind_ == Kind::server_two)
      details_ = std::make_unique<sql_engine::EventDetails>(*database_);
    else
      details_ = *sql_engine::EventDetails::open(*database_);
  }

  Kind kind_;
  testing::TestDatabase database_;
  std::unique_ptr<sql_engine::EventDetails> details_;
};

inline EventDetailsUnderTest details_on(std::string name, testing::TestDatabase::Kind kind) {
  return {std::move(name), [kind] { return std::make_unique<SqlDetailsHolder>(kind); }};
}

}  // namespace hoist::contract

#include "adapters/sql/event_details.hpp"

#include <gtest/gtest.h>

#include "adapters/sqlite/testing.hpp"
#include "contract/event_details_contract.hpp"

namespace hoist::contract {
namespace {

class SqlDetailsHolder final : public EventDetailsHolder {
 public:
  EventDetails& details() override { return *details_; }
  void restart() override {
    details_.reset();
    database_.reopen();
    details_ = *sql_engine::EventDetails::open(*database_);
  }

 private:
  testing::TestDatabase database_ = testing::fresh_database();
  std::unique_ptr<sql_engine::EventDetails> details_ = *sql_engine::EventDetails::open(*database_);
};

auto const sqlite_details =
    EventDetailsUnderTest{"Sqlite", [] { return std::make_unique<SqlDetailsHolder>(); }};

INSTANTIATE_TEST_SUITE_P(Sqlite, EventDetailsContract, ::testing::Values(sqlite_details));

}  // namespace
}  // namespace hoist::contract

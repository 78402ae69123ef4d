#include "adapters/sql/event_details.hpp"

#include <gtest/gtest.h>

#include "contract/event_details_contract.hpp"
#include "support/test_database.hpp"

namespace hoist::contract {
namespace {

using Kind = testing::TestDatabase::Kind;

class SqlDetailsHolder final : public EventDetailsHolder {
 public:
  explicit SqlDetailsHolder(Kind kind) : database_{kind} {}
  EventDetails& details() override { return *details_; }
  void restart() override {
    details_.reset();
    database_.reopen();
    details_ = *sql_engine::EventDetails::open(*database_);
  }

 private:
  testing::TestDatabase database_;
  std::unique_ptr<sql_engine::EventDetails> details_ = *sql_engine::EventDetails::open(*database_);
};

EventDetailsUnderTest on(std::string name, Kind kind) {
  return {std::move(name), [kind] { return std::make_unique<SqlDetailsHolder>(kind); }};
}

INSTANTIATE_TEST_SUITE_P(Sqlite, EventDetailsContract,
                         ::testing::Values(on("One", Kind::file), on("Two", Kind::two)),
                         [](auto const& info) { return info.param.name; });

}  // namespace
}  // namespace hoist::contract

#include "events/marks.hpp"

#include <fmt/format.h>

#include "events/export.hpp"
#include "events/log_fixture.hpp"

namespace hoist::events {
namespace {

using namespace std::chrono_literals;

class EventMarks : public LogFixture {
 protected:
  void run_sql(std::string text) {
    ASSERT_TRUE(hoist::testing::write_now(
        *database, [&](sql::Transaction& tx) -> Result<void> { return drop(tx.execute(text)); }));
  }
  // What is wrong, and with what number the metric tells it.
  std::string sweep_says() {
    auto const swept = sync(signing.sweep(soon()));
    return swept ? "" : swept.error().to_string();
  }
  bool counts(int logs) {
    return metrics.render().find("hoist_event_logs_altered " + std::to_string(logs)) != std::string::npos;
  }
  std::string chain_at(int sequence) {
    auto chain = std::string{};
    EXPECT_TRUE(hoist::testing::read_now(*database, [&](sql::Transaction& tx) -> Result<void> {
      TRY(auto const rows, tx.query("SELECT chain FROM events WHERE tenant = 'acme' AND sequence = $1",
                                    {std::int64_t{sequence}}));
      chain = rows.at(0).text(0);
      return {};
    }));
    return chain;
  }
  // As an attacker without the keys would.
  void roll_back_to(int sequence) {
    auto const chain = chain_at(sequence);
    run_sql(fmt::format("DELETE FROM events WHERE sequence > {}", sequence));
    run_sql(fmt::format("UPDATE event_heads SET last_sequence = {}, chain = '{}'", sequence, chain));
    run_sql(fmt::format("DELETE FROM event_checkpoints WHERE size > {}", sequence));
    run_sql("DELETE FROM event_tiles WHERE level > 0");
  }

  std::string file;
  std::unique_ptr<Marks> marks = *Marks::make("", [this](std::string_view text) -> Result<void> {
    file = text;
    return {};
  });
  Checkpoints signing{{*database, index, metrics}, key, marks.get()};
  Retention retiring{{*database, index, signing}, 0s};

 private:
  static Result<void> drop(Result<std::int64_t> count) {
    if (!count) return std::unexpected{count.error()};
    return {};
  }
};

TEST_F(EventMarks, M2_ALogThatWasRolledBackIsNamedAndNotSignedAgain) {
  record_many(10);
  ASSERT_TRUE(sync(signing.make(acme, soon())));
  record_many(10);
  ASSERT_TRUE(sync(signing.make(acme, soon())));
  EXPECT_EQ(sweep_says(), "");
  EXPECT_TRUE(counts(0));
  roll_back_to(12);
  EXPECT_NE(sweep_says().find("it ends at 12, but 20 events were signed"), std::string::npos);
  EXPECT_TRUE(counts(1));
  EXPECT_EQ(sync(check_marks(*database, index, *marks, key.public_key(), soon()))->size(), 1U);
  EXPECT_FALSE(sync(signing.make(acme, soon())));
  EXPECT_FALSE(sync(Exports{{*database, index, service, signing}}.ndjson(acme, soon())));
  record_many(10);  // the same sequences, given out twice
  EXPECT_FALSE(sync(signing.make(acme, soon())));
  ASSERT_TRUE(sync(checkpoints.make(acme, soon()))) << "what is in the database alone does not tell it";
}

TEST_F(EventMarks, M2_AForgedCutOfTheBeginningIsNamedAndAnHonestOneIsNot) {
  record_many(6);
  clock.advance(2h);
  record_many(6);
  ASSERT_EQ(*sync(retiring.retire(acme, clock.now(), soon())), 6);
  EXPECT_EQ(sweep_says(), "");
  auto const chain = chain_at(9);
  run_sql("DELETE FROM events WHERE sequence < 10");
  run_sql(fmt::format("UPDATE event_heads SET first_sequence = 10, chain_before = '{}'", chain));
  EXPECT_NE(sweep_says().find("begins at 10, but its retention removed only what is before 7"),
            std::string::npos);
  EXPECT_FALSE(sync(Exports{{*database, index, service, signing}}.ndjson(acme, soon())));
}

// A forger who can write the file but has not the key cannot widen what retention was allowed.
TEST_F(EventMarks, M2_ACutThatWasNotSignedIsNamed) {
  record_many(6);
  clock.advance(2h);
  record_many(6);
  ASSERT_EQ(*sync(retiring.retire(acme, clock.now(), soon())), 6);
  auto const honest = *Marks::make(file, {});
  auto forged = file;
  forged.replace(forged.find("\"firstSequence\":7"), 17, "\"firstSequence\":9");
  auto const widened = *Marks::make(forged, {});
  auto const says = [&](Marks const& read) {
    auto const checked = hoist::testing::read_now(*database, [&](sql::Transaction& tx) {
      return check_mark(tx, index, key.public_key(), *read.find(acme));
    });
    return checked ? "" : checked.error().to_string();
  };
  EXPECT_EQ(says(*honest), "");
  EXPECT_NE(says(*widened).find("is marked to begin at 9, which was not signed"), std::string::npos);
}

TEST_F(EventMarks, TheFileIsReadBackAndADamagedOneIsRefused) {
  record_many(3);
  ASSERT_TRUE(sync(signing.make(acme, soon())));
  auto const read = Marks::make(file, {});
  ASSERT_TRUE(read);
  ASSERT_EQ((*read)->all().size(), 1U);
  EXPECT_EQ((*read)->find(acme)->newest.size, 3);
  EXPECT_EQ((*read)->find(acme)->newest.signature, marks->find(acme)->newest.signature);
  EXPECT_FALSE(Marks::make("{}", {}));
  EXPECT_FALSE(Marks::make(file.substr(0, file.size() / 2), {}));
}

TEST_F(EventMarks, M2_ErasuresThatNobodyRecordedAreNamed) {
  auto const ids = record_many(4);
  ASSERT_TRUE(sync(service.relay(soon())));
  ASSERT_TRUE(sync(service.redact(acme, {ids[0]}, UserId{"dpo"}, "asked", soon())));
  EXPECT_TRUE(sync(reconcile({*database, index, details}, acme, soon()))->equal());
  run_sql(
      fmt::format("UPDATE events SET user_id = NULL, user_salt = '' WHERE event_id = '{}'", ids[1].str()));
  ASSERT_TRUE(sync(details.put({{0, acme, ids[2], "", "", true}}, soon())));
  auto const report = sync(reconcile({*database, index, details}, acme, soon()));
  EXPECT_FALSE(report->equal());
  EXPECT_EQ(report->emptied, std::vector<EventId>{ids[1]});
  EXPECT_EQ(report->altered, std::vector<EventId>{ids[2]});
}

}  // namespace
}  // namespace hoist::events

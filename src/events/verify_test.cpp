#include "events/verify.hpp"

#include <fmt/format.h>

#include <random>
#include <sstream>

#include "base/encode.hpp"
#include "events/log_fixture.hpp"

namespace hoist::events {
namespace {

class Verify : public LogFixture {
 protected:
  std::vector<std::string> exported() {
    auto const checkpoint = *sync(checkpoints.make(acme, soon()));
    auto lines = std::vector<std::string>{
        json::serialize(export_header(checkpoint, 1, event_chain_start(), key.public_key()))};
    for (auto const& view : all(100'000)) lines.push_back(json::serialize(export_event(view)));
    return lines;
  }
  VerifyReport check(std::vector<std::string> const& lines) {
    auto text = std::stringstream{};
    for (auto const& line : lines) text << line << '\n';
    return verify_export(text, key.public_key());
  }
  // A history with redactions, from one seed.
  void write_history(std::mt19937& random, int events) {
    auto ids = std::vector<EventId>{};
    for (int i = 0; i < events; ++i) {
      auto details =
          json::object{{"n", i}, {"text", fmt::format("ñ{}", random() % 100)}, {"x", 0.1 * (random() % 50)}};
      ids.push_back(
          record(event(fmt::format("u{}", random() % 5), "type", std::move(details))).event.facts.id);
      if (random() % 8 == 0)
        EXPECT_TRUE(sync(service.redact(acme, {ids[random() % ids.size()]}, UserId{"dpo"}, "asked", soon())));
    }
  }
};

TEST_F(Verify, AcceptsHonestHistoriesAndRefusesEveryAlteredOne) {
  auto honest = 0;
  auto refused = 0;
  for (unsigned seed = 1; seed <= 12; ++seed) {
    auto random = std::mt19937{seed};
    write_history(random, 12);
    auto const lines = exported();
    auto const report = check(lines);
    ASSERT_TRUE(report.ok()) << "seed " << seed << ": " << report.problem << " at line "
                             << report.problem_line;
    ++honest;
    for (int round = 0; round < 40; ++round) {
      auto forged = lines;
      auto const at = 1 + random() % (lines.size() - 1);
      switch (round % 5) {
        case 0: {  // flip one character of a value
          auto& line = forged[at];
          auto const names = 1 + random() % 8;
          auto spot = std::size_t{0};
          for (auto i = 0U; i < names; ++i) spot = line.find("\":", spot + 1);
          spot += 3;
          line[spot] = line[spot] == 'A' ? 'B' : 'A';
          break;
        }
        case 1: forged.erase(forged.begin() + static_cast<std::ptrdiff_t>(at)); break;
        case 2: std::swap(forged[at], forged[1 + at % (lines.size() - 1)]); break;
        case 3: forged.resize(at); break;
        default: forged.insert(forged.begin() + static_cast<std::ptrdiff_t>(at), forged[at]); break;
      }
      if (forged == lines) continue;
      auto const verdict = check(forged);
      ASSERT_FALSE(verdict.ok()) << "seed " << seed << " round " << round << " line " << at;
      ++refused;
    }
  }
  std::printf("honest histories accepted: %d, altered ones refused: %d\n", honest, refused);
}

TEST_F(Verify, NamesTheFirstAlteredEvent) {
  for (int i = 0; i < 6; ++i) record(event("ana", "login", {{"n", i}}));
  auto lines = exported();
  auto const at = lines[4].find("\"n\":3");
  ASSERT_NE(at, std::string::npos);
  lines[4][at + 4] = '7';
  auto const report = check(lines);
  EXPECT_EQ(report.problem_sequence, 4);
  EXPECT_EQ(report.problem_line, 5);
  EXPECT_EQ(report.problem, "the details do not match their hash");
}

TEST_F(Verify, E5_ARewriteWithRecomputedHashesButWithoutTheKeyIsRefused) {
  for (int i = 0; i < 6; ++i) record(event("ana", "login", {{"n", i}}));
  auto lines = exported();
  auto chain = event_chain_start();
  for (std::size_t i = 1; i < lines.size(); ++i) {
    auto line = parse_json(lines[i])->get_object();
    auto facts = EventFacts{acme,
                            line["sequence"].get_int64(),
                            EventId{line["eventId"].get_string().c_str()},
                            i == 3 ? "logout" : line["eventType"].get_string().c_str(),
                            *parse_rfc3339(line["timestamp"].get_string().c_str()),
                            *parse_rfc3339(line["receivedAt"].get_string().c_str()),
                            *unbase64url(line["userHash"].get_string().c_str()),
                            *unbase64url(line["detailsHash"].get_string().c_str())};
    chain = next_event_chain(chain, event_leaf(facts));
    line["eventType"] = facts.type;
    line["hash"] = base64url(chain);
    lines[i] = json::serialize(line);
  }
  EXPECT_NE(check(lines).problem.find("not those that were signed"), std::string::npos);
  auto const other = SigningKey::generate();
  auto text = std::stringstream{exported().front()};
  EXPECT_FALSE(verify_export(text, other.public_key()).ok());
}

TEST_F(Verify, ProofsTieEventsToCheckpointsAcrossTiles) {
  auto ids = std::vector<EventId>{};
  auto batch = [&](int count) {
    auto events = std::vector<NewEvent>{};
    for (int i = 0; i < count; ++i) events.push_back(event("ana", "login"));
    for (auto const& one : events) ids.push_back(one.id);
    ASSERT_TRUE(sync(service.record(acme, std::move(events), soon())));
  };
  batch(300);
  auto const first = *sync(checkpoints.make(acme, soon()));
  batch(1000);
  auto const second = *sync(checkpoints.make(acme, soon()));
  for (auto const at : {0, 255, 256, 299, 300, 1023, 1024, 1299}) {
    auto const proof = sync(checkpoints.inclusion(acme, ids[static_cast<std::size_t>(at)], 0, soon()));
    ASSERT_TRUE(proof) << proof.error().to_string();
    EXPECT_EQ(proof->checkpoint.size, 1300);
    EXPECT_TRUE(verify_inclusion(proof->leaf, static_cast<std::uint64_t>(at), 1300, proof->path, second.root))
        << at;
  }
  auto const proof = sync(checkpoints.consistency(acme, 300, 1300, soon()));
  ASSERT_TRUE(proof);
  EXPECT_TRUE(verify_consistency(300, 1300, first.root, second.root, *proof));
  EXPECT_TRUE(verify_ed25519(key.public_key(), signed_text(second), second.signature));
  EXPECT_FALSE(sync(checkpoints.consistency(acme, 299, 1300, soon())));
}

TEST_F(Verify, TheSweepMakesACheckpointAfterAThousandEventsOrAMinute) {
  record(event("ana", "login"));
  ASSERT_TRUE(sync(checkpoints.sweep(soon())));
  record(event("ana", "login"));
  ASSERT_TRUE(sync(checkpoints.sweep(soon())));
  EXPECT_EQ(sync(checkpoints.list(acme, 0, 10, soon()))->size(), 1U);
  clock.advance(std::chrono::minutes{1});
  ASSERT_TRUE(sync(checkpoints.sweep(soon())));
  EXPECT_EQ(sync(checkpoints.list(acme, 0, 10, soon()))->size(), 2U);
}

}  // namespace
}  // namespace hoist::events

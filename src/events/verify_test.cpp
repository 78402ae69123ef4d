#include "events/verify.hpp"

#include <fmt/format.h>

#include <array>
#include <random>
#include <sstream>

#include "base/encode.hpp"
#include "events/export.hpp"
#include "events/export_line.hpp"
#include "events/log_fixture.hpp"

namespace hoist::events {
namespace {

class Verify : public LogFixture {
 protected:
  std::vector<std::string> exported() {
    auto stream = sync(exports.ndjson(acme, soon()));
    EXPECT_TRUE(stream) << stream.error().to_string();
    return lines_of(**stream);
  }
  std::vector<std::string> lines_of(net::BodySource& stream) {
    auto text = std::stringstream{};
    for (auto buffer = std::array<char, 777>{};;) {  // a size at odds with every line
      auto const count = sync(stream.read(buffer));
      EXPECT_TRUE(count) << count.error().to_string();
      if (!count || *count == 0) break;
      text.write(buffer.data(), static_cast<std::streamsize>(*count));
    }
    auto lines = std::vector<std::string>{};
    for (auto line = std::string{}; std::getline(text, line);) lines.push_back(line);
    return lines;
  }
  VerifyReport check(std::vector<std::string> const& lines) {
    auto text = std::stringstream{};
    for (auto const& line : lines) text << line << '\n';
    return verify_export(text, key.public_key());
  }
  std::vector<std::string> lines_of_another_log() {
    auto const other = TenantId{"other"};
    for (int i = 0; i < 9; ++i) {
      auto events = std::vector<NewEvent>{};
      events.push_back(event("ana", "type", {{"n", i}}));
      EXPECT_TRUE(sync(service.record(other, std::move(events), soon())));
    }
    auto stream = sync(exports.ndjson(other, soon()));
    return lines_of(**stream);
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
  auto strangers = std::vector<std::string>{};
  for (unsigned seed = 1; seed <= 12; ++seed) {
    auto random = std::mt19937{seed};
    write_history(random, 12);
    auto const lines = exported();
    auto const report = check(lines);
    ASSERT_TRUE(report.ok()) << "seed " << seed << ": " << report.problem << " at line "
                             << report.problem_line;
    ++honest;
    if (strangers.empty()) strangers = lines_of_another_log();
    for (int round = 0; round < 40; ++round) {
      auto forged = lines;
      auto const at = 1 + random() % (lines.size() - 1);
      switch (round % 6) {
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
        case 4: forged.insert(forged.begin() + static_cast<std::ptrdiff_t>(at), forged[at]); break;
        default: {  // an event of another history, whole and true there
          forged[at] = strangers[1 + at % (strangers.size() - 1)];
          break;
        }
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
  auto const other = Ed25519Key::generate();
  auto text = std::stringstream{exported().front()};
  EXPECT_FALSE(verify_export(text, other.public_key()).ok());
}

// Everything after the line is written anew, as a forger with the file and the program could.
std::vector<std::string> rechained(std::vector<std::string> lines, TenantId const& tenant) {
  auto chain = event_chain_start();
  for (std::size_t i = 1; i < lines.size(); ++i) {
    auto line = parse_json(lines[i])->get_object();
    auto storage = std::vector<std::string>{};
    auto const event = read_any_form(line, storage);
    chain = next_event_chain(
        chain, event_leaf(EventFactsText{tenant.str(), event.sequence, event.id, event.type_json, event.at,
                                         event.received_at, event.user_hash, event.details_hash}));
    line["hash"] = base64url(chain);
    lines[i] = json::serialize(line);
  }
  return lines;
}

TEST_F(Verify, E5_ADroppedNoticeOfARedactionIsRefusedEvenWhenTheRestIsRewritten) {
  record_many(3);
  auto const id = all()[1].event.facts.id;
  ASSERT_TRUE(sync(service.redact(acme, {id}, UserId{"dpo"}, "asked", soon())));
  record_many(2);
  auto lines = exported();
  ASSERT_TRUE(check(lines).ok()) << check(lines).problem;
  EXPECT_EQ(check(lines).redacted, 1);
  lines.erase(lines.begin() + 4);
  for (std::size_t i = 4; i < lines.size(); ++i) {
    auto line = parse_json(lines[i])->get_object();
    line["sequence"] = static_cast<std::int64_t>(i);
    lines[i] = json::serialize(line);
  }
  EXPECT_FALSE(check(rechained(lines, acme)).ok());
}

TEST_F(Verify, E5_EmptyingAnEventInTheFileIsNotTakenForARedaction) {
  record_many(3);
  auto lines = exported();
  auto line = parse_json(lines[2])->get_object();
  for (auto const* name : {"userId", "userSalt", "details", "detailsSalt"}) line.erase(name);
  lines[2] = json::serialize(line);
  auto const report = check(lines);
  EXPECT_EQ(report.problem, "the event was emptied, and no event.redacted names it");
  EXPECT_EQ(report.problem_sequence, 2);
}

TEST_F(Verify, E5_CuttingAtAnEarlierCheckpointIsRefusedUnderTheLaterHeader) {
  record_many(5);
  auto const early = exported();
  record_many(5);
  auto late = exported();
  late.resize(early.size());
  EXPECT_EQ(check(late).problem, "the export ends at event 5, but 10 were signed");
  late.front() = early.front();
  EXPECT_TRUE(check(late).ok()) << "this is the earlier export, honest as it was";
}

TEST_F(Verify, E5_LeavingOutTheBeginningNeedsTheKey) {
  record_many(6);
  auto lines = exported();
  auto header = parse_json(lines.front())->get_object();
  auto const third = parse_json(lines[3])->get_object();
  header["firstSequence"] = 4;
  header["chainBefore"] = third.at("hash");
  lines.front() = json::serialize(header);
  lines.erase(lines.begin() + 1, lines.begin() + 4);
  EXPECT_EQ(check(lines).problem, "the signature of the header is not valid");
}

TEST_F(Verify, E5_ARewriteThatAlsoChangesTheCheckpointNeedsTheKey) {
  record_many(4);
  auto lines = exported();
  auto line = parse_json(lines[2])->get_object();
  line["eventType"] = "logout";
  lines[2] = json::serialize(line);
  lines = rechained(lines, acme);
  auto header = parse_json(lines.front())->get_object();
  header["checkpoint"].get_object()["chain"] = parse_json(lines.back())->get_object()["hash"];
  lines.front() = json::serialize(header);
  EXPECT_EQ(check(lines).problem, "the signature of the checkpoint is not valid");
}

TEST_F(Verify, MembersThatNoHashCoversAreRefused) {
  record_many(3);
  auto const lines = exported();
  auto const altered = [&](std::size_t at, std::string_view name, json::value value) {
    auto copy = lines;
    auto line = parse_json(copy[at])->get_object();
    line[name] = std::move(value);
    copy[at] = json::serialize(line);
    return check(copy).problem;
  };
  EXPECT_EQ(altered(2, "eventType", "login"), "") << "as it was";
  EXPECT_EQ(altered(2, "note", "paid"), "the event has members that no hash covers");
  EXPECT_EQ(altered(0, "note", "paid"), "the first line is not the header of an export");
  EXPECT_EQ(altered(0, "version", 2), "the header's version is not known");
  EXPECT_EQ(altered(0, "publicKey", json::string{base64url(Ed25519Key::generate().public_key())}),
            "the header names another key");
}

TEST_F(Verify, EveryChangedMemberOfTheHeaderIsRefused) {
  record_many(3);
  auto const lines = exported();
  auto const header = parse_json(lines.front())->get_object();
  auto refused = 0;
  auto const try_with = [&](json::object changed) {
    auto forged = lines;
    forged.front() = json::serialize(changed);
    EXPECT_FALSE(check(forged).ok()) << forged.front();
    ++refused;
  };
  for (auto const* name : {"type", "firstSequence", "chainBefore", "signature", "checkpoint"}) {
    auto changed = header;
    changed.erase(name);
    try_with(std::move(changed));
  }
  for (auto const& member : header.at("checkpoint").get_object()) {
    auto changed = header;
    auto& value = changed["checkpoint"].get_object()[member.key()];
    if (value.is_string())
      value.get_string()[0] = value.get_string()[0] == '1' ? '2' : '1';
    else
      value = value.get_int64() - 1;
    try_with(std::move(changed));
  }
  EXPECT_EQ(refused, 12);
}

TEST_F(Verify, E5_AnAlteredRowOfTheDatabaseIsFoundInTheExport) {
  record_many(5);
  ASSERT_TRUE(hoist::testing::write_now(*database, [&](sql::Transaction& tx) -> Result<void> {
    CHECK(tx.execute("UPDATE events SET event_type = 'logout' WHERE tenant = 'acme' AND sequence = 3"));
    return {};
  }));
  EXPECT_EQ(check(exported()).problem_sequence, 3);
}

TEST_F(Verify, E5_NoCheckpointIsSignedOverARewrittenPast) {
  record_many(5);
  ASSERT_TRUE(sync(checkpoints.make(acme, soon())));
  // A forger who may write the database changes an event and computes every later hash anew.
  ASSERT_TRUE(hoist::testing::write_now(*database, [&](sql::Transaction& tx) -> Result<void> {
    CHECK(tx.execute("UPDATE events SET event_type = 'logout' WHERE tenant = 'acme' AND sequence = 3"));
    auto query = EventQuery{.tenant = acme};
    TRY(auto const events, index.list(tx, query));
    auto chain = event_chain_start();
    for (auto const& one : events) {
      chain = next_event_chain(chain, event_leaf(one.facts));
      CHECK(tx.execute("UPDATE events SET chain = $1 WHERE tenant = 'acme' AND sequence = $2",
                       {base64url(chain), one.facts.sequence}));
    }
    CHECK(tx.execute("UPDATE event_heads SET chain = $1 WHERE tenant = 'acme'", {base64url(chain)}));
    return {};
  }));
  record_many(1);
  auto const refused = sync(checkpoints.make(acme, soon()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::corrupt);
  EXPECT_FALSE(sync(exports.ndjson(acme, soon())));

  clock.advance(std::chrono::minutes{2});
  auto const other = TenantId{"other"};
  auto events = std::vector<NewEvent>{event("ana", "login")};
  ASSERT_TRUE(sync(service.record(other, std::move(events), soon())));
  EXPECT_FALSE(sync(checkpoints.sweep(soon())));
  EXPECT_EQ(sync(checkpoints.list(other, 0, 10, soon()))->size(), 1U) << "others go on";
}

TEST_F(Verify, M2_AnEarlierCheckpointHasToBeContained) {
  record_many(5);
  auto const kept = *sync(checkpoints.make(acme, soon()));
  record_many(5);
  auto const against = [&](Checkpoint since, std::vector<std::string> const& lines) {
    auto text = std::stringstream{};
    for (auto const& line : lines) text << line << '\n';
    return verify_export(text, key.public_key(), std::move(since)).problem;
  };
  auto const lines = exported();
  EXPECT_EQ(against(kept, lines), "");
  auto const later = *sync(checkpoints.make(acme, soon()));
  EXPECT_EQ(against(later, lines), "");

  auto further = later;
  further.size += 3;
  further.signature = key.sign(signed_text(further));
  EXPECT_NE(against(further, lines).find("rolled back: 13 events were signed"), std::string::npos);
  auto other = kept;
  other.chain.front() ^= 1;
  EXPECT_NE(against(other, lines).find("signature of the earlier checkpoint"), std::string::npos);
  other.signature = key.sign(signed_text(other));
  EXPECT_NE(against(other, lines).find("not those that the earlier checkpoint signed"), std::string::npos);
  auto foreign = kept;
  foreign.tenant = TenantId{"other"};
  foreign.signature = key.sign(signed_text(foreign));
  EXPECT_NE(against(foreign, lines).find("of another log"), std::string::npos);
}

TEST_F(Verify, AnExportBeginsWhereRetentionEndsAndSaysSo) {
  record_many(6);
  clock.advance(std::chrono::hours{2});
  record_many(2);
  ASSERT_EQ(*sync(retention.retire(acme, clock.now(), soon())), 6);
  auto const report = check(exported());
  EXPECT_TRUE(report.ok()) << report.problem;
  EXPECT_EQ(report.first_sequence, 7);
  EXPECT_EQ(report.events, 2);
}

TEST_F(Verify, AnErasureDuringTheExportIsCoveredByAClosingCheckpoint) {
  auto const ids = record_many(1200);  // more than one page
  auto stream = sync(exports.ndjson(acme, soon()));
  ASSERT_TRUE(stream);
  ASSERT_TRUE(sync(service.redact(acme, {ids[1100]}, UserId{"dpo"}, "asked", soon())));
  record_many(3);
  auto lines = lines_of(**stream);
  auto const report = check(lines);
  EXPECT_TRUE(report.ok()) << report.problem << " at line " << report.problem_line;
  EXPECT_EQ(report.redacted, 1);
  EXPECT_EQ(report.events, 1204);
  EXPECT_EQ(report.checkpoint->size, 1204);
  lines.pop_back();
  EXPECT_EQ(check(lines).problem, "the events after 1200 are covered by no checkpoint");
  lines.resize(1201);
  EXPECT_EQ(check(lines).problem, "the event was emptied, and no event.redacted names it");
}

TEST_F(Verify, AnotherSpellingOfTheSameExportIsAccepted) {
  record(event("a\"ñ\\b", "t\"y\\pe", {{"b", 1}, {"a", "x\ny"}}));
  record(event("ana", "login", {{"n", 1.5}}));
  auto lines = exported();
  EXPECT_TRUE(check(lines).ok()) << check(lines).problem;
  for (auto& line : lines) {
    auto const object = parse_json(line)->get_object();
    auto turned = json::object{};
    auto members = std::vector<json::key_value_pair const*>{};
    for (auto const& member : object) members.insert(members.begin(), &member);
    for (auto const* member : members) turned.emplace(member->key(), member->value());
    line = json::serialize(turned);
  }
  EXPECT_TRUE(check(lines).ok()) << check(lines).problem;
}

TEST_F(Verify, AnExportWaitsForNoDetailsItCannotHave) {
  details.fail_puts = true;
  record_many(2);
  auto const refused = sync(exports.ndjson(acme, soon()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::unavailable);
  details.fail_puts = false;
  EXPECT_TRUE(check(exported()).ok());
}

TEST_F(Verify, ExportsAreFewAtOnce) {
  record_many(1);
  auto open = std::vector<std::shared_ptr<net::BodySource>>{};
  for (int i = 0; i < exports_max; ++i) open.push_back(*sync(exports.ndjson(acme, soon())));
  EXPECT_EQ(sync(exports.ndjson(acme, soon())).error().code(), Code::unavailable);
  open.pop_back();
  EXPECT_TRUE(sync(exports.ndjson(acme, soon())));
}

TEST_F(Verify, TheAuditTrailIsALogLikeAnyOther) {
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(hoist::testing::write_now(*database, [&](sql::Transaction& tx) {
      auto entry = AuditEntry{};
      entry.caller = {acme, UserId{"ana"}, Role::admin, {}, "token-1", "127.0.0.1"};
      entry.action = "key.created";
      entry.subject = "k\"1";
      entry.details = {{"z", 1}, {"a", i}};
      return audit.record(tx, std::move(entry));
    }));
  auto stream = sync(exports.ndjson(audit_log_of(acme), soon()));
  ASSERT_TRUE(stream);
  auto lines = lines_of(**stream);
  auto const report = check(lines);
  EXPECT_TRUE(report.ok()) << report.problem;
  EXPECT_EQ(report.events, 3);
  auto const at = lines[2].find("127.0.0.1");
  ASSERT_NE(at, std::string::npos);
  lines[2][at] = '9';
  EXPECT_EQ(check(lines).problem_sequence, 2);
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
  EXPECT_TRUE(verify_consistency(300, 1300, first.root, second.root, proof->path));
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

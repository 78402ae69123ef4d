#include "tasks/chain_check.hpp"

#include <gtest/gtest.h>

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "model/chain.hpp"

namespace hoist::tasks {
namespace {

// What the server would show of tasks that were done one after the other.
std::vector<json::object> honest(int count) {
  auto links = std::vector<json::object>{};
  auto previous = first_chain();
  for (auto i = 1; i <= count; ++i) {
    auto const body = R"({"title":"t)" + std::to_string(i) + R"("})";
    auto const id = "id-" + std::to_string(i);
    auto const hash = hex(sha256(body));
    auto const chain = next_chain(previous, {.queue = "tasks",
                                             .tenant = "acme",
                                             .group = "default",
                                             .sequence = i,
                                             .id = id,
                                             .sent_at = from_us(1000 + i),
                                             .body_sha256 = hash});
    links.push_back({{"title", "t" + std::to_string(i)},
                     {"task_id", id},
                     {"queue", "tasks"},
                     {"tenant", "acme"},
                     {"group", "default"},
                     {"sequence", i},
                     {"sent_us", 1000 + i},
                     {"body", body},
                     {"body_sha256", hash},
                     {"previous_chain", previous},
                     {"chain", chain},
                     {"status", "done"},
                     {"delivery", i},
                     {"redriven", 0}});
    previous = chain;
  }
  return links;
}

std::vector<std::string> problems(std::vector<json::object> const& links) {
  auto check = ChainCheck{};
  for (auto const& link : links) check.take(link);
  check.end({{"last_sequence", 5}, {"chain", honest(5).back().at("chain")}});
  return check.problems();
}

TEST(ChainCheck, AnHonestGroupIsRight) {
  EXPECT_EQ(problems(honest(5)), std::vector<std::string>{});
}

TEST(ChainCheck, WhatWasTakenOutPutInOrChangedIsFound) {
  auto taken = honest(5);
  taken.erase(taken.begin() + 2);
  EXPECT_FALSE(problems(taken).empty());
  auto changed = honest(5);
  changed[2]["body"] = "other";
  EXPECT_FALSE(problems(changed).empty());
  changed[2]["body_sha256"] = hex(sha256("other"));
  EXPECT_FALSE(problems(changed).empty());
  auto later = honest(5);
  later[2]["sent_us"] = 1;
  EXPECT_FALSE(problems(later).empty());
  auto newest = honest(5);
  newest[4]["chain"] = std::string(64, 'f');
  EXPECT_FALSE(problems(newest).empty());
}

TEST(ChainCheck, ACutEndAndAChangedColumnAreFound) {
  auto cut = honest(5);
  cut.pop_back();
  EXPECT_EQ(problems(cut),
            std::vector<std::string>{"the receipts end at 4, but 5 tasks were accepted: the end is missing"});
  auto forged = honest(5);
  forged[2]["title"] = "forged";
  EXPECT_EQ(problems(forged), std::vector<std::string>{"the title of 3 was changed"});
  auto late = honest(5);
  late[3]["due_date"] = "2030-01-01T00:00:00Z";
  EXPECT_EQ(problems(late), std::vector<std::string>{"the due_date of 4 was changed"});
}

// As a database looks whose newest tasks were taken away with every number that tells of them.
TEST(ChainCheck, AnEndBeforeTheOneThatWasSignedIsFound) {
  auto const problems_with = [](int links, std::int64_t signed_sequence, json::value const& signed_chain) {
    auto check = ChainCheck{};
    auto const kept = honest(links);
    for (auto const& link : kept) check.take(link);
    auto group = json::object{{"last_sequence", links}, {"signed_sequence", signed_sequence}};
    group["chain"] = kept.empty() ? json::value{""} : kept.back().at("chain");
    group["signed_chain"] = signed_chain;
    check.end(group);
    return check.problems().size();
  };
  auto const last = honest(5).back().at("chain");
  EXPECT_EQ(problems_with(5, 5, last), 0U);
  EXPECT_EQ(problems_with(5, 3, honest(3).back().at("chain")), 0U);
  EXPECT_EQ(problems_with(4, 5, last), 1U);
  EXPECT_EQ(problems_with(0, 5, last), 1U);
  EXPECT_EQ(problems_with(5, 5, "another"), 1U);
}

TEST(ChainCheck, ProcessingOutOfOrderIsFoundAndARedriveIsNone) {
  auto swapped = honest(5);
  std::swap(swapped[1].at("delivery"), swapped[2].at("delivery"));
  EXPECT_FALSE(problems(swapped).empty());
  auto early = honest(5);
  early[1]["status"] = "retrying";
  EXPECT_FALSE(problems(early).empty());
  auto redriven = honest(5);
  redriven[1]["delivery"] = 9;
  redriven[1]["redriven"] = 1;
  EXPECT_EQ(problems(redriven), std::vector<std::string>{});
}

}  // namespace
}  // namespace hoist::tasks

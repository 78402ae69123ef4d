// What every queue promises that a function sends to.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "ports/ordered_queue.hpp"

namespace hoist::contract {

struct Taken {
  std::string body;
  std::string group;
  std::string sequence;
  std::string handle;
  std::int64_t receives = 0;
};

// An empty queue, and the other end of it.
class OrderedQueueHolder {
 public:
  virtual ~OrderedQueueHolder() = default;
  virtual OrderedSender& sender() = 0;
  virtual Redelivery& redelivery() = 0;
  virtual std::vector<Taken> take(std::size_t max, std::chrono::seconds wait) = 0;
  virtual void remove(Taken const& taken) = 0;
};

struct OrderedQueueUnderTest {
  std::string name;
  std::string why_not;  // where `make` is empty
  std::function<std::unique_ptr<OrderedQueueHolder>()> make;
};

inline void PrintTo(OrderedQueueUnderTest const& queue, std::ostream* to) {
  *to << queue.name;
}

class OrderedQueueContract : public ::testing::TestWithParam<OrderedQueueUnderTest> {
 protected:
  void SetUp() override {
    if (!GetParam().make) GTEST_SKIP() << GetParam().why_not;
    holder_ = GetParam().make();
    ASSERT_TRUE(holder_);
  }
  static Deadline soon() { return deadline_in(std::chrono::seconds{30}); }
  Result<Queued> try_send(std::string group, std::string key, std::string body) {
    return run_to_end<Queued>(
        [&] { return holder_->sender().send({group, std::move(key), std::move(body)}, soon()); });
  }
  Queued send(std::string group, std::string body) {
    auto const sent = try_send(std::move(group), "key-" + std::to_string(++sent_), std::move(body));
    EXPECT_TRUE(sent) << sent.error().to_string();
    return sent.value_or(Queued{});
  }
  Result<void> put_off(std::vector<std::string> handles, std::chrono::seconds delay) {
    return run_to_end<void>([&] { return holder_->redelivery().put_off(handles, delay, soon()); });
  }
  std::vector<Taken> take(std::size_t max = 10) { return holder_->take(max, std::chrono::seconds{5}); }
  std::vector<Taken> take_at_once() { return holder_->take(10, std::chrono::seconds{0}); }

  std::unique_ptr<OrderedQueueHolder> holder_;
  int sent_ = 0;
};

inline std::vector<std::string> bodies(std::vector<Taken> const& taken) {
  auto all = std::vector<std::string>{};
  for (auto const& one : taken) all.push_back(one.body);
  return all;
}

using Bodies = std::vector<std::string>;

TEST_P(OrderedQueueContract, AGroupIsDeliveredInTheOrderOfItsAnswers) {
  auto sequences = std::vector<std::string>{};
  for (auto const* body : {"a", "b", "c"}) sequences.push_back(send("one", body).sequence);
  auto const taken = take();
  EXPECT_EQ(bodies(taken), (Bodies{"a", "b", "c"}));
  for (auto i = std::size_t{0}; i < taken.size(); ++i) {
    EXPECT_EQ(taken[i].sequence, sequences[i]);
    EXPECT_EQ(taken[i].group, "one");
    EXPECT_EQ(taken[i].receives, 1);
  }
  EXPECT_LT(std::pair(sequences[0].size(), sequences[0]), std::pair(sequences[2].size(), sequences[2]));
}

TEST_P(OrderedQueueContract, WhatComesBehindSomebodysMessageWaitsAndOtherGroupsDoNot) {
  send("one", "a");
  auto const held = take();
  send("one", "b");
  send("other", "x");
  EXPECT_EQ(bodies(take()), Bodies{"x"});
  EXPECT_EQ(take_at_once().size(), 0U);
  holder_->remove(held.at(0));
  EXPECT_EQ(bodies(take()), Bodies{"b"});
}

TEST_P(OrderedQueueContract, ARepeatIsAnsweredAsTheFirstAndIsNotDelivered) {
  auto const first = try_send("one", "k", "a");
  ASSERT_TRUE(first);
  auto const taken = take();
  holder_->remove(taken.at(0));
  auto const repeat = try_send("one", "k", "a");
  ASSERT_TRUE(repeat);
  EXPECT_EQ(repeat->id, first->id);
  EXPECT_EQ(take_at_once().size(), 0U);
}

TEST_P(OrderedQueueContract, WhatIsPutOffComesAgainFirstAndIsCounted) {
  send("one", "a");
  send("one", "b");
  auto const taken = take(1);
  ASSERT_EQ(bodies(taken), Bodies{"a"});
  ASSERT_TRUE(put_off({taken[0].handle}, std::chrono::seconds{0}));
  auto const again = take();
  ASSERT_EQ(bodies(again), (Bodies{"a", "b"}));
  EXPECT_EQ(again[0].receives, 2);
  EXPECT_EQ(again[1].receives, 1);
}

TEST_P(OrderedQueueContract, WhatIsPutOffForAWhileStaysAwayAndItsGroupWithIt) {
  send("one", "a");
  send("one", "b");
  auto const taken = take(1);
  ASSERT_TRUE(put_off({taken.at(0).handle}, std::chrono::seconds{2}));
  EXPECT_EQ(take_at_once().size(), 0U);
  EXPECT_EQ(bodies(take()), (Bodies{"a", "b"}));
}

TEST_P(OrderedQueueContract, ManyArePutOffAtOnceAndTheOrderStays) {
  auto expected = Bodies{};
  for (auto i = 0; i < 12; ++i) send("one", expected.emplace_back("m" + std::to_string(i)));
  auto taken = take();
  auto handles = std::vector<std::string>{};
  for (auto const& one : taken) handles.push_back(one.handle);
  ASSERT_EQ(handles.size(), 10U);
  ASSERT_TRUE(put_off(handles, std::chrono::seconds{0}));
  expected.resize(10);
  EXPECT_EQ(bodies(take()), expected);
}

TEST_P(OrderedQueueContract, AHandleOfNoDeliveryIsGone) {
  send("one", "a");
  auto const taken = take();
  holder_->remove(taken.at(0));
  auto const done = put_off({"not-a-handle"}, std::chrono::seconds{1});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::gone) << done.error().to_string();
}

TEST_P(OrderedQueueContract, AnyTextComesOutAsItWentIn) {
  auto const body =
      "{\"t\":\"ñ \\u0001 \\uFFFF 🙂 \\\" \\\\\", \"s\": \"\t\r\n\"}" + std::string(200'000, 'x');
  send("any:group@1=2+3~4-5._", body);
  EXPECT_EQ(bodies(take()), Bodies{body});
}

TEST_P(OrderedQueueContract, WhatNoQueueTakesIsRefusedByName) {
  EXPECT_EQ(try_send("", "k", "a").error().code(), Code::invalid);
  EXPECT_EQ(try_send(std::string(129, 'g'), "k", "a").error().code(), Code::invalid);
  EXPECT_EQ(try_send("g", "", "a").error().code(), Code::invalid);
  EXPECT_EQ(try_send("g", "a key", "a").error().code(), Code::invalid);
  EXPECT_EQ(try_send("g", "k", "").error().code(), Code::too_large);
  EXPECT_EQ(try_send("g", "k", "\x01").error().code(), Code::invalid);
  EXPECT_EQ(try_send("g", "k", "\xEF\xBF\xBF").error().code(), Code::invalid);
  EXPECT_EQ(take_at_once().size(), 0U);
}

}  // namespace hoist::contract

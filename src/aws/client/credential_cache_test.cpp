#include "aws/client/credential_cache.hpp"

#include <gtest/gtest.h>

#include "base/try.hpp"

namespace hoist::aws {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// Numbers its credentials, which last an hour. Fails, or waits, when told to.
class Numbered final : public CredentialSource {
 public:
  explicit Numbered(ManualClock& clock) : clock_{clock} {}
  [[nodiscard]] std::string_view name() const override { return "a test"; }
  Async<std::optional<FoundCredentials>> find(Deadline deadline) override {
    ++asked;
    while (held) (void)co_await release.wait(release.ticket(), deadline);
    if (fails) co_return fail(Code::unavailable, "away");
    if (absent) co_return std::nullopt;
    co_return FoundCredentials{{"K" + std::to_string(asked), "s", "t"}, clock_.now() + minutes{60}};
  }
  int asked = 0;
  bool fails = false;
  bool held = false;
  bool absent = false;
  Signal release;

 private:
  ManualClock& clock_;
};

class CredentialCacheTest : public ::testing::Test {
 protected:
  CredentialCacheTest() {
    auto source = std::make_unique<Numbered>(clock_);
    source_ = source.get();
    auto sources = std::vector<std::unique_ptr<CredentialSource>>{};
    sources.push_back(std::move(source));
    cache_.emplace(std::move(sources), clock_);
  }
  Result<Credentials> get() {
    return run_to_end<Credentials>([&] { return cache_->get(deadline_in(seconds{5})); });
  }
  ManualClock clock_;
  Numbered* source_ = nullptr;
  std::optional<CredentialCache> cache_;
};

TEST_F(CredentialCacheTest, HasThemOnceAndAgainBeforeTheyEnd) {
  EXPECT_EQ(get()->access_key_id, "K1");
  clock_.advance(minutes{54});
  EXPECT_EQ(get()->access_key_id, "K1");
  clock_.advance(minutes{2});
  EXPECT_EQ(get()->access_key_id, "K2");
  EXPECT_EQ(source_->asked, 2);
}

TEST_F(CredentialCacheTest, GoesOnWithThoseThatHoldWhenTheSourceIsAway) {
  ASSERT_TRUE(get());
  clock_.advance(minutes{56});
  source_->fails = true;
  EXPECT_EQ(get()->access_key_id, "K1");
  EXPECT_EQ(get()->access_key_id, "K1");
  EXPECT_EQ(source_->asked, 2) << "not every call asks a source that is away";
  clock_.advance(CredentialCache::retry_after);
  EXPECT_EQ(get()->access_key_id, "K1");
  EXPECT_EQ(source_->asked, 3);
  clock_.advance(minutes{5});
  EXPECT_EQ(get().error().code(), Code::unavailable) << "they have ended";
  source_->fails = false;
  EXPECT_EQ(get()->access_key_id, "K5");
}

TEST_F(CredentialCacheTest, OneCallerRenewsWhileTheOthersGoOnOrWait) {
  source_->held = true;
  auto first = std::string{};
  auto second = std::string{};
  auto done = run_to_end<void>([&]() -> Async<> {
    auto const executor = co_await asio::this_coro::executor;
    auto ended = Signal{};
    auto const ticket = ended.ticket();
    spawn(executor, [&]() -> asio::awaitable<void> {
      first = (co_await cache_->get(deadline_in(seconds{5})))->access_key_id;
    });
    spawn(executor, [&]() -> asio::awaitable<void> {
      second = (co_await cache_->get(deadline_in(seconds{5})))->access_key_id;
      ended.notify();
    });
    spawn(executor, [&]() -> asio::awaitable<void> {
      source_->held = false;
      source_->release.notify();
      co_return;
    });
    CO_TRY(auto const in_time, co_await ended.wait(ticket, deadline_in(seconds{5})));
    EXPECT_TRUE(in_time);
    co_return Result<void>{};
  });
  ASSERT_TRUE(done);
  EXPECT_EQ(first, "K1");
  EXPECT_EQ(second, "K1");
  EXPECT_EQ(source_->asked, 1);
}

TEST_F(CredentialCacheTest, ForgetsWhatAServiceRefusedButNotWhatCameSince) {
  auto const refused = *get();
  cache_->forget(refused);
  EXPECT_EQ(get()->access_key_id, "K2");
  cache_->forget(refused);
  EXPECT_EQ(get()->access_key_id, "K2");
}

TEST_F(CredentialCacheTest, SaysWhereItLookedForSome) {
  source_->absent = true;
  ASSERT_FALSE(get());
  EXPECT_EQ(get().error().code(), Code::unauthenticated);
  EXPECT_NE(get().error().detail().find("a test"), std::string::npos);
}

}  // namespace
}  // namespace hoist::aws

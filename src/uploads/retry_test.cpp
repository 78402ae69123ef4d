#include "uploads/retry.hpp"

#include "uploads/test_world.hpp"

namespace hoist::uploads {
namespace {

class RetryOfAFailedFile : public ::testing::Test {
 protected:
  std::string failed(std::string code = "decoder_crashed") {
    auto id = world.create();
    EXPECT_TRUE(world.put_upload(id));
    EXPECT_TRUE(world.fail_processing(id, std::move(code)));
    return id;
  }
  net::Response retry(std::string const& id, net::Headers headers = {}, std::string who = "acme ana member") {
    return world.call("POST", "/uploads/" + id + "/retry", {}, std::move(who), std::move(headers));
  }
  static std::string code_of(net::Response const& answer) {
    return text_of(parse_json(answer.body)->at("code"));
  }

  World world;
};

TEST_F(RetryOfAFailedFile, GoesToTheWorkersAgainAndCanComplete) {
  auto const id = failed();
  world.lose_messages();
  auto const before = world.usage();
  auto const answer = retry(id);
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(parse_json(answer.body)->at("status"), "UPLOADED");
  EXPECT_FALSE(parse_json(answer.body)->as_object().contains("error"));
  EXPECT_EQ(world.messages(id).size(), 1U);
  EXPECT_EQ(world.usage().bytes, before.bytes + 5);
  EXPECT_TRUE(world.wrong_usage().empty());
  ASSERT_TRUE(world.process(id));
  EXPECT_EQ(world.status(id), "COMPLETED");
}

TEST_F(RetryOfAFailedFile, RepeatingItIsHarmless) {
  auto const id = failed();
  world.lose_messages();
  EXPECT_EQ(retry(id).status, 200);
  EXPECT_EQ(retry(id).status, 200);
  EXPECT_EQ(world.messages(id).size(), 1U);
  ASSERT_TRUE(world.process(id));
  EXPECT_EQ(retry(id).status, 200);
  EXPECT_EQ(world.status(id), "COMPLETED");
}

TEST_F(RetryOfAFailedFile, TheSameKeyTriesOnlyOnce) {
  auto const id = failed();
  auto key = net::Headers{};
  key.add("Idempotency-Key", "once");
  EXPECT_EQ(retry(id, key).status, 200);
  ASSERT_TRUE(world.fail_processing(id));
  auto const again = retry(id, key);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(parse_json(again.body)->at("status"), "FAILED");
  EXPECT_EQ(world.status(id), "FAILED");
  EXPECT_EQ(retry(id).status, 200);
  EXPECT_EQ(world.status(id), "UPLOADED");
}

TEST_F(RetryOfAFailedFile, AnInfectedOneStaysInQuarantine) {
  auto const answer = retry(failed("infected"));
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(code_of(answer), "not_retryable");
  EXPECT_TRUE(answer.body.contains("quarantine"));
}

TEST_F(RetryOfAFailedFile, NeedsTheBytes) {
  auto const gone = failed();
  ASSERT_TRUE(
      world.wait([&] { return world.objects.remove({"hoist", key_of(world.stored(gone))}, soon()); }));
  auto const answer = retry(gone);
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(code_of(answer), "not_retryable");
  auto const late = failed();
  world.clock.advance(world.options.failed_retention);
  EXPECT_EQ(retry(late).status, 409) << "the watchdog may be removing them";
  EXPECT_EQ(world.status(late), "FAILED");
}

TEST_F(RetryOfAFailedFile, NeedsRoomInTheQuota) {
  auto const id = failed();
  world.limits.by_tenant[TenantId{"acme"}].storage_bytes_max = 4;
  auto const answer = retry(id);
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(code_of(answer), "quota_exceeded");
  EXPECT_EQ(world.status(id), "FAILED");
  EXPECT_TRUE(world.wrong_usage().empty());
}

TEST_F(RetryOfAFailedFile, OthersAreAConflict) {
  auto const pending = world.create();
  EXPECT_EQ(retry(pending).status, 409);
  world.ok(200, "DELETE", "/uploads/" + pending);
  EXPECT_EQ(retry(pending).status, 409);
  EXPECT_EQ(retry(failed(), {}, "other bob member").status, 404);
  EXPECT_EQ(retry(new_uuid7(world.clock.now())).status, 404);
}

}  // namespace
}  // namespace hoist::uploads

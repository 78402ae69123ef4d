// The handler webhook against a real receiver on this machine.
#include "tasks/webhook.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/mutex.hpp"
#include "net/server.hpp"
#include "tasks/testing.hpp"

namespace hoist::tasks {
namespace {

constexpr auto old_key = "an old secret of 24 byte";
constexpr auto new_key = "a new secret of 24 bytes";

std::string line_of(std::string_view key) {
  return "whsec_" + base64(key);
}

// Bytes without an end, or a few with a long wait between them.
class Endless final : public net::BodySource {
 public:
  explicit Endless(bool slow) : slow_{slow} {}
  Async<std::size_t> read(std::span<char> buffer) override {
    if (slow_) {
      auto signal = Signal{};
      CO_CHECK(co_await signal.wait(signal.ticket(), deadline_in(50ms)));
    }
    auto const count = slow_ ? std::size_t{1} : buffer.size();
    std::fill_n(buffer.data(), count, 'x');
    co_return count;
  }

 private:
  bool slow_;
};

class TaskWebhook : public TaskFixture {
 protected:
  using Answer = std::function<net::Response(net::Request const&, json::object const& data)>;

  TaskWebhook() {
    auto route = net::Route{"POST", "/hook"};
    route.body_max = 512 * 1024;
    receiver_router.add(std::move(route), [this](net::Request& request) -> Async<net::Response> {
      auto const body = parse_json(request.body);
      if (!body) co_return fail(Code::invalid);
      auto const lock = Lock{mutex};
      received.push_back(request);
      co_return answer(request, body->at("data").as_object());
    });
    runtime.start();
    auto opened = net::Server::open({.name = "receiver"}, runtime, receiver_router, metrics);
    EXPECT_TRUE(opened);
    server = *std::move(opened);
    server->start();
    std::filesystem::create_directories(folder);
    secrets_file = folder / "secrets";
    write_secrets(line_of(old_key));
  }
  ~TaskWebhook() override {
    server.reset();
    runtime.stop();
    std::filesystem::remove_all(folder);
  }

  void write_secrets(std::string const& text) {
    auto const fresh = folder / "fresh";
    std::ofstream{fresh} << text << "\n";
    std::filesystem::permissions(fresh,
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    std::filesystem::rename(fresh, secrets_file);
  }
  MakeHandler webhook(std::chrono::milliseconds timeout = 5s) {
    auto options = WebhookOptions{.url = "http://127.0.0.1:" + std::to_string(server->port()) + "/hook"};
    options.target.allow_private = true;
    options.timeout = timeout;
    auto secrets = WebhookSecrets::open(secrets_file);
    EXPECT_TRUE(secrets) << secrets.error().detail();
    auto made = make_webhook(std::move(options), *secrets, clock);
    EXPECT_TRUE(made) << made.error().detail();
    return *made;
  }
  std::function<bool()> ended(std::vector<std::string> ids, std::string wanted = "done") {
    return [this, ids = std::move(ids), wanted = std::move(wanted)] {
      walk();
      return std::ranges::all_of(ids, [&](auto const& id) { return stored(id) == wanted; });
    };
  }
  std::vector<net::Request> requests() {
    auto const lock = Lock{mutex};
    return received;
  }
  std::vector<std::int64_t> sequences() {
    auto all = std::vector<std::int64_t>{};
    for (auto const& request : requests())
      all.push_back(parse_json(request.body)->at("data").at("sequence").as_int64());
    return all;
  }
  static net::Response status_only(int status) { return net::text_response(status, "no\n\x1b[2Jsuch crane"); }
  static bool verifies(net::Request const& request, std::string_view key, std::string_view body) {
    auto const content = std::string{request.headers.get("webhook-id")} + "." +
                         std::string{request.headers.get("webhook-timestamp")} + "." + std::string{body};
    auto const wanted = "v1," + base64(hmac_sha256(key, content));
    return request.headers.get("webhook-signature").find(wanted) != std::string_view::npos;
  }

  std::filesystem::path const folder{::testing::TempDir() + "/hoist-webhook-" + std::to_string(getpid())};
  std::string secrets_file;
  Mutex mutex;
  std::vector<net::Request> received;
  Answer answer = [](auto const&, auto const&) { return net::Response{.status = 204}; };
  Runtime runtime{1};
  net::Router receiver_router{net::Router::Options{}, gate, metrics};
  std::unique_ptr<net::Server> server;
};

TEST_F(TaskWebhook, AReceiverThatFailsTheThirdTaskSeesItThreeTimesAndThenTheFourth) {
  auto ids = std::vector<std::string>{};
  for (auto i = 0; i < 4; ++i) ids.push_back(add("t" + std::to_string(i)));
  auto broken = true;
  answer = [&](auto const&, json::object const& data) {
    return status_only(broken && data.at("sequence") == 3 ? 500 : 200);
  };
  process_until(webhook(), ended({ids[0], ids[1], ids[3]}));
  EXPECT_EQ(sequences(), (std::vector<std::int64_t>{1, 2, 3, 3, 3, 4}));
  ASSERT_EQ(letters().size(), 1U);
  EXPECT_EQ(letters()[0].id.str(), ids[2]);
  EXPECT_EQ(letters()[0].cause, "The receiver answered 500: no  [2Jsuch crane");
  broken = false;
  EXPECT_EQ(redrive_all(), 1);
  process_until(webhook(), ended(ids));
  EXPECT_EQ(sequences().back(), 3);
}

TEST_F(TaskWebhook, EachTryIsSignedAnewUnderTheSameId_W6) {
  auto const id = add("one");
  auto fails = 2;
  answer = [&](auto const&, auto const&) { return status_only(fails-- > 0 ? 503 : 200); };
  process_until(webhook(), ended({id}));
  auto const tries = requests();
  ASSERT_EQ(tries.size(), 3U);
  for (auto i = std::size_t{0}; i < tries.size(); ++i) {
    EXPECT_EQ(tries[i].headers.get("webhook-id"), id);
    EXPECT_EQ(tries[i].headers.get("hoist-attempt"), std::to_string(i + 1));
    EXPECT_TRUE(verifies(tries[i], old_key, tries[i].body));
    EXPECT_FALSE(verifies(tries[i], old_key, tries[i].body + " "));
    EXPECT_FALSE(verifies(tries[i], new_key, tries[i].body));
  }
  EXPECT_NE(tries[0].headers.get("webhook-timestamp"), tries[2].headers.get("webhook-timestamp"));
}

TEST(WebhookSignature, IsThatOfTheSpecificationsExample) {
  // From the test vectors of the Standard Webhooks libraries.
  auto const secrets = parse_webhook_secrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  ASSERT_TRUE(secrets);
  EXPECT_EQ(sign_webhook(*secrets, from_us(0), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
                         R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST_F(TaskWebhook, TheTraceOfTheRequestGoesWithTheTask) {
  process_until(webhook(), ended({add(R"(a title with "traceparent":"in it")")}));
  ASSERT_EQ(requests().size(), 1U);
  EXPECT_EQ(requests()[0].headers.get("traceparent"),
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
}

TEST_F(TaskWebhook, WhileSecretsChangeBothSignAndTheOldOneEnds_W7) {
  auto const handlers = webhook();
  auto const until = to_rfc3339(clock.now() + 3600s);
  write_secrets("# changing over\n" + line_of(new_key) + "\n" + line_of(old_key) + " until=" + until);
  process_until(handlers, ended({add("during")}));
  clock.advance(3600s);
  process_until(handlers, ended({add("after")}));
  // A file that an operator broke changes nothing.
  write_secrets("whsec_not base64");
  process_until(handlers, ended({add("broken file")}));
  auto const all = requests();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_TRUE(verifies(all[0], old_key, all[0].body));
  EXPECT_TRUE(verifies(all[0], new_key, all[0].body));
  for (auto const i : {1U, 2U}) {
    EXPECT_FALSE(verifies(all[i], old_key, all[i].body));
    EXPECT_TRUE(verifies(all[i], new_key, all[i].body));
  }
}

TEST_F(TaskWebhook, GoneAndUnprocessableAreDeadAtOnce_W8) {
  for (auto const status : {410, 422}) {
    received.clear();
    answer = [&](auto const&, auto const&) { return status_only(status); };
    auto const id = add("one");
    process_until(webhook(), ended({id}, "dead"));
    EXPECT_EQ(requests().size(), 1U) << status;
    EXPECT_EQ(task(id).at("attempts"), 1);
  }
}

TEST_F(TaskWebhook, RetryAfterIsHonoured_W8) {
  clock.set(*parse_http_date("Tue, 14 Nov 2023 22:13:20 GMT"));
  for (std::string const when : {"120", "Tue, 14 Nov 2023 22:15:20 GMT"}) {
    answer = [&](auto const&, auto const&) {
      auto response = status_only(429);
      response.headers.set("Retry-After", when);
      return response;
    };
    auto const id = add("one", "g" + std::to_string(when.size()));
    process_until(webhook(), [&] { return stored(id) == "retrying"; });
    EXPECT_EQ(text_at(task(id), "next_attempt_at"), to_rfc3339(clock.now() + 120s)) << when;
  }
}

TEST_F(TaskWebhook, RedirectsAreFailuresAndNotFollowed_W4) {
  declare({.attempts_max = 1});
  for (auto const status : {300, 301, 302, 303, 307, 308, 399}) {
    received.clear();
    answer = [&](auto const&, auto const&) {
      auto response = status_only(status);
      response.headers.set("Location", "/hook");
      return response;
    };
    auto const id = add("one");
    process_until(webhook(), ended({id}, "dead"));
    EXPECT_EQ(requests().size(), 1U) << status;
    EXPECT_NE(text_at(task(id), "last_error").find("redirects"), std::string::npos);
  }
}

TEST_F(TaskWebhook, ARefusalIsToldInTheReceiversWordsOnOneLine) {
  declare({.attempts_max = 1});
  for (auto const status : {400, 404, 500}) {
    answer = [&](auto const&, auto const&) { return status_only(status); };
    auto const id = add("one");
    process_until(webhook(), ended({id}, "dead"));
    EXPECT_EQ(text_at(task(id), "last_error"),
              fmt::format("The receiver answered {}: no  [2Jsuch crane", status));
  }
}

TEST_F(TaskWebhook, AnEndlessAnswerIsReadToItsLimitAndASlowOneToItsTime_W5) {
  declare({.attempts_max = 1});
  auto slow = false;
  auto status = 200;
  answer = [&](auto const&, auto const&) {
    auto response = net::Response{.status = status};
    response.stream = std::make_shared<Endless>(slow);
    return response;
  };
  auto const accepted = add("one", "a");
  process_until(webhook(), ended({accepted}, "done"));
  status = 500;
  auto const refused = add("one", "b");
  process_until(webhook(), ended({refused}, "dead"));
  slow = true;
  status = 200;
  auto const hanging = add("one", "c");
  auto const began = std::chrono::steady_clock::now();
  process_until(webhook(300ms), ended({hanging}, "dead"));
  EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);
}

TEST_F(TaskWebhook, AReceiverThatIsAwayIsTriedAgain) {
  auto const id = add("one");
  auto const handlers = webhook();
  server->stop(0ms);
  server.reset();
  process_until(handlers, ended({id}, "dead"));
  EXPECT_EQ(task(id).at("attempts"), 3);
}

TEST_F(TaskWebhook, ADeadReceiverOfOneGroupDoesNotHoldUpTheOthers_W8) {
  auto others = std::vector<std::string>{};
  for (auto i = 0; i < 20; ++i) add("black hole", "hole");
  for (auto i = 0; i < 10; ++i) others.push_back(add("fine", "g" + std::to_string(i)));
  answer = [&](auto const&, json::object const& data) {
    return status_only(data.at("group") == "hole" ? 500 : 200);
  };
  process_until(webhook(), [&] { return ended(others)(); }, {.workers = 2});
  EXPECT_EQ(task(others[0]).at("status"), "done");
}

TEST_F(TaskWebhook, NothingOfTheSenderIsInTheRequest_W9) {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  ::setenv("HTTP_PROXY", "http://127.0.0.1:1", 1);
  auto const id = add("one");
  process_until(webhook(), ended({id}));
  ::unsetenv("http_proxy");
  ::unsetenv("HTTP_PROXY");
  auto const all = requests();
  ASSERT_EQ(all.size(), 1U);
  auto names = std::vector<std::string>{};
  for (auto const& [name, value] : all[0].headers.all()) names.push_back(to_lower(name));
  std::ranges::sort(names);
  EXPECT_EQ(names, (std::vector<std::string>{"content-length", "content-type", "hoist-attempt", "host",
                                             "traceparent", "user-agent", "webhook-id", "webhook-signature",
                                             "webhook-timestamp"}));
  EXPECT_EQ(all[0].body.find("acme"), std::string::npos);
  EXPECT_EQ(all[0].body.find("created_by"), std::string::npos);
}

TEST_F(TaskWebhook, APrivateReceiverIsRefusedUnlessAllowed_W1_W3) {
  auto options = WebhookOptions{.url = "http://127.0.0.1:8080/hook"};
  EXPECT_FALSE(make_webhook(options, nullptr, clock));
  // A name that leads inside shows only when it is resolved: then nothing is sent.
  options.url = "http://" + std::string{"hoist-test.localdomain"} + ":8080/hook";
  EXPECT_TRUE(make_webhook(options, nullptr, clock));
}

TEST_F(TaskWebhook, SecretsThatOthersCanReadAreRefused) {
  std::filesystem::permissions(secrets_file, std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  auto const opened = WebhookSecrets::open(secrets_file);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().detail().find(base64(old_key)), std::string::npos);
  EXPECT_FALSE(WebhookSecrets::open(folder / "absent"));
  for (auto const* const text : {"", "# nothing", "secret", "whsec_", "whsec_c2hvcnQ=", "whsec_%%%%"})
    EXPECT_FALSE(parse_webhook_secrets(text)) << text;
  EXPECT_FALSE(parse_webhook_secrets(line_of(old_key) + " until=tomorrow"));
  EXPECT_FALSE(parse_webhook_secrets(line_of(old_key) + " forever"));
}

}  // namespace
}  // namespace hoist::tasks

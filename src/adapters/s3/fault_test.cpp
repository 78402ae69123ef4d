// What no stand-in does: a store that is slow, breaks off, answers nonsense or takes our rights away.
#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "adapters/s3/objects.hpp"
#include "base/hash.hpp"
#include "base/try.hpp"
#include "support/http_double.hpp"

namespace hoist::s3 {
namespace {

using testing::HttpDouble;

constexpr auto etag = "\"0123\"";

net::Response error(int status, std::string const& code) {
  return net::text_response(status, "<?xml version=\"1.0\"?>\n<Error><Code>" + code + "</Code></Error>");
}

// Half of what it promises; then the connection breaks.
class BrokenSource final : public net::BodySource {
 public:
  Async<std::size_t> read(std::span<char> buffer) override {
    if (std::exchange(begun_, true)) co_return fail(Code::unavailable);
    buffer[0] = 'x';
    co_return std::size_t{1};
  }

 private:
  bool begun_ = false;
};

net::Response cut_short(std::int64_t length) {
  auto response = net::Response{.status = 206};
  response.stream = std::make_shared<BrokenSource>();
  response.stream_length = length;
  return response;
}

// A store of one object, which does as `script` says first, request by request.
class S3Faults : public ::testing::Test {
 protected:
  using Step = std::function<net::Response(net::Request const&)>;
  static Step refusing(int status, std::string code) {
    return [=](net::Request const&) { return error(status, code); };
  }

  net::Response answer(net::Request const& request) {
    if (!script_.empty() && request.method != "HEAD") {
      auto const step = script_.front();
      script_.erase(script_.begin());
      return step(request);
    }
    return well(request);
  }
  net::Response well(net::Request const& request) {
    auto response = net::Response{};
    response.headers.add("ETag", etag);
    if (request.method == "HEAD") response.stream_length = std::ssize(content_);
    if (request.method != "GET") return response;
    auto const range = request.headers.get("Range").substr(6);
    auto const first = std::stoull(std::string{range});
    auto const last = std::stoull(std::string{range.substr(range.find('-') + 1)});
    response.status = 206;
    response.body = content_.substr(first, last - first + 1);
    return response;
  }
  static aws::CallOptions quick() {
    auto calls = default_calls();
    calls.retry.pauses.first = std::chrono::milliseconds{1};
    return calls;
  }
  static Deadline soon() { return deadline_in(std::chrono::seconds{20}); }
  Result<void> put() {
    return run_to_end<void>([&] { return objects_->put({"bucket", "k"}, "bytes", {}, soon()); });
  }
  Result<std::string> get() {
    return run_to_end<std::string>([&]() -> Async<std::string> {
      CO_TRY(auto reader, co_await objects_->open({"bucket", "k"}, std::nullopt, soon()));
      auto text = std::string{};
      auto buffer = std::vector<char>(std::size_t{1} << 20);
      while (true) {
        CO_TRY(auto const count, co_await reader->read(buffer));
        if (count == 0) co_return text;
        text.append(buffer.data(), count);
      }
    });
  }
  Result<ObjectInfo> assemble() {
    return run_to_end<ObjectInfo>([&] {
      return objects_->assemble({"bucket", "k"}, "id", {PartInfo{.number = 1, .etag = "e"}}, soon());
    });
  }
  static Code code_of(auto const& result) { return result ? Code::count_ : result.error().code(); }

  std::string content_ = "content";
  std::vector<Step> script_;
  HttpDouble server_{[this](net::Request const& request) { return answer(request); }};
  SystemClock clock_;
  Metrics metrics_;
  aws::Account account_{{{"AWS_ACCESS_KEY_ID", "AKID"}, {"AWS_SECRET_ACCESS_KEY", "s"}}, clock_, metrics_};
  std::unique_ptr<Objects> objects_ =
      *Objects::open({.endpoint = server_.url(), .path_style = true}, account_, quick());
};

TEST_F(S3Faults, WhatMayPassIsTriedAgain) {
  script_ = {refusing(503, "SlowDown"), refusing(500, "InternalError")};
  EXPECT_TRUE(put());
  EXPECT_EQ(server_.seen().size(), 3U);
  script_ = {refusing(503, "SlowDown"), refusing(503, "SlowDown"), refusing(503, "SlowDown")};
  EXPECT_EQ(code_of(put()), Code::unavailable) << "the caller of Hoist was not too fast";
}

TEST_F(S3Faults, APieceThatBreaksOffIsFetchedAgain) {
  script_ = {[](net::Request const&) { return cut_short(7); }};
  EXPECT_EQ(get().value_or("?"), "content");
}

TEST_F(S3Faults, AnAnswerOfAnotherLengthIsNeverTheObject) {
  script_ = {[](net::Request const&) { return net::Response{.status = 206, .body = "con"}; }};
  EXPECT_EQ(code_of(get()), Code::unavailable);
}

TEST_F(S3Faults, ALargeObjectIsReadInPiecesOfOneVersion) {
  content_ = std::string(static_cast<std::size_t>(2 * piece_bytes) + 1, 'a');
  EXPECT_TRUE(get().value_or("?") == content_);
  auto gets = 0;
  for (auto const& request : server_.seen())
    if (request.method == "GET") {
      ++gets;
      EXPECT_EQ(request.headers.get("If-Match"), etag);
    }
  EXPECT_EQ(gets, 3);
  script_ = {[this](net::Request const& request) { return well(request); },
             refusing(412, "PreconditionFailed")};
  EXPECT_EQ(code_of(get()), Code::conflict) << "the object was replaced after its first piece";
}

// S3 has begun its answer by the time it fails.
TEST_F(S3Faults, AnErrorInsideOfA200IsAnError) {
  script_ = {refusing(200, "InternalError")};
  EXPECT_TRUE(assemble());
  EXPECT_EQ(server_.seen().size(), 3U) << "twice completed, and then looked at";
  script_ = {refusing(200, "InternalError"), refusing(200, "InternalError"), refusing(200, "InternalError")};
  EXPECT_EQ(code_of(assemble()), Code::unavailable);
}

// Else the watchdog would hold bytes that it may not look at to be missing, and a user's request to be wrong.
TEST_F(S3Faults, MissingRightsAreNoFaultOfTheCaller) {
  for (auto const& refusal : {refusing(403, "AccessDenied"), refusing(400, "AuthorizationHeaderMalformed"),
                              refusing(301, "PermanentRedirect"), refusing(409, "OperationAborted")}) {
    script_ = {refusal, refusal, refusal};
    auto const done = put();
    EXPECT_EQ(code_of(done), Code::unavailable);
    EXPECT_FALSE(done.error().detail().empty());
    script_.clear();
  }
}

TEST_F(S3Faults, AStoreThatDoesNotAnswerIsATimeout) {
  auto calls = quick();
  calls.attempt_timeout = std::chrono::milliseconds{20};
  calls.retry.attempts_max = 2;
  auto const mute = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = sockaddr_in{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  auto length = socklen_t{sizeof address};
  ASSERT_EQ(::bind(mute, reinterpret_cast<sockaddr*>(&address), length), 0);
  ASSERT_EQ(::listen(mute, 8), 0);
  ::getsockname(mute, reinterpret_cast<sockaddr*>(&address), &length);
  auto const url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  objects_ = *Objects::open({.endpoint = url, .path_style = true}, account_, calls);
  EXPECT_EQ(code_of(put()), Code::timeout);
  ::close(mute);
}

TEST_F(S3Faults, WhatATagMayNotHoldIsReplaced) {
  auto options = PutOptions{};
  options.tags = {{"signature", "Heur(PUA) <x>&" + std::string(300, 'y')}};
  ASSERT_TRUE(run_to_end<void>([&] { return objects_->put({"bucket", "k"}, "bytes", options, soon()); }));
  EXPECT_EQ(server_.seen().at(0).headers.get("x-amz-tagging"),
            "signature=Heur_PUA_%20_x__" + std::string(256 - 14, 'y'));
}

TEST_F(S3Faults, WhatIsCalledIsWhatTheHeaderSaysItNeeds) {
  ASSERT_TRUE(put());
  ASSERT_TRUE(get());
  ASSERT_TRUE(assemble());
  ASSERT_TRUE(run_to_end<void>([&] { return objects_->remove({"bucket", "k"}, soon()); }));
  ASSERT_TRUE(run_to_end<void>([&] { return objects_->check_bucket("bucket", soon()); }));
  EXPECT_EQ(account_.calls().grants(), (std::set<aws::Grant>{{"s3:DeleteObject", "bucket"},
                                                             {"s3:GetObject", "bucket"},
                                                             {"s3:ListBucket", "bucket"},
                                                             {"s3:PutObject", "bucket"}}));
}

}  // namespace
}  // namespace hoist::s3

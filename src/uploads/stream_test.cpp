#include "uploads/stream.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <array>
#include <deque>

#include "base/try.hpp"
#include "net/websocket.hpp"
#include "uploads/changes.hpp"
#include "uploads/test_world.hpp"

namespace hoist::uploads {
namespace {

using namespace std::chrono_literals;

// The server's end of a WebSocket whose client is the test.
class TestSocket final : public net::WebSocket {
 public:
  Async<> send(std::string text) override {
    if (gone) co_return fail(Code::unavailable, "closed");
    sent.push_back(std::move(text));
    changed.notify();
    while (stalled && !gone) {
      auto const ticket = changed.ticket();
      if (!stalled || gone) break;
      CO_TRY(auto const woken, co_await changed.wait(ticket, soon()));
      if (!woken) co_return fail(Code::timeout);
    }
    co_return Result<void>{};
  }
  Async<std::string> receive() override {
    while (true) {
      auto const ticket = changed.ticket();
      if (gone && !lingers) co_return fail(Code::unavailable, "closed");
      if (!incoming.empty()) {
        auto text = std::move(incoming.front());
        incoming.pop_front();
        co_return text;
      }
      CO_TRY(auto const woken, co_await changed.wait(ticket, soon()));
      if (!woken) co_return fail(Code::timeout);
    }
  }
  Async<> close(int code, std::string) override {
    closed_with = code;
    abort();
    co_return Result<void>{};
  }
  void abort() override {
    ++aborted;
    gone = true;
    changed.notify();
  }
  void say(std::string text) {
    incoming.push_back(std::move(text));
    changed.notify();
  }

  Signal changed;
  std::deque<std::string> sent;
  std::deque<std::string> incoming;
  bool stalled = false;
  bool gone = false;
  bool lingers = false;  // the client does not notice that it is gone
  bool served = false;   // to its end
  int aborted = 0;
  int closed_with = 0;
};

Async<> until(TestSocket& socket, std::function<bool()> condition) {
  while (true) {
    auto const ticket = socket.changed.ticket();
    if (condition()) co_return Result<void>{};
    CO_TRY(auto const woken, co_await socket.changed.wait(ticket, soon()));
    if (!woken) co_return fail(Code::timeout, "it did not come to this");
  }
}

// The next message that is not a ping.
Async<json::value> next_message(TestSocket& socket) {
  while (true) {
    auto const ticket = socket.changed.ticket();
    while (!socket.sent.empty()) {
      CO_TRY(auto value, parse_json(socket.sent.front()));
      socket.sent.pop_front();
      if (value.at("type") != "ping") co_return value;
    }
    if (socket.gone) co_return fail(Code::unavailable, "closed");
    CO_TRY(auto const woken, co_await socket.changed.wait(ticket, soon()));
    if (!woken) co_return fail(Code::timeout, "no message came");
  }
}

Async<std::shared_ptr<TestSocket>> open_socket(World& world, std::string target,
                                               std::string who = "acme ana viewer",
                                               std::optional<Time> expires_at = {}, Recheck recheck = {}) {
  auto request = World::request("GET", std::move(target), {}, std::move(who));
  request.caller = Caller{.tenant = TenantId{"acme"}, .user = UserId{"ana"}, .expires_at = expires_at};
  auto const needs = StreamNeeds{world.uploads.feed, std::move(recheck), world.clock, world.options};
  CO_TRY(auto response, co_await get_websocket(needs, request));
  auto socket = std::make_shared<TestSocket>();
  spawn(co_await asio::this_coro::executor, [upgrade = response.upgrade, socket]() -> asio::awaitable<void> {
    co_await upgrade(socket);
    socket->served = true;
    socket->changed.notify();
  });
  co_return socket;
}

struct Sse {
  std::shared_ptr<net::BodySource> source;
  std::string text;
  // Reads until `needle` has come; answers all up to it.
  Async<std::string> until(std::string needle) {
    auto buffer = std::array<char, 7>{};  // frames are cut anywhere
    auto const deadline = soon();
    while (text.find(needle) == text.npos) {
      CO_TRY(auto const count, co_await source->read(buffer));
      if (count == 0 || std::chrono::steady_clock::now() > deadline) co_return fail(Code::timeout, text);
      text.append(buffer.data(), count);
    }
    auto const end = text.find(needle) + needle.size();
    auto found = text.substr(0, end);
    text.erase(0, end);
    co_return found;
  }
};

Async<Sse> open_sse(World& world, std::string target, net::Headers headers = {}) {
  auto response = co_await world.router.handle(
      World::request("GET", std::move(target), {}, "acme ana viewer", std::move(headers)));
  if (response.status != 200) co_return fail(Code::invalid, response.body);
  EXPECT_EQ(response.headers.get("Content-Type"), "text/event-stream");
  co_return Sse{response.stream, {}};
}

Options quick() {
  auto options = Options{};
  options.ping_interval = 20ms;
  options.recheck_interval = 5ms;
  return options;
}

class UploadStream : public ::testing::Test {
 protected:
  void run(std::function<Async<>()> body) {
    auto const done = run_to_end<void>(std::move(body));
    EXPECT_TRUE(done) << done.error().to_string();
  }
  std::string batch_of(int files) {
    auto body = std::string{R"({"project_id":"site-1","files":[)"};
    for (auto i = 0; i < files; ++i)
      body +=
          fmt::format(R"({}{{"filename":"{}","content_type":"image/jpeg","size":5}})", i == 0 ? "" : ",", i);
    auto const answer = world.ok(201, "POST", "/batches", body + "]}");
    ids.clear();
    for (auto const& item : answer.at("items").as_array()) ids.push_back(text_of(item.at("upload").at("id")));
    return text_of(answer.at("batch").at("id"));
  }
  std::vector<std::string> ids;
  World world{quick()};
};

TEST_F(UploadStream, ASocketIsServedUntilItsReceiverHasEnded) {
  auto world = World{quick()};
  run([&]() -> Async<> {
    CO_TRY(auto socket, co_await open_socket(world, "/ws"));
    CO_TRY([[maybe_unused]] auto const ready, co_await next_message(*socket));
    socket->lingers = true;
    socket->abort();
    // The sender notices with its next ping, ends the socket as well, and then waits for the receiver.
    CO_CHECK(co_await until(*socket, [&] { return socket->aborted == 2; }));
    EXPECT_FALSE(socket->served);
    socket->lingers = false;
    socket->changed.notify();
    co_return co_await until(*socket, [&] { return socket->served; });
  });
}

TEST_F(UploadStream, AWebSocketIsToldEveryChangeOfWhatItSubscribedTo) {
  run([&]() -> Async<> {
    auto const id = world.create();
    CO_TRY(auto socket, co_await open_socket(world, "/ws?topic=upload:" + id));
    CO_TRY(auto const ready, co_await next_message(*socket));
    EXPECT_EQ(ready.at("type"), "ready");
    (void)world.put_upload(world.create());  // of no interest
    EXPECT_TRUE(world.put_upload(id));
    EXPECT_TRUE(world.process(id));
    for (auto const* status : {"UPLOADED", "PROCESSING", "COMPLETED"}) {
      CO_TRY(auto const event, co_await next_message(*socket));
      EXPECT_EQ(event.at("type"), "upload");
      EXPECT_EQ(event.at("upload").at("status"), status);
      EXPECT_EQ(text_of(event.at("upload").at("id")), id);
    }
    socket->abort();
    co_return Result<void>{};
  });
}

TEST_F(UploadStream, StagesWithinAStateAreToldAsTheyCome) {
  run([&]() -> Async<> {
    auto const id = world.create();
    CO_TRY(auto stream, co_await open_sse(world, "/stream?topic=upload:" + id));
    CO_CHECK(co_await stream.until("event: ready"));
    EXPECT_TRUE(world.put_upload(id));
    CO_CHECK(co_await stream.until(R"("stage":"queued")"));
    CO_TRY(auto const job, co_await world.uploads.ledger.begin(TenantId{"acme"}, UploadId{id}, 1, soon()));
    if (!job) co_return fail(Code::internal, "no job");
    for (auto const stage : {ProcessingStage::scanning, ProcessingStage::inspecting})
      world.uploads.ledger.stage(*job, stage);
    CO_TRY(auto const scanning, co_await stream.until(R"("status":"PROCESSING","stage":"scanning")"));
    EXPECT_NE(scanning.find(id), scanning.npos);
    CO_CHECK(co_await stream.until(R"("status":"PROCESSING","stage":"inspecting")"));
    co_return Result<void>{};
  });
}

TEST_F(UploadStream, TopicsCanBeAddedAndTakenAway) {
  run([&]() -> Async<> {
    auto const first = world.create();
    auto const second = world.create();
    CO_TRY(auto socket, co_await open_socket(world, "/ws"));
    CO_CHECK(co_await next_message(*socket));
    socket->say(R"({"type":"subscribe","topics":["upload:)" + first + R"(","project:other"]})");
    CO_TRY(auto const ready, co_await next_message(*socket));
    EXPECT_EQ(ready.at("topics").as_array().size(), 2U);
    EXPECT_TRUE(world.put_upload(first));
    CO_TRY(auto const event, co_await next_message(*socket));
    EXPECT_EQ(event.at("upload").at("status"), "UPLOADED");
    socket->say(R"({"type":"unsubscribe","topics":["upload:)" + first + R"("]})");
    CO_CHECK(co_await next_message(*socket));
    EXPECT_TRUE(world.process(first));
    // From its creation on, which is before everything else.
    socket->say(R"({"type":"subscribe","topics":["upload:)" + second + R"("],"cursor":0})");
    CO_TRY(auto const again, co_await next_message(*socket));
    EXPECT_EQ(again.at("type"), "ready");
    CO_TRY(auto const created, co_await next_message(*socket));
    EXPECT_EQ(created.at("upload").at("status"), "PENDING");
    EXPECT_EQ(text_of(created.at("upload").at("id")), second);
    socket->abort();
    co_return Result<void>{};
  });
}

TEST_F(UploadStream, AWrongMessageIsAnsweredAndTheStreamGoesOn) {
  run([&]() -> Async<> {
    CO_TRY(auto socket, co_await open_socket(world, "/ws"));
    CO_CHECK(co_await next_message(*socket));
    for (auto const* bad :
         {"{", "[]", R"({"type":"dance","topics":["tenant"]})",
          R"({"type":"subscribe","topics":["planet:1"]})", R"({"type":"subscribe","topics":[1]})",
          R"({"type":"subscribe","topics":["upload:01890000-0000-7000-8000-000000000000"]})"}) {
      socket->say(bad);
      CO_TRY(auto const answer, co_await next_message(*socket));
      EXPECT_EQ(answer.at("type"), "error") << bad;
    }
    EXPECT_FALSE(socket->gone);
    socket->abort();
    co_return Result<void>{};
  });
}

TEST_F(UploadStream, H12_TheSocketIsClosedWhenItsTokenEnds) {
  run([&]() -> Async<> {
    CO_TRY(auto socket,
           co_await open_socket(world, "/ws?topic=tenant", "acme ana viewer", world.clock.now() + 1h));
    CO_CHECK(co_await next_message(*socket));
    world.clock.advance(1h);
    CO_TRY(auto const error, co_await next_message(*socket));
    EXPECT_EQ(error.at("code"), "unauthenticated");
    (void)co_await next_message(*socket);
    EXPECT_EQ(socket->closed_with, 4401);
    co_return Result<void>{};
  });
}

TEST_F(UploadStream, A15_TheSocketIsClosedSoonAfterItsCredentialIsRevoked) {
  run([&]() -> Async<> {
    auto revoked = std::make_shared<bool>(false);
    auto recheck = Recheck{[revoked](Caller) -> Async<> {
      co_return *revoked ? Result<void>{fail(Code::unauthenticated, "Revoked.")} : Result<void>{};
    }};
    CO_TRY(auto socket,
           co_await open_socket(world, "/ws?topic=tenant", "acme ana viewer", {}, std::move(recheck)));
    CO_CHECK(co_await next_message(*socket));
    *revoked = true;
    CO_TRY(auto const error, co_await next_message(*socket));
    EXPECT_EQ(error.at("type"), "error");
    (void)co_await next_message(*socket);
    EXPECT_EQ(socket->closed_with, 4401);
    co_return Result<void>{};
  });
}

TEST_F(UploadStream, H12_TooManyTopicsAndTooManyStreamsAreRefused) {
  auto options = quick();
  options.watchers_max = 2;
  options.topics_per_watcher_max = 2;
  auto small = World{options};
  run([&]() -> Async<> {
    auto const many = co_await open_socket(small, "/ws?topic=project:a&topic=project:b&topic=project:c");
    EXPECT_EQ(many.error().code(), Code::invalid);
    CO_TRY(auto first, co_await open_socket(small, "/ws"));
    CO_TRY(auto second, co_await open_sse(small, "/stream"));
    auto third = co_await open_socket(small, "/ws");
    EXPECT_FALSE(third);
    if (!third) EXPECT_EQ(third.error().code(), Code::throttled);
    second.source.reset();
    CO_TRY(auto fourth, co_await open_socket(small, "/ws"));
    first->abort();
    fourth->abort();
    co_return Result<void>{};
  });
}

TEST_F(UploadStream, BatchProgressIsToldToTheEnd) {
  run([&]() -> Async<> {
    auto const batch = batch_of(3);
    CO_TRY(auto socket, co_await open_socket(world, "/ws?topic=batch:" + batch));
    CO_CHECK(co_await next_message(*socket));
    for (auto const& id : ids) {
      EXPECT_TRUE(world.put_upload(id));
      EXPECT_TRUE(world.process(id));
    }
    auto changes = 0;
    while (true) {
      CO_TRY(auto const event, co_await next_message(*socket));
      changes += event.at("type") == "upload" ? 1 : 0;
      if (event.at("type") != "batch" || event.at("batch").at("finished_at").is_null()) continue;
      EXPECT_EQ(event.at("batch").at("counts").at("COMPLETED"), 3);
      EXPECT_EQ(event.at("batch").at("percent"), 100.0);
      break;
    }
    EXPECT_EQ(changes, 9);
    socket->abort();
    co_return Result<void>{};
  });
}

TEST_F(UploadStream, SseCarriesEventsPingsAndResumesFromTheLastOneSeen) {
  run([&]() -> Async<> {
    auto const id = world.create();
    CO_TRY(auto stream, co_await open_sse(world, "/stream?topic=project:site-1"));
    CO_CHECK(co_await stream.until("event: ready\n"));
    CO_CHECK(co_await stream.until(": ping\n\n"));
    EXPECT_TRUE(world.put_upload(id));
    CO_TRY(auto const uploaded, co_await stream.until("\"status\":\"UPLOADED\""));
    EXPECT_NE(uploaded.find("id: 2\nevent: upload\ndata: {\"type\":\"upload\",\"cursor\":2"), uploaded.npos)
        << uploaded;
    stream.source.reset();  // the client goes
    EXPECT_TRUE(world.process(id));
    auto headers = net::Headers{};
    headers.add("Last-Event-ID", "2");
    CO_TRY(auto resumed, co_await open_sse(world, "/stream?topic=project:site-1", headers));
    CO_CHECK(co_await resumed.until("id: 3\nevent: upload"));
    CO_CHECK(co_await resumed.until("PROCESSING"));
    CO_CHECK(co_await resumed.until("id: 4\nevent: upload"));
    CO_CHECK(co_await resumed.until("COMPLETED"));
    co_return Result<void>{};
  });
}

TEST_F(UploadStream, TheCountsOfAProjectAreToldWithItsChanges) {
  run([&]() -> Async<> {
    CO_TRY(auto socket, co_await open_socket(world, "/ws?topic=project:site-1"));
    CO_CHECK(co_await next_message(*socket));
    (void)world.create();
    CO_TRY(auto event, co_await next_message(*socket));
    while (event.at("type") != "project") {
      CO_TRY(event, co_await next_message(*socket));
    }
    EXPECT_EQ(event.at("project").at("id"), "site-1");
    EXPECT_EQ(event.at("project").at("counts"), (json::object{{"PENDING", 1}}));
    socket->abort();
    co_return Result<void>{};
  });
}

TEST_F(UploadStream, H14_AReaderThatFallsBehindTheMemoryGoesOnWithoutAGap) {
  auto options = quick();
  options.feed_events_max = 8;
  auto small = World{options};
  run([&]() -> Async<> {
    CO_TRY(auto socket, co_await open_socket(small, "/ws?topic=tenant"));
    CO_CHECK(co_await next_message(*socket));
    socket->stalled = true;
    for (auto i = 0; i < 700; ++i) (void)small.create();
    // A second watcher is not held up, and its messages show that the feed has moved on.
    CO_TRY(auto quick_one, co_await open_socket(small, "/ws?topic=tenant&cursor=0"));
    for (auto i = 0; i < 700;) {
      CO_TRY(auto const event, co_await next_message(*quick_one));
      i += event.at("type") == "upload" ? 1 : 0;
    }
    socket->stalled = false;
    socket->changed.notify();
    for (auto expected = 1; expected <= 700;) {
      CO_TRY(auto const event, co_await next_message(*socket));
      if (event.at("type") == "project") continue;
      EXPECT_EQ(event.at("cursor"), expected);
      if (event.at("cursor") != expected++) break;
    }
    socket->abort();
    quick_one->abort();
    co_return Result<void>{};
  });
}

TEST_F(UploadStream, E1_CursorsOfTheFutureAndThePastAreRefusedExplicitly) {
  (void)world.create();
  for (auto const* cursor : {"2", "-1", "1x", "9223372036854775808", "99999999999999999999"})
    EXPECT_EQ(world.call("GET", std::string{"/stream?cursor="} + cursor).status, 400) << cursor;
  EXPECT_EQ(world.call("GET", "/stream?topic=nonsense").status, 400);
  world.clock.advance(25h);
  (void)world.sweep();
  auto const old = world.call("GET", "/stream?cursor=0");
  EXPECT_EQ(old.status, 410);
  EXPECT_NE(old.body.find("cursor_expired"), std::string::npos);
}

TEST_F(UploadStream, AProjectIsNamedAsAParameterOrAsATopic) {
  for (auto const* both : {"/stream?project_id=site-1&topic=tenant", "/stream?project_id=a/b"})
    EXPECT_EQ(world.call("GET", both).status, 400) << both;
  run([&]() -> Async<> {
    CO_TRY(auto socket, co_await open_socket(world, "/ws?project_id=site-1"));
    CO_CHECK(co_await next_message(*socket));
    (void)world.create();
    CO_TRY(auto const event, co_await next_message(*socket));
    EXPECT_EQ(event.at("upload").at("project_id"), "site-1");
    socket->abort();
    co_return Result<void>{};
  });
}

TEST_F(UploadStream, AWatcherHearsNothingOfOtherTenants) {
  run([&]() -> Async<> {
    CO_TRY(auto socket, co_await open_socket(world, "/ws?topic=tenant&topic=project:site-1"));
    CO_CHECK(co_await next_message(*socket));
    (void)world.create(5, "globex gus member");
    auto const mine = world.create();
    CO_TRY(auto const event, co_await next_message(*socket));
    EXPECT_EQ(text_of(event.at("upload").at("id")), mine);
    socket->abort();
    co_return Result<void>{};
  });
}

TEST_F(UploadStream, E2_ChangesAreNumberedWithoutGaps) {
  for (auto i = 0; i < 5; ++i) {
    auto const id = world.create();
    EXPECT_TRUE(world.put_upload(id));
    if (i % 2 == 0) EXPECT_TRUE(world.process(id));
    (void)world.call("DELETE", "/uploads/" + id);
    (void)batch_of(2);
  }
  ASSERT_TRUE(testing::read_now(*world.database, [&](sql::Transaction& tx) -> Result<void> {
    TRY(auto const page, load_changes(tx, TenantId{"acme"}, 0));
    TRY(auto const head, load_head(tx, TenantId{"acme"}));
    EXPECT_EQ(page.last, head);
    EXPECT_GT(head, 20);
    return {};
  }));
}

}  // namespace
}  // namespace hoist::uploads

#include "net/websocket.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "net/detail/net_test_support.hpp"

namespace hoist::net {
namespace {

using std::chrono::milliseconds;
using namespace std::string_literals;

constexpr auto upgrade_request = std::string_view{
    "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"};

// A frame as a client sends it; `first` holds FIN, the reserved bits and the opcode.
std::string frame(int first, std::string_view payload, bool masked = true) {
  auto bytes = std::string(1, static_cast<char>(first));
  auto const mask_bit = masked ? 0x80 : 0;
  if (payload.size() < 126) {
    bytes += static_cast<char>(mask_bit | static_cast<int>(payload.size()));
  } else if (payload.size() < 65'536) {
    bytes += static_cast<char>(mask_bit | 126);
    for (auto shift = 8; shift >= 0; shift -= 8) bytes += static_cast<char>(payload.size() >> shift);
  } else {
    bytes += static_cast<char>(mask_bit | 127);
    for (auto shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(payload.size() >> shift);
  }
  constexpr auto mask = std::string_view{"\x12\x34\x56\x78"};
  if (masked) bytes += mask;
  for (auto i = std::size_t{0}; i < payload.size(); ++i)
    bytes += static_cast<char>(masked ? payload[i] ^ mask[i % 4] : payload[i]);
  return bytes;
}

class WebSocketTest : public ServerFixture {
 protected:
  static std::string opened(RawClient& client) {
    client.send(upgrade_request);
    return client.response(true);
  }
  // The close code the server answers these frames with; 0 when it closes without one.
  int close_code_for(std::string const& frames) {
    auto client = RawClient{server->port()};
    EXPECT_EQ(status_of(opened(client)), 101);
    client.send(frames);
    auto const all = client.rest();
    auto const at = all.rfind('\x88');
    if (at == all.npos || at + 4 > all.size()) return 0;
    return static_cast<unsigned char>(all[at + 2]) << 8 | static_cast<unsigned char>(all[at + 3]);
  }
};

TEST_F(WebSocketTest, EchoesTextAndAnswersPings) {
  auto client = RawClient{server->port()};
  auto const response = opened(client);
  EXPECT_EQ(status_of(response), 101);
  EXPECT_NE(response.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), std::string::npos);
  EXPECT_EQ(response.find("permessage-deflate"), std::string::npos);
  EXPECT_NE(response.find("X-Request-ID: "), std::string::npos);
  client.send(frame(0x89, "p") + frame(0x01, "hel") + frame(0x80, "lo") + frame(0x88, "\x03\xe8"s));
  EXPECT_EQ(client.rest(), "\x8a\x01p"s + "\x81\x05hello"s + "\x88\x02\x03\xe8"s);
}

TEST_F(WebSocketTest, H13_FrameAbuseIsAnsweredWithTheRightCode) {
  EXPECT_EQ(close_code_for(frame(0x81, "unmasked", false)), 1002);
  for (auto const bits : {0x40, 0x20, 0x10}) EXPECT_EQ(close_code_for(frame(0x81 | bits, "x")), 1002);
  EXPECT_EQ(close_code_for(frame(0x83, "reserved opcode")), 1002);
  EXPECT_EQ(close_code_for(frame(0x09, "split ping")), 1002);
  EXPECT_EQ(close_code_for(frame(0x89, std::string(126, 'p'))), 1002);
  EXPECT_EQ(close_code_for(frame(0x80, "a continuation of nothing")), 1002);
  EXPECT_EQ(close_code_for(frame(0x01, "a") + frame(0x81, "b")), 1002);
  EXPECT_EQ(close_code_for(frame(0x81, "\xc3\x28")), 1007);
  EXPECT_EQ(close_code_for(frame(0x81, "\xed\xa0\x80")), 1007);
  EXPECT_EQ(close_code_for(frame(0x88, "\x03")), 1002);
  EXPECT_EQ(close_code_for(frame(0x82, "binary") + frame(0x88, "\x03\xe8"s)), 1003);
}

TEST_F(WebSocketTest, H13_AMessageHoldsAtMost64KiB) {
  EXPECT_EQ(close_code_for(frame(0x81, std::string(64 * 1024, 'm')) + frame(0x88, "\x03\xe8"s)), 1000);
  EXPECT_EQ(close_code_for(frame(0x81, std::string(64 * 1024 + 1, 'm'))), 1009);
  auto const half = std::string(40 * 1024, 'm');
  EXPECT_EQ(close_code_for(frame(0x01, half) + frame(0x80, half)), 1009);
  // Only the length is sent: the refusal does not wait for, or make room for, the bytes.
  EXPECT_EQ(close_code_for("\x81\xff\x00\x00\x00\xff\x00\x00\x00\x00"s + "mask"), 1009);
}

TEST_F(WebSocketTest, OtherRequestsAreToldToUpgrade) {
  auto client = RawClient{server->port()};
  auto const response = client.exchange("GET /ws HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(status_of(response), 426);
  EXPECT_NE(response.find("Upgrade: websocket\r\n"), std::string::npos);
  auto old = RawClient{server->port()};
  EXPECT_GE(status_of(old.exchange(
                "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")),
            400);
}

TEST_F(WebSocketTest, H14_AReaderThatNeverReadsIsDropped) {
  start({.idle_timeout = milliseconds{200}});
  auto client = RawClient{server->port()};
  client.send("GET /firehose" + std::string{upgrade_request.substr(7)});
  auto const ticket = source_gone.ticket();
  auto const dropped = run_to_end<bool>([&]() -> Async<bool> {
    co_return co_await source_gone.wait(ticket, deadline_in(std::chrono::seconds{5}));
  });
  EXPECT_TRUE(dropped && *dropped);
}

TEST_F(WebSocketTest, ASilentPeerIsPingedAndThenDropped) {
  start({.idle_timeout = milliseconds{200}});
  auto client = RawClient{server->port()};
  EXPECT_EQ(status_of(opened(client)), 101);
  EXPECT_TRUE(client.rest().starts_with("\x89"));
}

TEST_F(WebSocketTest, StopClosesPolitely) {
  auto client = RawClient{server->port()};
  EXPECT_EQ(status_of(opened(client)), 101);
  client.send(frame(0x81, "x"));
  ASSERT_TRUE(client.more());
  auto stopping = std::jthread{[&] { server->stop(std::chrono::seconds{5}); }};
  client.more();
  client.send(frame(0x88, "\x03\xe9"s));
  EXPECT_NE(client.rest().find("\x03\xe9The server is stopping."s), std::string::npos);
  client.socket().close();
}

}  // namespace
}  // namespace hoist::net

// How long a change takes to reach the last of many WebSocket clients.
//
//   bench_fanout --port P --path PATH --connections N --rounds R --trigger FILE --marker TEXT
//                [--subscribe TEXT] [--headers "Name: value"]
//
// Opens N connections, subscribes each, then R times sends the request in FILE (a whole HTTP request) to the
// same port and waits until every connection has received a text frame that contains the marker. The time
// runs from the first byte of the request. One thread, so the client costs the same for every server.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support.hpp"

namespace {

constexpr auto give_up_s = 20.0;

struct Client {
  int fd = -1;
  std::string buffer;
  int seen = 0;
};

void send_text(int fd, std::string_view text) {
  while (!text.empty()) {
    auto const sent = send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) bench::die("send");
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// A masked client frame; the mask is zero, which leaves the payload as it is.
std::string frame(int opcode, std::string_view payload) {
  auto out = std::string{static_cast<char>(0x80 | opcode)};
  if (payload.size() < 126) {
    out += static_cast<char>(0x80 | payload.size());
  } else {
    out += static_cast<char>(0x80 | 126);
    out += static_cast<char>(payload.size() >> 8);
    out += static_cast<char>(payload.size() & 0xff);
  }
  out.append(4, '\0');
  return out.append(payload);
}

Client open_client(bench::Options const& options, int port) {
  auto client = Client{bench::connect_to(port), {}, 0};
  auto head = "GET " + options.at("path") + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
              "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  if (!options.at("headers").empty()) head += options.at("headers") + "\r\n";
  send_text(client.fd, head + "\r\n");
  auto end = std::string::npos;
  while ((end = client.buffer.find("\r\n\r\n")) == std::string::npos) {
    char piece[4096];
    auto const got = recv(client.fd, piece, sizeof piece, 0);
    if (got <= 0) bench::die("upgrade");
    client.buffer.append(piece, static_cast<std::size_t>(got));
  }
  if (!client.buffer.starts_with("HTTP/1.1 101")) bench::die(client.buffer.substr(0, 200));
  client.buffer.erase(0, end + 4);
  if (!options.at("subscribe").empty()) send_text(client.fd, frame(1, options.at("subscribe")));
  return client;
}

// Takes whole frames off the buffer; counts those that carry the marker.
void take_frames(Client& client, std::string const& marker) {
  auto rest = std::string_view{client.buffer};
  while (rest.size() >= 2) {
    auto const byte = [&](std::size_t at) { return static_cast<unsigned char>(rest[at]); };
    auto length = static_cast<std::size_t>(byte(1) & 0x7f);
    auto head = std::size_t{2};
    if (length == 126) {
      head = 4;
      if (rest.size() < head) break;
      length = static_cast<std::size_t>(byte(2)) << 8 | byte(3);
    } else if (length == 127) {
      bench::die("a frame of more than 64 KiB");
    }
    if (rest.size() < head + length) break;
    auto const payload = rest.substr(head, length);
    auto const opcode = byte(0) & 0x0f;
    if (opcode == 9) send_text(client.fd, frame(10, payload));
    if (opcode == 8)
      bench::die("the server closed: " + std::string{payload.substr(std::min<std::size_t>(2, length))});
    if (opcode == 1 && payload.find(marker) != payload.npos) ++client.seen;
    rest.remove_prefix(head + length);
  }
  client.buffer.erase(0, client.buffer.size() - rest.size());
}

class Fanout {
 public:
  Fanout(bench::Options const& options, int port)
      : marker_{options.at("marker")}, poll_{epoll_create1(EPOLL_CLOEXEC)}, port_{port} {
    auto const count = static_cast<std::size_t>(bench::number(options, "connections"));
    for (auto i = std::size_t{0}; i < count; ++i) {
      clients_.push_back(open_client(options, port));
      auto event = epoll_event{EPOLLIN, {.u64 = i}};
      epoll_ctl(poll_, EPOLL_CTL_ADD, clients_.back().fd, &event);
    }
  }

  void drain(double seconds) {
    auto const until = bench::now_s() + seconds;
    while (bench::now_s() < until) receive(10);
    for (auto& client : clients_) client.seen = 0;
    reached_ = 0;
  }

  // Seconds from the request to the last client.
  double round(std::string const& trigger) {
    auto const fd = bench::connect_to(port_);
    auto const began = bench::now_s();
    send_text(fd, trigger);
    while (reached_ < clients_.size()) {
      receive(100);
      if (bench::now_s() - began > give_up_s) bench::die("not every client was reached");
    }
    auto const took = bench::now_s() - began;
    char answer[4096];
    if (recv(fd, answer, sizeof answer, 0) <= 12 || answer[9] != '2') bench::die("the trigger was refused");
    close(fd);
    return took;
  }

 private:
  void receive(int timeout_ms) {
    epoll_event events[256];
    auto const ready = epoll_wait(poll_, events, 256, timeout_ms);
    for (auto i = 0; i < ready; ++i) {
      auto& client = clients_[events[i].data.u64];
      char piece[16384];
      auto const got = recv(client.fd, piece, sizeof piece, 0);
      if (got <= 0) bench::die("a connection ended");
      client.buffer.append(piece, static_cast<std::size_t>(got));
      auto const before = client.seen;
      take_frames(client, marker_);
      if (before == 0 && client.seen > 0) ++reached_;
    }
  }

  std::string marker_;
  int poll_;
  int port_;
  std::vector<Client> clients_;
  std::size_t reached_ = 0;
};

}  // namespace

int main(int count, char** arguments) {
  auto const options = bench::parse_options(count, arguments,
                                            {{"port", "0"},
                                             {"path", "/"},
                                             {"connections", "1000"},
                                             {"rounds", "50"},
                                             {"trigger", ""},
                                             {"marker", ""},
                                             {"subscribe", ""},
                                             {"headers", ""}});
  auto trigger = std::stringstream{};
  trigger << std::ifstream{options.at("trigger")}.rdbuf();
  auto fanout = Fanout{options, static_cast<int>(bench::number(options, "port"))};
  auto seconds = std::vector<double>{};
  for (auto i = std::int64_t{0}; i < bench::number(options, "rounds"); ++i) {
    fanout.drain(i == 0 ? 1.0 : 0.05);
    seconds.push_back(fanout.round(trigger.str()));
  }
  std::printf(
      "{\"connections\": %s, \"rounds\": %zu, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"min_ms\": %.3f}\n",
      options.at("connections").c_str(), seconds.size(), bench::percentile(seconds, 0.5) * 1e3,
      bench::percentile(seconds, 0.99) * 1e3, bench::percentile(seconds, 0.0) * 1e3);
}

#include "support.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bench {
namespace {

double read_clock(clockid_t clock) {
  auto t = timespec{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

sockaddr_in loopback(int port) {
  auto address = sockaddr_in{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

void die(std::string_view what) {
  std::fprintf(stderr, "%.*s: %s\n", static_cast<int>(what.size()), what.data(), std::strerror(errno));
  _exit(1);
}

double now_s() {
  return read_clock(CLOCK_MONOTONIC);
}

double process_cpu_s() {
  return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

int connect_to(int port) {
  auto const fd = socket(AF_INET, SOCK_STREAM, 0);
  auto const on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  auto const address = loopback(port);
  if (connect(fd, reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0) die("connect");
  return fd;
}

int listen_on(int port) {
  auto const fd = socket(AF_INET, SOCK_STREAM, 0);
  auto const on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  auto const address = loopback(port);
  if (bind(fd, reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0 || listen(fd, 256) != 0)
    die("listen");
  return fd;
}

Options parse_options(int count, char** arguments, Options defaults) {
  for (auto i = 1; i + 1 < count; i += 2) {
    auto const name = std::string_view{arguments[i]}.substr(2);
    auto const at = defaults.find(name);
    if (at == defaults.end()) die(std::string{"unknown option "} + arguments[i]);
    at->second = arguments[i + 1];
  }
  return defaults;
}

std::int64_t number(Options const& options, std::string_view name) {
  return std::atoll(options.find(name)->second.c_str());
}

double percentile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  auto const at = static_cast<std::size_t>(share * static_cast<double>(values.size()));
  return values[std::min(at, values.size() - 1)];
}

std::string random_bytes(std::size_t size) {
  auto out = std::string(size, '\0');
  auto state = std::uint64_t{88172645463325252};
  for (auto at = std::size_t{0}; at + 8 <= size; at += 8) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    std::memcpy(out.data() + at, &state, 8);
  }
  return out;
}

}  // namespace bench

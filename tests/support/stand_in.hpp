// A server of somebody else's that stands in for one of AWS, on a free port of this machine, gone with this
// object. tools/stand-ins.sh installs them, pinned, below build/stand-ins; HOIST_STAND_INS names another
// folder.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "base/process.hpp"
#include "net/client.hpp"

namespace hoist::testing {

// A port that was free a moment ago.
inline std::uint16_t free_port() {
  auto const socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = sockaddr_in{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  auto length = socklen_t{sizeof address};
  ::bind(socket, reinterpret_cast<sockaddr*>(&address), length);
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length);
  ::close(socket);
  return ntohs(address.sin_port);
}

struct StandInKind {
  std::string name;
  std::string program;                                              // below the folder of stand-ins
  std::vector<std::string> (*command)(std::string, std::uint16_t);  // to start the program on a port
};

inline StandInKind const ministack{
    "Ministack", "venv/bin/ministack", [](std::string program, std::uint16_t port) {
      return std::vector<std::string>{
          "/usr/bin/env",      "BIND_HOST=127.0.0.1", "GATEWAY_PORT=" + std::to_string(port),
          "HOME=/nonexistent", "PATH=/usr/bin:/bin",  std::move(program)};
    }};
inline StandInKind const dynoxide{
    "Dynoxide", "dynoxide/bin/dynoxide", [](std::string program, std::uint16_t port) {
      return std::vector<std::string>{std::move(program), "serve",  "--host",
                                      "127.0.0.1",        "--port", std::to_string(port)};
    }};
// Objects in the folder of a shell that ends with it: S3 over files.
inline StandInKind const versitygw{
    "Versitygw", "versitygw", [](std::string program, std::uint16_t port) {
      auto const script =
          "folder=$(mktemp -d) && trap 'rm -rf \"$folder\"' EXIT && \"$0\" \"$@\" posix \"$folder\"";
      return std::vector<std::string>{"/bin/sh",  "-c",
                                      script,     std::move(program),
                                      "--port",   "127.0.0.1:" + std::to_string(port),
                                      "--access", "test",
                                      "--secret", "test",
                                      "--region", "us-east-1",
                                      "--quiet"};
    }};

// Where its program is, or nothing when it is not installed.
inline std::optional<std::string> find_stand_in(StandInKind const& kind) {
  auto const* elsewhere = std::getenv("HOIST_STAND_INS");
  auto const folder =
      elsewhere != nullptr ? std::string{elsewhere} : std::string{HOIST_SOURCE_DIR "/build/stand-ins"};
  auto path = folder + "/" + kind.program;
  if (!std::filesystem::exists(path)) return std::nullopt;
  return path;
}

class StandIn {
 public:
  // Answers once it takes requests, whatever it says to them. Nothing when it ends, or takes none in a
  // minute.
  static std::optional<StandIn> start(StandInKind const& kind, std::string const& program) {
    auto const port = free_port();
    auto process = Process::start({.command = kind.command(program, port), .whole_tree = true});
    if (!process) return std::nullopt;
    auto running = StandIn{*std::move(process), port};
    if (!running.wait_until_ready(deadline_in(std::chrono::minutes{1}))) return std::nullopt;
    return running;
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  StandIn(Process process, std::uint16_t port) : process_{std::move(process)}, port_{port} {}

  bool wait_until_ready(Deadline deadline) {
    constexpr auto patience = std::chrono::milliseconds{20};
    while (std::chrono::steady_clock::now() < deadline) {
      auto const answer = run_to_end<net::Response>([&]() -> Async<net::Response> {
        auto client = net::Client{};
        co_return co_await client.send({.url = url() + "/"}, deadline);
      });
      if (answer) return true;
      if (process_.wait(patience)) return false;
    }
    return false;
  }

  Process process_;
  std::uint16_t port_;
};

}  // namespace hoist::testing

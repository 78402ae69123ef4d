// Sends files over keep-alive connections as fast as the server takes them.
//
//   bench_put --port P --connections C --bytes B --plan FILE [--tus 1] [--method PUT]
//
// Each line of the plan is one file: "PATH<tab>Name: value<tab>Name: value". With --tus each file is a
// POST that creates and a PATCH that sends. The body rotates through 256 MiB: a body used again would
// come from the processor's cache, at twice the speed. Prints one line of JSON.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <mutex>
#include <sys/uio.h>
#include <thread>
#include <unistd.h>

#include "support.hpp"

namespace {

constexpr auto rotation_bytes = std::size_t{256} << 20;
constexpr auto answer_bytes_max = std::size_t{64} << 10;

struct Answer {
  int status = 0;
  std::string location;
  bool closes = false;
};

class Connection {
 public:
  explicit Connection(int port) : port_{port}, fd_{bench::connect_to(port)} {}
  ~Connection() { close(fd_); }

  Answer exchange(std::string_view head, std::string_view body) {
    send_all(head, body);
    auto answer = receive();
    if (answer.closes) reopen();
    return answer;
  }

 private:
  void reopen() {
    close(fd_);
    fd_ = bench::connect_to(port_);
    buffer_.clear();
  }

  void send_all(std::string_view head, std::string_view body) {
    while (!head.empty() || !body.empty()) {
      iovec const parts[] = {{const_cast<char*>(head.data()), head.size()},
                             {const_cast<char*>(body.data()), body.size()}};
      auto const sent = writev(fd_, parts, 2);
      if (sent < 0) bench::die("send");
      auto const of_head = std::min(head.size(), static_cast<std::size_t>(sent));
      head.remove_prefix(of_head);
      body.remove_prefix(static_cast<std::size_t>(sent) - of_head);
    }
  }

  void read_more() {
    char piece[8192];
    auto const got = read(fd_, piece, sizeof piece);
    if (got <= 0 || buffer_.size() > answer_bytes_max) bench::die("the server hung up or said too much");
    buffer_.append(piece, static_cast<std::size_t>(got));
  }

  std::string header(std::string_view head, char const* name) const {
    auto const text = std::string{head};
    auto const at = strcasestr(text.c_str(), name);
    if (at == nullptr) return {};
    auto value = std::string_view{at + std::strlen(name)};
    value = value.substr(0, value.find('\r'));
    while (value.starts_with(' ')) value.remove_prefix(1);
    return std::string{value};
  }

  Answer receive() {
    auto end = std::string::npos;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) read_more();
    auto const head = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    auto answer = Answer{std::atoi(head.c_str() + 9), header(head, "\r\nlocation:"), false};
    if (answer.status == 100) return receive();
    answer.closes = strcasecmp(header(head, "\r\nconnection:").c_str(), "close") == 0;
    if (header(head, "\r\ntransfer-encoding:").empty()) {
      auto const length = static_cast<std::size_t>(std::atoll(header(head, "\r\ncontent-length:").c_str()));
      while (buffer_.size() < length) read_more();
      buffer_.erase(0, length);
    } else {
      while (!buffer_.ends_with("0\r\n\r\n")) read_more();
      buffer_.clear();
    }
    return answer;
  }

  int port_;
  int fd_;
  std::string buffer_;
};

struct Run {
  int port = 0;
  bool tus = false;
  std::string method;
  std::size_t file_bytes = 0;
  std::vector<std::string> plan;
  std::string body;
  std::atomic<std::size_t> next = 0;
  std::atomic<int> bad = 0;
  std::mutex mutex;
  std::vector<double> seconds;
};

std::string head_of(Run const& run, std::string_view method, std::string_view line, std::size_t length) {
  auto const tab = line.find('\t');
  auto head = std::string{method} + ' ' + std::string{line.substr(0, tab)} +
              " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(run.port) +
              "\r\nContent-Length: " + std::to_string(length) + "\r\n";
  auto rest = tab == line.npos ? std::string_view{} : line.substr(tab + 1);
  while (!rest.empty()) {
    auto const end = rest.find('\t');
    head += std::string{rest.substr(0, end)} + "\r\n";
    rest = end == rest.npos ? std::string_view{} : rest.substr(end + 1);
  }
  return head + "\r\n";
}

bool send_tus(Run const& run, Connection& connection, std::string_view line, std::string_view body) {
  auto const create =
      std::string{line} + "\tTus-Resumable: 1.0.0\tUpload-Length: " + std::to_string(body.size());
  auto const created = connection.exchange(head_of(run, "POST", create, 0), {});
  if (created.status != 201) return false;
  auto const authority = created.location.find("://");
  auto const path = authority == std::string::npos
                        ? created.location
                        : created.location.substr(created.location.find('/', authority + 3));
  auto const patch =
      path + "\tTus-Resumable: 1.0.0\tUpload-Offset: 0\tContent-Type: application/offset+octet-stream";
  return connection.exchange(head_of(run, "PATCH", patch, body.size()), body).status == 204;
}

void work(Run& run) {
  auto connection = Connection{run.port};
  for (auto i = run.next++; i < run.plan.size(); i = run.next++) {
    auto const body = std::string_view{run.body}.substr(i * run.file_bytes % rotation_bytes, run.file_bytes);
    auto const began = bench::now_s();
    auto const ok =
        run.tus
            ? send_tus(run, connection, run.plan[i], body)
            : connection.exchange(head_of(run, run.method, run.plan[i], body.size()), body).status / 100 == 2;
    auto const took = bench::now_s() - began;
    if (!ok) ++run.bad;
    auto const lock = std::scoped_lock{run.mutex};
    run.seconds.push_back(took);
  }
}

}  // namespace

int main(int count, char** arguments) {
  auto const options = bench::parse_options(count, arguments,
                                            {{"port", "0"},
                                             {"connections", "8"},
                                             {"bytes", "204800"},
                                             {"plan", ""},
                                             {"tus", "0"},
                                             {"method", "PUT"}});
  auto run = Run{};
  run.port = static_cast<int>(bench::number(options, "port"));
  run.tus = bench::number(options, "tus") != 0;
  run.method = options.at("method");
  run.file_bytes = static_cast<std::size_t>(bench::number(options, "bytes"));
  auto file = std::ifstream{options.at("plan")};
  for (auto line = std::string{}; std::getline(file, line);) run.plan.push_back(line);
  run.body = bench::random_bytes(rotation_bytes + run.file_bytes);

  auto const cpu = bench::process_cpu_s();
  auto const began = bench::now_s();
  auto threads = std::vector<std::jthread>{};
  for (auto i = std::int64_t{0}; i < bench::number(options, "connections"); ++i)
    threads.emplace_back([&run] { work(run); });
  threads.clear();
  auto const seconds = bench::now_s() - began;
  auto const bytes = static_cast<double>(run.plan.size() * run.file_bytes);
  std::printf(
      "{\"files\": %zu, \"bytes\": %.0f, \"seconds\": %.6f, \"mb_per_s\": %.3f, \"p50_ms\": %.3f, "
      "\"p99_ms\": %.3f, \"bad\": %d, \"client_cpu_s\": %.3f}\n",
      run.plan.size(), bytes, seconds, bytes / 1e6 / seconds, bench::percentile(run.seconds, 0.5) * 1e3,
      bench::percentile(run.seconds, 0.99) * 1e3, run.bad.load(), bench::process_cpu_s() - cpu);
  return run.bad == 0 ? 0 : 1;
}

#include "adapters/clamd/scanner.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

#include "adapters/clamd/connection.hpp"
#include "adapters/clamd/daemon.hpp"
#include "base/process.hpp"
#include "base/try.hpp"
#include "support/hostile_files.hpp"

namespace hoist::clamd {
namespace {

using namespace std::chrono_literals;

using testing::eicar;
using testing::encrypted;
using testing::zip;

// `text`, then `padding` zero bytes.
class Bytes final : public ByteSource {
 public:
  explicit Bytes(std::string text, std::size_t padding = 0) : text_{std::move(text)}, padding_{padding} {}
  Async<std::size_t> read(std::span<char> buffer) override {
    auto const part = std::string_view{text_}.substr(at_, buffer.size());
    std::ranges::copy(part, buffer.begin());
    at_ += part.size();
    if (!part.empty()) co_return part.size();
    auto const zeros = std::min(padding_, buffer.size());
    std::ranges::fill(buffer.first(zeros), '\0');
    padding_ -= zeros;
    co_return zeros;
  }

 private:
  std::string text_;
  std::size_t padding_;
  std::size_t at_ = 0;
};

class TemporaryFolder {
 public:
  TemporaryFolder() {
    char path[] = "/tmp/hoist-clamd-XXXXXX";
    path_ = ::mkdtemp(path);
  }
  TemporaryFolder(TemporaryFolder const&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string const& path() const { return path_; }

 private:
  std::string path_;
};

Result<ScanReport> scan(std::string const& socket, Bytes bytes, std::chrono::milliseconds patience = 20s) {
  return run_to_end<ScanReport>([&]() -> Async<ScanReport> {
    auto metrics = Metrics{};
    auto const scanner = make_scanner({.socket = socket}, metrics);
    co_return co_await scanner->scan(bytes, deadline_in(patience));
  });
}

// Does to every connection what `behave` says.
class FakeClamd {
 public:
  explicit FakeClamd(std::function<void(int)> behave) : behave_{std::move(behave)} {
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto address = sockaddr_un{.sun_family = AF_UNIX};
    std::strcpy(address.sun_path, socket().c_str());
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listener_, 8);
    thread_ = std::thread{[this] { serve(); }};
  }
  ~FakeClamd() {
    stop_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  [[nodiscard]] std::string socket() const { return folder_.path() + "/s"; }

 private:
  void serve() {
    while (!stop_) {
      auto const connection = ::accept(listener_, nullptr, nullptr);
      if (connection < 0) continue;
      behave_(connection);
      ::close(connection);
    }
  }

  TemporaryFolder folder_;
  std::function<void(int)> behave_;
  int listener_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

std::string command(int connection) {
  auto text = std::string{};
  auto c = '\0';
  while (::read(connection, &c, 1) == 1 && c != '\0') text += c;
  return text;
}

void say(int connection, std::string const& text) {
  (void)!::send(connection, text.data(), text.size(), MSG_NOSIGNAL);
}

// Takes the whole stream, then says `reply`; knows VERSION.
std::function<void(int)> answering(std::string reply) {
  return [reply = std::move(reply)](int connection) {
    if (command(connection) == "zVERSION") return say(connection, std::string("ClamAV 9.9\0", 11));
    auto buffer = std::string(65536, '\0');
    auto tail = std::string{};
    while (!tail.ends_with(std::string(4, '\0'))) {
      auto const count = ::read(connection, buffer.data(), buffer.size());
      if (count <= 0) return;
      tail = (tail + buffer.substr(0, static_cast<std::size_t>(count)));
      if (tail.size() > 64) tail = tail.substr(tail.size() - 64);
    }
    say(connection, reply);
  };
}

TEST(ClamdScanner, M12_ANamelessSocketIsUnavailable) {
  auto const report = scan("/tmp/hoist-no-such-socket", Bytes{"x"});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), Code::unavailable);
  EXPECT_EQ(report.error().slug(), scanner_away);
  EXPECT_FALSE(scan(std::string(200, 'x'), Bytes{"x"}));
}

TEST(ClamdScanner, M12_GarbageSilenceAndHalfAnswersAreNotClean) {
  for (auto const* reply : {"", "HTTP/1.1 200 OK\r\n\r\n", "stream: OK", "stream: O"}) {
    auto const fake = FakeClamd{answering(reply)};  // none of them ends with NUL
    auto const report = scan(fake.socket(), Bytes{"x"});
    ASSERT_FALSE(report) << reply;
    EXPECT_EQ(report.error().code(), Code::unavailable) << reply;
  }
  auto const fake = FakeClamd{answering(std::string("hello\0", 6))};
  EXPECT_EQ(scan(fake.socket(), Bytes{"x"}).error().code(), Code::unavailable);
  auto const flood = FakeClamd{[](int connection) { say(connection, std::string(1'000'000, 'x')); }};
  EXPECT_EQ(scan(flood.socket(), Bytes{"x"}).error().code(), Code::unavailable);
}

TEST(ClamdScanner, AWholeAnswerIsAVerdict) {
  auto const fake = FakeClamd{answering(std::string("stream: OK\0", 11))};
  auto const report = scan(fake.socket(), Bytes{"x", 5'000'000});
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->verdict, Verdict::clean);
  EXPECT_EQ(report->engine, "ClamAV 9.9");
}

TEST(ClamdScanner, M12_AScannerThatHangsIsUnavailableAtTheDeadline) {
  auto const fake = FakeClamd{[](int connection) {
    if (command(connection) == "zVERSION") return say(connection, std::string("ClamAV 9.9\0", 11));
    auto watched = pollfd{.fd = connection, .events = POLLRDHUP, .revents = 0};
    ::poll(&watched, 1, 10'000);  // takes nothing until the client goes
  }};
  auto const report = scan(fake.socket(), Bytes{"", 50'000'000}, 300ms);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), Code::unavailable);
}

TEST(ClamdScanner, OneThatBreaksOffInTheMiddleIsNotAway) {
  auto const fake = FakeClamd{[](int connection) {
    if (command(connection) == "zVERSION") say(connection, std::string("ClamAV 9.9\0", 11));
  }};
  auto const report = scan(fake.socket(), Bytes{"what kills it, perhaps"});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), Code::unavailable);
  EXPECT_NE(report.error().slug(), scanner_away);
}

TEST(ClamdScanner, WhileItIsAwayNobodyWaitsForItUntilItAnswersAPing) {
  auto asked = std::atomic<int>{0};
  auto quiet = std::atomic<bool>{true};
  auto const fake = FakeClamd{[&](int connection) {
    ++asked;
    if (quiet) return;
    auto const word = command(connection);
    if (word == "zPING") return say(connection, std::string("PONG\0", 5));
    if (word == "zVERSION") return say(connection, std::string("ClamAV 9.9\0", 11));
    say(connection, std::string("stream: OK\0", 11));
  }};
  auto metrics = Metrics{};
  auto const scanner = make_scanner({.socket = fake.socket()}, metrics);
  auto const try_it = [&] {
    auto bytes = Bytes{"x"};
    return run_to_end<ScanReport>([&] { return scanner->scan(bytes, deadline_in(20s)); });
  };
  EXPECT_FALSE(try_it());
  EXPECT_TRUE(scanner->away());
  auto const before = asked.load();
  EXPECT_EQ(try_it().error().slug(), scanner_away);
  EXPECT_EQ(asked, before);
  quiet = false;
  ASSERT_TRUE(run_to_end<void>([&] { return scanner->look(deadline_in(20s)); }));
  EXPECT_FALSE(scanner->away());
  EXPECT_TRUE(try_it());
}

TEST(ClamdScanner, ConnectionsAreBounded) {
  auto open = std::atomic<int>{0};
  auto most = std::atomic<int>{0};
  auto const fake = FakeClamd{answering(std::string("stream: OK\0", 11))};
  auto metrics = Metrics{};
  auto const scanner = make_scanner({.socket = fake.socket(), .connections_max = 2}, metrics);
  struct Counting final : ByteSource {
    Counting(std::atomic<int>& now, std::atomic<int>& top) : open{now}, most{top} {}
    Async<std::size_t> read(std::span<char>) override {
      most = std::max(most.load(), ++open);
      co_return std::size_t{0};
    }
    std::atomic<int>& open;
    std::atomic<int>& most;
  };
  auto const done = run_to_end<int>([&]() -> Async<int> {
    auto finished = 0;
    auto signal = Signal{};
    for (int i = 0; i < 6; ++i)
      spawn(co_await asio::this_coro::executor, [&]() -> asio::awaitable<void> {
        auto bytes = Counting{open, most};
        auto const report = co_await scanner->scan(bytes, deadline_in(20s));
        --open;
        finished += report ? 1 : 0;
        signal.notify();
      });
    while (finished < 6) {
      auto const ticket = signal.ticket();
      if (finished < 6 && !co_await signal.wait(ticket, deadline_in(20s))) break;
    }
    co_return finished;
  });
  EXPECT_EQ(*done, 6);
  EXPECT_LE(most, 2);
}

class RealClamd : public ::testing::Test {
 protected:
  void SetUp() override {
    auto daemon = Daemon::start({.folder = folder_.path() + "/clamd",
                                 .signatures = "/nowhere",
                                 .file_bytes_max = 4 << 20,
                                 .backoff_min = 50ms,
                                 .frozen_after = 1s});
    if (!daemon) GTEST_SKIP() << "NO CLAMD ON THIS MACHINE: " << daemon.error().to_string();
    daemon_ = std::move(*daemon);
    ASSERT_TRUE(daemon_->wait_until_it_answers(20s));
  }
  // Until it runs under another process id and answers.
  bool comes_back_as_another_than(int first) {
    auto const deadline = deadline_in(20s);
    while (daemon_->pid() == first || daemon_->pid() == 0) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return daemon_->wait_until_it_answers(20s);
  }

  TemporaryFolder folder_;
  std::unique_ptr<Daemon> daemon_;
};

TEST_F(RealClamd, M11_FindsTheTestVirusAndCallsOtherFilesClean) {
  EXPECT_TRUE(daemon_->test_signatures_only());
  auto const clean = scan(daemon_->socket(), Bytes{"an honest file"});
  ASSERT_TRUE(clean) << clean.error().to_string();
  EXPECT_EQ(clean->verdict, Verdict::clean);
  EXPECT_TRUE(clean->engine.starts_with("ClamAV 1")) << clean->engine;
  auto const found = scan(daemon_->socket(), Bytes{eicar()});
  ASSERT_TRUE(found) << found.error().to_string();
  EXPECT_EQ(found->verdict, Verdict::infected);
  EXPECT_NE(found->signature.find("Eicar"), std::string::npos);
}

TEST_F(RealClamd, M11_FindsItInsideOfContainers) {
  auto const pdf = "%PDF-1.4\n1 0 obj\n<< /Length 68 >>\nstream\n" + eicar() + "\nendstream\nendobj\n%%EOF\n";
  auto const files = std::vector<std::pair<char const*, std::string>>{
      {"zip", zip("-rf", eicar())},
      {"zip in zip", zip("a.zip", zip("$(touch x).txt", eicar()))},
      {"office file", zip("word/embeddings/x.bin", eicar()) + zip("[Content_Types].xml", "<Types/>")},
      {"pdf", pdf},
      {"behind a picture", "\xff\xd8\xff\xe0" + std::string(5000, 'x') + eicar()}};
  for (auto const& [name, bytes] : files) {
    auto const report = scan(daemon_->socket(), Bytes{bytes});
    ASSERT_TRUE(report) << name << report.error().to_string();
    EXPECT_EQ(report->verdict, Verdict::infected) << name;
  }
}

TEST_F(RealClamd, M4_AnEncryptedArchiveIsUnscannableUnlessAVirusIsSeenBesideIt) {
  auto const closed = encrypted(zip("secret.txt", "who knows"));
  auto const report = scan(daemon_->socket(), Bytes{closed});
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->verdict, Verdict::unscannable) << report->signature;
  EXPECT_EQ(scan(daemon_->socket(), Bytes{zip("inner.zip", closed)})->verdict, Verdict::unscannable);
  EXPECT_EQ(scan(daemon_->socket(), Bytes{closed + zip("x.txt", eicar())})->verdict, Verdict::infected);
}

TEST_F(RealClamd, M12_OverTheLimitsIsNeverClean) {
  auto const padded = scan(daemon_->socket(), Bytes{eicar(), 3 << 20});
  ASSERT_TRUE(padded) << padded.error().to_string();
  EXPECT_EQ(padded->verdict, Verdict::infected);
  auto const large = scan(daemon_->socket(), Bytes{eicar(), 5 << 20});
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code(), Code::too_large) << large.error().to_string();
  auto const at_limit = scan(daemon_->socket(), Bytes{"", 4 << 20});
  EXPECT_TRUE(at_limit) << at_limit.error().to_string();
}

TEST_F(RealClamd, M12_WhatIsTooDeepToBeScannedIsNeverClean) {
  auto bytes = std::string{"who knows what"};
  for (int level = 0; level < 25; ++level) bytes = zip("a.zip", bytes);
  auto const report = scan(daemon_->socket(), Bytes{bytes});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), Code::too_large) << report.error().to_string();
}

TEST_F(RealClamd, AFrozenScannerGetsNoFileAndIsReplaced) {
  auto metrics = Metrics{};
  auto const scanner = make_scanner({.socket = daemon_->socket()}, metrics);
  auto const look = [&] { return run_to_end<void>([&] { return scanner->look(deadline_in(200ms)); }); };
  auto const first = daemon_->pid();
  ::kill(first, SIGSTOP);
  ASSERT_TRUE(look());
  EXPECT_TRUE(scanner->away());
  EXPECT_NE(metrics.render().find("hoist_scanner_away 1"), std::string::npos);
  auto unread = Bytes{"x"};
  auto const frozen = run_to_end<ScanReport>([&] { return scanner->scan(unread, deadline_in(20s)); });
  ASSERT_FALSE(frozen);
  EXPECT_EQ(frozen.error().slug(), scanner_away);

  EXPECT_TRUE(comes_back_as_another_than(first));
  ASSERT_TRUE(look());
  EXPECT_FALSE(scanner->away());
  EXPECT_NE(metrics.render().find("hoist_scanner_away 0"), std::string::npos);
  EXPECT_TRUE(run_to_end<ScanReport>([&] { return scanner->scan(unread, deadline_in(20s)); }));
}

// What clamd says to a command that makes it open a file itself.
std::string scan_of_path(std::string const& socket, std::string const& path) {
  auto said = std::string{};
  EXPECT_TRUE(run_to_end<void>([&]() -> Async<> {
    auto connection = Connection{co_await asio::this_coro::executor, deadline_in(20s)};
    CO_CHECK(co_await connection.connect(socket));
    CO_CHECK(co_await connection.command("SCAN " + path));
    CO_TRY(said, co_await connection.read_reply());
    co_return Result<void>{};
  }));
  return said;
}

TEST_F(RealClamd, M5_ItOpensNothingButItsOwn) {
  if (!Landlock::make({})->available()) GTEST_SKIP() << "SKIPPED: this kernel has no Landlock";
  std::filesystem::create_directory(folder_.path() + "/keys");
  std::ofstream{folder_.path() + "/keys/s3.json"} << eicar();
  std::ofstream{folder_.path() + "/clamd/tmp/own"} << eicar();
  auto const own = scan_of_path(daemon_->socket(), folder_.path() + "/clamd/tmp/own");
  EXPECT_TRUE(own.ends_with("FOUND")) << own;
  auto const secret = scan_of_path(daemon_->socket(), folder_.path() + "/keys/s3.json");
  EXPECT_TRUE(secret.ends_with("ERROR")) << secret;
}

TEST(ClamdDaemon, M5_TheBoxReadsAndWritesNothingButItsOwn) {
  if (!Landlock::make({})->available()) GTEST_SKIP() << "SKIPPED: this kernel has no Landlock";
  auto const folder = TemporaryFolder{};
  std::filesystem::create_directories(folder.path() + "/keys");
  std::filesystem::create_directories(folder.path() + "/clamd");
  auto const secret = folder.path() + "/keys/s3.json";
  std::ofstream{secret} << "secret";
  auto const works = [&](std::string script) {
    auto const box = box_of({.folder = folder.path() + "/clamd", .program = "/usr/bin/python3"});
    auto process = Process::start(
        {.command = {"/usr/bin/python3", "-c", std::move(script)}, .isolated = true, .files = box});
    return process && process->wait(20s) == 0;
  };
  EXPECT_TRUE(works("open('" + folder.path() + "/clamd/x', 'w').write('y')"));
  EXPECT_FALSE(works("open('" + secret + "')"));
  EXPECT_FALSE(works("open('" + secret + "', 'a')"));
  EXPECT_FALSE(works("import os; os.truncate('" + secret + "', 0)"));
  EXPECT_FALSE(works("import os; os.remove('" + secret + "')"));
  EXPECT_FALSE(works("open('" + folder.path() + "/keys/new', 'w')"));
  EXPECT_FALSE(works("import os; os.execv('/usr/bin/true', ['true'])"));
  EXPECT_EQ(std::filesystem::file_size(secret), 6U);
}

TEST_F(RealClamd, AKilledScannerIsStartedAgain) {
  auto const first = daemon_->pid();
  ::kill(first, SIGKILL);
  EXPECT_TRUE(comes_back_as_another_than(first));
  EXPECT_TRUE(scan(daemon_->socket(), Bytes{"x"}));
}

TEST(ClamdDaemon, AMissingProgramIsAPlainError) {
  auto const folder = TemporaryFolder{};
  auto const daemon = Daemon::start({.folder = folder.path(), .program = "/no/such/clamd"});
  ASSERT_FALSE(daemon);
  EXPECT_EQ(daemon.error().code(), Code::unavailable);
}

}  // namespace
}  // namespace hoist::clamd

#include "tasks/command.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <signal.h>
#include <thread>
#include <unistd.h>

#include "tasks/testing.hpp"

namespace hoist::tasks {
namespace {

// Two children of a program, one in a session of its own and one that is an orphan as well, which
// write their process ids into a file.
class Orphans {
 public:
  Orphans() { folder_ = ::mkdtemp(path_.data()); }
  Orphans(Orphans const&) = delete;
  ~Orphans() { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string program() const {
    return "import os, signal, sys\n"
           "def child(orphan):\n"
           "  r, w = os.pipe()\n"
           "  if os.fork(): return os.read(r, 1)\n"
           "  os.setsid()\n"
           "  if orphan and os.fork(): os._exit(0)\n"
           "  open('" +
           folder_ +
           "/pids', 'a').write(f'{os.getpid()}\\n')\n"
           "  os.write(w, b'x')\n"
           "  signal.pause()\n"
           "child(False); child(True)\n";
  }
  [[nodiscard]] std::vector<int> pids() const {
    auto file = std::ifstream{folder_ + "/pids"};
    return {std::istream_iterator<int>{file}, {}};
  }
  [[nodiscard]] std::size_t started() const { return pids().size(); }
  void wait_until_started() const {
    for (auto const deadline = deadline_in(20s);
         started() < 2 && std::chrono::steady_clock::now() < deadline;)
      std::this_thread::yield();
  }
  [[nodiscard]] bool gone() const {
    return std::ranges::none_of(pids(), [](int pid) { return ::kill(pid, 0) == 0; });
  }

 private:
  std::string path_ = "/tmp/hoist-orphans-XXXXXX";
  std::string folder_;
};

class TaskCommand : public ::testing::Test {
 protected:
  Outcome run(std::vector<std::string> command, std::chrono::milliseconds timeout = 5s,
              std::string body = R"({"title":"Pour"})") {
    auto made = make_command({.command = std::move(command), .timeout = timeout}, threads);
    EXPECT_TRUE(made);
    auto const handler = (*made)();
    auto delivery =
        Delivery{.id = TaskId{"0190a000-0000-7000-8000-000000000000"}, .tenant = TenantId{"acme"}};
    delivery.group = "default";
    delivery.sequence = 7;
    delivery.attempt = 2;
    delivery.body = std::move(body);
    auto const once = std::function<Async<Outcome>()>{
        [&]() -> Async<Outcome> { co_return co_await handler->run(delivery, deadline_in(20s)); }};
    return run_to_end<Outcome>(once).value();
  }
  static std::vector<std::string> python(std::string text) {
    return {"/usr/bin/python3", "-c", std::move(text)};
  }

  CommandThreads threads{2};
};

TEST_F(TaskCommand, TheTaskIsOnItsStandardInput) {
  auto const outcome =
      run(python("import json, sys; t = json.load(sys.stdin); sys.exit(0 if (t['effect_key'], t['attempt'], "
                 "t['sequence'], "
                 "t['title']) == ('0190a000-0000-7000-8000-000000000000', 2, 7, 'Pour') else 1)"));
  EXPECT_TRUE(outcome.done) << outcome.cause;
}

TEST_F(TaskCommand, NothingIsReadByAShell) {
  EXPECT_TRUE(run({"/usr/bin/test", "$(echo a)", "=", "$(echo a)"}).done);
  EXPECT_FALSE(run({"/usr/bin/test", "$(echo a)", "=", "a"}).done);
  EXPECT_TRUE(run(python("import os, sys; sys.exit(1 if os.environ.get('HOME') else 0)")).done);
}

TEST_F(TaskCommand, ItsExitCodeSaysWhatBecameOfIt) {
  auto const failed = run(python("import sys; sys.stderr.write('no \\x1b crane\\nmore'); sys.exit(3)"));
  EXPECT_FALSE(failed.done);
  EXPECT_FALSE(failed.permanent);
  EXPECT_EQ(failed.cause, "The program failed with exit code 3: no   crane");
  EXPECT_TRUE(run(python("import sys; sys.exit(100)")).permanent);
  EXPECT_NE(run(python("import os; os.kill(os.getpid(), 9)")).cause.find("signal 9"), std::string::npos);
  EXPECT_FALSE(run({"/no/such/program"}).done);
}

TEST_F(TaskCommand, ItIsEndedAtItsTimeLimit) {
  auto const began = std::chrono::steady_clock::now();
  auto const outcome = run(python("import signal; signal.pause()"), 200ms);
  EXPECT_NE(outcome.cause.find("longer than 200 ms"), std::string::npos) << outcome.cause;
  EXPECT_LT(std::chrono::steady_clock::now() - began, 3s);
}

TEST_F(TaskCommand, M3_WhatItStartedEndsWithItHoweverItEnds) {
  for (auto const* end : {"signal.pause()", "sys.exit(0)", "os.kill(os.getpid(), 9)"}) {
    auto const children = Orphans{};
    (void)run(python(children.program() + end), 500ms);
    EXPECT_EQ(children.started(), 2U) << end;
    EXPECT_TRUE(children.gone()) << end;
  }
}

TEST_F(TaskCommand, M3_WhatItStartedEndsWithTheServersThreads) {
  auto const children = Orphans{};
  auto own = std::make_optional<CommandThreads>(1U);
  auto made = make_command({.command = python(children.program() + "signal.pause()")}, *own);
  ASSERT_TRUE(made);
  auto const handler = (*made)();
  auto running = std::thread{[&] {
    auto const once = std::function<Async<Outcome>()>{[&]() -> Async<Outcome> {
      auto delivery = Delivery{.id = TaskId{"0190a000-0000-7000-8000-000000000000"}};
      co_return co_await handler->run(std::move(delivery), deadline_in(60s));
    }};
    EXPECT_NE(run_to_end<Outcome>(once)->cause.find("stopped"), std::string::npos);
  }};
  children.wait_until_started();
  own.reset();
  running.join();
  EXPECT_TRUE(children.gone());
}

TEST_F(TaskCommand, AProgramThatReadsNothingOrWritesMuchIsNoTrouble) {
  auto const body = R"({"title":")" + std::string(250'000, 'x') + R"("})";
  EXPECT_TRUE(run({"/usr/bin/true"}, 5s, body).done);
  EXPECT_TRUE(
      run(python("import sys; sys.stderr.write('x' * 5000000); sys.stdout.write('y' * 5000000)")).done);
}

TEST_F(TaskCommand, OnlyAFullPathIsACommand) {
  EXPECT_FALSE(make_command({}, threads));
  EXPECT_FALSE(make_command({.command = {"true"}}, threads));
}

}  // namespace
}  // namespace hoist::tasks

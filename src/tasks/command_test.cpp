#include "tasks/command.hpp"

#include "tasks/testing.hpp"

namespace hoist::tasks {
namespace {

class TaskCommand : public ::testing::Test {
 protected:
  Outcome run(std::vector<std::string> command, std::chrono::milliseconds timeout = 5s,
              std::string body = R"({"title":"Pour"})") {
    auto made = make_command({.command = std::move(command), .timeout = timeout}, pool);
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

  Pool pool{{.name = "commands", .threads = 2}};
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

TEST_F(TaskCommand, AProgramThatReadsNothingOrWritesMuchIsNoTrouble) {
  auto const body = R"({"title":")" + std::string(250'000, 'x') + R"("})";
  EXPECT_TRUE(run({"/usr/bin/true"}, 5s, body).done);
  EXPECT_TRUE(
      run(python("import sys; sys.stderr.write('x' * 5000000); sys.stdout.write('y' * 5000000)")).done);
}

TEST_F(TaskCommand, OnlyAFullPathIsACommand) {
  EXPECT_FALSE(make_command({}, pool));
  EXPECT_FALSE(make_command({.command = {"true"}}, pool));
}

}  // namespace
}  // namespace hoist::tasks

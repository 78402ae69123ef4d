#include "base/process.hpp"

#include <gtest/gtest.h>

#include <array>
#include <fcntl.h>
#include <optional>
#include <signal.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace hoist {
namespace {

using namespace std::chrono_literals;

std::string output_of(std::vector<std::string> command, bool isolated = false) {
  auto ends = std::array<int, 2>{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  auto process = Process::start({.command = std::move(command), .out = ends[1], .isolated = isolated});
  EXPECT_TRUE(process);
  ::close(ends[1]);
  auto text = std::string{};
  auto buffer = std::array<char, 4096>{};
  for (auto count = ssize_t{1}; count > 0;) {
    count = ::read(ends[0], buffer.data(), buffer.size());
    if (count > 0) text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  ::close(ends[0]);
  auto const status = process->wait(10s);
  EXPECT_TRUE(status && WIFEXITED(*status));
  return text;
}

TEST(Process, ArgumentsArriveAsTheyAre) {
  EXPECT_EQ(output_of({"/usr/bin/printf", "%s|", "-rf", "$(x)", "a\nb", ""}), "-rf|$(x)|a\nb||");
}

TEST(Process, InheritsNeitherEnvironmentNorDescriptors) {
  ::setenv("HOIST_SECRET", "x", 1);
  auto const leak = ::open("/etc/hostname", O_RDONLY);  // without O_CLOEXEC
  EXPECT_EQ(output_of({"/usr/bin/env"}), "");
  auto const listed = output_of({"/bin/ls", "/proc/self/fd"});
  ::close(leak);
  EXPECT_EQ(listed, "0\n1\n2\n3\n");  // 3 is ls reading that folder
}

TEST(Process, AMissingProgramExitsWith127) {
  auto process = Process::start({.command = {"/no/such/program"}});
  ASSERT_TRUE(process);
  auto const status = process->wait(10s);
  ASSERT_TRUE(status);
  EXPECT_EQ(WEXITSTATUS(*status), 127);
}

TEST(Process, WaitingEndsWithItsPatienceAndDestructionKills) {
  auto pid = 0;
  {
    auto process = Process::start({.command = {"/bin/sleep", "1000"}});
    ASSERT_TRUE(process);
    pid = process->pid();
    EXPECT_FALSE(process->wait(1ms));
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_NE(::kill(pid, 0), 0);
}

TEST(Process, EndsWithTheThreadThatStartedItIsolatedOrNot) {
  for (auto const isolated : {false, true}) {
    auto process = std::optional<Process>{};
    auto ends = std::array<int, 2>{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    std::thread{[&] {
      auto started = Process::start(
          {.command = {"/bin/sh", "-c", "echo; exec sleep 1000"}, .out = ends[1], .isolated = isolated});
      if (started) process.emplace(std::move(*started));
      auto byte = '\0';
      EXPECT_EQ(::read(ends[0], &byte, 1), 1);  // it runs
    }}.join();
    ::close(ends[0]);
    ::close(ends[1]);
    ASSERT_TRUE(process);
    auto const status = process->wait(10s);
    ASSERT_TRUE(status) << isolated;
    EXPECT_EQ(WTERMSIG(*status), SIGKILL);
  }
}

}  // namespace
}  // namespace hoist

#include "base/process.hpp"

#include <gtest/gtest.h>

#include <array>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
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

TEST(Process, ATreeEndsAsItsProgramDid) {
  auto const status_of = [](std::string script) {
    auto process = Process::start({.command = {"/bin/sh", "-c", std::move(script)}, .whole_tree = true});
    return process ? process->wait(20s).value_or(-1) : -1;
  };
  EXPECT_EQ(WEXITSTATUS(status_of("exit 7")), 7);
  EXPECT_EQ(WTERMSIG(status_of("kill -SEGV $$")), SIGSEGV);
  EXPECT_EQ(status_of("sleep 1000 & exit 0"), 0);
}

TEST(Process, ATreeEndsWithItsProgramAndNotWithWhatThatLeftBehind) {
  auto const file = ::testing::TempDir() + "/hoist-left-behind-" + std::to_string(::getpid());
  // A process without its parent ends, and is gone for good before the program goes on.
  auto const script = "( /bin/sh -c 'echo $$ > " + file + "; exit 3' & ); until [ -s " + file +
                      " ]; do :; done; read -r left < " + file +
                      "; while [ -d /proc/$left ]; do :; done; exit 7";
  auto process = Process::start({.command = {"/bin/sh", "-c", script}, .whole_tree = true});
  ASSERT_TRUE(process);
  auto const status = process->wait(20s);
  ASSERT_TRUE(status);
  EXPECT_EQ(WEXITSTATUS(*status), 7);
  std::filesystem::remove(file);
}

TEST(Process, M3_ATreeEndsWithTheProcessThatStartedItBySigkill) {
  auto ends = std::array<int, 2>{};
  ASSERT_EQ(::pipe2(ends.data(), 0), 0);
  auto const server = ::fork();
  if (server == 0) {
    // The detached child holds the pipe: it is closed when all of the tree is gone.
    auto process = Process::start(
        {.command = {"/bin/sh", "-c", "setsid sh -c 'echo; exec sleep 1000' & exec sleep 1000"},
         .out = ends[1],
         .whole_tree = true});
    ::close(ends[1]);
    ::pause();
  }
  ::close(ends[1]);
  auto byte = '\0';
  EXPECT_EQ(::read(ends[0], &byte, 1), 1);
  ::kill(server, SIGKILL);
  ::waitpid(server, nullptr, 0);
  EXPECT_EQ(::read(ends[0], &byte, 1), 0);
  ::close(ends[0]);
}

TEST(Process, WhatItMayDoWithFilesHoldsForAllItStarts) {
  auto const probe = Landlock::make({});
  ASSERT_TRUE(probe);
  if (!probe->available()) GTEST_SKIP() << "SKIPPED: this kernel has no Landlock";
  char folder[] = "/tmp/hoist-rights-XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  auto const ours = std::string{folder};
  std::filesystem::create_directory(ours + "/open");
  std::ofstream{ours + "/secret"} << "x";
  auto rights = FileRights{.read = {"/usr", "/lib", "/lib64", "/etc/ld.so.cache"}, .write = {ours + "/open"}};
  rights.run = {"/usr/bin", "/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"};
  auto const works = [&](std::string const& script) {
    auto process = Process::start(
        {.command = {"/usr/bin/sh", "-c", "/usr/bin/sh -c '" + script + "'"}, .files = rights});
    return process && process->wait(20s) == 0;
  };
  EXPECT_TRUE(works("echo y > " + ours + "/open/file && /usr/bin/cat " + ours + "/open/file"));
  EXPECT_FALSE(works("/usr/bin/cat " + ours + "/secret"));
  EXPECT_FALSE(works("echo y >> " + ours + "/secret"));
  EXPECT_FALSE(works("/usr/bin/truncate -s 0 " + ours + "/secret"));
  EXPECT_FALSE(works("/usr/bin/mv " + ours + "/secret " + ours + "/open/secret"));
  EXPECT_EQ(std::filesystem::file_size(ours + "/secret"), 1U);
  std::filesystem::remove_all(ours);
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

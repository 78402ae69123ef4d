#include "processing/spool.hpp"

#include <gtest/gtest.h>

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/encode.hpp"
#include "base/try.hpp"

namespace hoist::processing {
namespace {

class Pieces final : public ByteSource {
 public:
  explicit Pieces(std::string text) : text_{std::move(text)} {}
  Async<std::size_t> read(std::span<char> buffer) override {
    auto const count = std::min({buffer.size(), text_.size() - at_, std::size_t{7001}});
    std::copy_n(text_.begin() + static_cast<std::ptrdiff_t>(at_), count, buffer.begin());
    at_ += count;
    co_return count;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

Result<std::string> through_a_spool(std::string text, std::int64_t size_max) {
  auto pool = Pool{{.name = "test"}};
  return run_to_end<std::string>([&]() -> Async<std::string> {
    CO_TRY(auto spool, Spool::open("/tmp"));
    auto source = Pieces{text};
    CO_CHECK(co_await spool.fill(source, size_max, pool));
    EXPECT_EQ(spool.size(), static_cast<std::int64_t>(text.size()));
    EXPECT_EQ(spool.sha256(), sha256(text));
    auto copy = SpoolSource{spool, pool};
    auto back = std::string{};
    auto buffer = std::string(100'000, '\0');
    while (true) {
      CO_TRY(auto const count, co_await copy.read(buffer));
      if (count == 0) co_return back;
      back.append(buffer, 0, count);
    }
  });
}

TEST(Spool, GivesBackWhatItTookAndItsHash) {
  auto text = std::string{};
  for (int i = 0; text.size() < 1'000'000; ++i) text += std::to_string(i);
  EXPECT_EQ(through_a_spool(text, 2'000'000).value_or(""), text);
  EXPECT_EQ(through_a_spool("", 10).value_or("x"), "");
}

TEST(Spool, MoreThanWasAnnouncedIsRefused) {
  auto const refused = through_a_spool("12345", 4);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::too_large);
}

// A limit of the process stands for a disk that takes no more.
TEST(Spool, WhatCannotBeWrittenWhollyIsUnavailable) {
  auto before = rlimit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  auto const asked = ::signal(SIGXFSZ, SIG_IGN);
  auto const small = rlimit{300'000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  auto const refused = through_a_spool(std::string(1'000'000, 'x'), 2'000'000);
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, asked);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::unavailable);
}

TEST(Spool, M13_LeavesNoFileBehind) {
  auto const spool = Spool::open("/tmp");
  ASSERT_TRUE(spool);
  auto const link = std::string{"/proc/self/fd/"} + std::to_string(spool->descriptor());
  auto name = std::string(256, '\0');
  name.resize(static_cast<std::size_t>(::readlink(link.c_str(), name.data(), name.size())));
  EXPECT_NE(name.find("(deleted)"), std::string::npos) << name;
}

TEST(Spool, AMissingFolderIsUnavailable) {
  auto const spool = Spool::open("/no/such/folder");
  ASSERT_FALSE(spool);
  EXPECT_EQ(spool.error().code(), Code::unavailable);
}

}  // namespace
}  // namespace hoist::processing

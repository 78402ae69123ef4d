#include "adapters/vips/sandbox.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <sys/socket.h>
#include <unistd.h>

#include "adapters/vips/wire.hpp"
#include "base/process.hpp"

namespace hoist::vips {
namespace {

Result<json::object> probe_from_inside() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return fail(Code::internal);
  auto process = Process::start({.command = {HOIST_MEDIA_TEST_CHILD, "probe"}, .in = ends[1]});
  ::close(ends[1]);
  auto answer = receive_frame(ends[0], deadline_in(std::chrono::seconds{20}));
  ::close(ends[0]);
  return answer;
}

TEST(Sandbox, M8_AnOwnedDecoderIsDeniedEveryWayOut) {
  auto const answer = probe_from_inside();
  ASSERT_TRUE(answer) << answer.error().to_string();
  ASSERT_TRUE(answer->contains("tried")) << json::serialize(*answer);
  auto const& tried = answer->at("tried").as_object();
  EXPECT_GE(tried.size(), 50U);
  auto denied = 0;
  for (auto const& [name, error] : tried) {
    EXPECT_EQ(error.as_int64(), EPERM) << name << " was not denied by the filter";
    denied += error.as_int64() == EPERM ? 1 : 0;
  }
  EXPECT_FALSE(answer->at("gigabyte").as_bool()) << "M2: memory is not limited";
  EXPECT_FALSE(answer->at("shared_memory").as_bool()) << "M2: shared memory is in no limit";
  EXPECT_TRUE(answer->at("reserved").as_bool()) << "address space is limited, which kills good files";
  EXPECT_EQ(answer->at("self_test").to_number<int>(), 0);
  std::printf("%d of %zu ways out denied; landlock %d, own namespaces %d\n", denied, tried.size(),
              answer->at("landlock").as_bool(), answer->at("namespaces").as_bool());
}

TEST(Sandbox, TheSelfTestSeesThatThereIsNoBox) {
  EXPECT_FALSE(escapes_from_decoder_box().empty());
}

}  // namespace
}  // namespace hoist::vips

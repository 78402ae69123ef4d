#include "bin/cli/sse.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace hoist::cli {
namespace {

TEST(SseParser, PiecesMakeTheSameEventsAsTheWhole) {
  auto const text =
      std::string_view{": ping\n\nid: 7\nevent: upload\ndata: {\"a\":\ndata: 1}\n\ndata:x\r\n\r\n"};
  for (auto size = std::size_t{1}; size <= text.size(); ++size) {
    auto events = std::vector<SseEvent>{};
    auto parser = SseParser{[&](SseEvent const& event) { events.push_back(event); }};
    for (auto at = std::size_t{0}; at < text.size(); at += size) parser.feed(text.substr(at, size));
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[0].id, "7");
    EXPECT_EQ(events[0].type, "upload");
    EXPECT_EQ(events[0].data, "{\"a\":\n1}");
    EXPECT_EQ(events[1].type, "message");
    EXPECT_EQ(events[1].data, "x");
    EXPECT_EQ(events[1].id, "7");
  }
}

}  // namespace
}  // namespace hoist::cli

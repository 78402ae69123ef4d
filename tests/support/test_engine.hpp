// The engine whose adapters the tests of features stand on. `make test` runs each of them twice: over the
// embedded engine's, and with HOIST_TEST_ENGINE=memory over the memory engine's.
#pragma once

#include <string_view>

namespace hoist::testing {

[[nodiscard]] bool over_memory_engine();

inline constexpr auto keeps_nothing =
    std::string_view{"The memory engine keeps nothing for a second process."};
inline constexpr auto cannot_be_asked =
    std::string_view{"A queue that cannot be asked for a message is trusted to keep it."};
inline constexpr auto has_no_joint_consumer =
    std::string_view{"The memory engine's queue is not in the database of the rows."};

}  // namespace hoist::testing

// For a test, or the SetUp() of several, about what only the embedded engine has.
#define SKIP_OVER_MEMORY_ENGINE(reason) \
  if (::hoist::testing::over_memory_engine()) GTEST_SKIP() << (reason)

// HOIST_ASSERT: a broken invariant is a bug; it ends the process in every build, because going on
// could acknowledge something false. Never for bad input: that is an Error.
#pragma once

#include <cstdio>
#include <cstdlib>

#define HOIST_ASSERT(condition)                                                              \
  do {                                                                                       \
    if (!(condition)) [[unlikely]] {                                                         \
      std::fprintf(stderr, "%s:%d: assertion failed: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                          \
    }                                                                                        \
  } while (false)

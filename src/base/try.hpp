// TRY(declaration, expression): unwraps a Result or returns its error.
// CHECK(expression): the same for Result<void>. CO_TRY and CO_CHECK are for coroutines.
// Together with HOIST_ASSERT these are the only macros.
#pragma once

#include <utility>

#include "base/error.hpp"

#define HOIST_CONCAT_INNER(a, b) a##b
#define HOIST_CONCAT(a, b) HOIST_CONCAT_INNER(a, b)

#define HOIST_TRY_IMPL(temporary, declaration, return_keyword, ...)               \
  auto temporary = (__VA_ARGS__);                                                 \
  if (!temporary) [[unlikely]]                                                    \
    return_keyword std::unexpected<::hoist::Error>{std::move(temporary).error()}; \
  declaration = *std::move(temporary)

#define TRY(declaration, ...) \
  HOIST_TRY_IMPL(HOIST_CONCAT(hoist_try_, __LINE__), declaration, return, __VA_ARGS__)
#define CO_TRY(declaration, ...) \
  HOIST_TRY_IMPL(HOIST_CONCAT(hoist_try_, __LINE__), declaration, co_return, __VA_ARGS__)

#define HOIST_CHECK_IMPL(return_keyword, ...)                                         \
  do {                                                                                \
    if (auto hoist_check = (__VA_ARGS__); !hoist_check) [[unlikely]]                  \
      return_keyword std::unexpected<::hoist::Error>{std::move(hoist_check).error()}; \
  } while (false)

#define CHECK(...) HOIST_CHECK_IMPL(return, __VA_ARGS__)
#define CO_CHECK(...) HOIST_CHECK_IMPL(co_return, __VA_ARGS__)

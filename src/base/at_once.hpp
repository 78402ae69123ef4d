// Several coroutines at once, as many as a width allows.
//
// Threads  all on the caller's executor, which is of one thread.
// Lifetime `work` is kept until its last call has ended, even where the caller has gone: it owns what it
// uses. Errors   the first one; then no other call is begun, and those that run are waited for. cancelled.
#pragma once

#include <cstddef>
#include <functional>

#include "base/async.hpp"

namespace hoist {

// Calls work(0) to work(count - 1), at most `width` of them at a time.
Async<> for_each_at_once(std::size_t count, std::size_t width, std::function<Async<>(std::size_t)> work);

}  // namespace hoist

// What engines and features have a host do beside its requests.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/periodic.hpp"

namespace hoist {

// Work that repeats while a server runs; see Periodic for how.
struct Job {
  std::string name;
  std::chrono::milliseconds every;
  Periodic::Job run;
};

// What an operator asks for: is everything as it should be? Beside a running server, too.
struct Check {
  std::string name;                                      // stands beside each of its problems
  std::function<Async<std::vector<std::string>>()> run;  // problems, in words
};

}  // namespace hoist

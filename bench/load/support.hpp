// What the load programs share: sockets to loopback, percentiles, clocks, options.
//
// They end with a message on any failure of their own: a number from a broken client is worth nothing.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

[[noreturn]] void die(std::string_view what);

double now_s();          // monotonic
double process_cpu_s();  // user and system time of this process

int connect_to(int port);
int listen_on(int port);

// --name value pairs; a name that is not in `defaults` ends the program.
using Options = std::map<std::string, std::string, std::less<>>;
Options parse_options(int count, char** arguments, Options defaults);
std::int64_t number(Options const& options, std::string_view name);

// The value that `share` of the sorted values do not exceed.
double percentile(std::vector<double>& values, double share);

// Bytes that no cache holds when they are next needed: callers rotate through them.
std::string random_bytes(std::size_t size);

}  // namespace bench

// The progress bar of `hoist put`, on standard error, and numbers as people read them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace hoist::cli {

[[nodiscard]] std::string human_bytes(std::int64_t bytes);       // "3.4 MB"
[[nodiscard]] std::string human_duration(std::int64_t seconds);  // "2 m 05 s"

[[nodiscard]] std::string short_time(std::string_view rfc3339);  // "2026-11-21T10:09:03Z"

// Text from elsewhere (file names, messages) with control characters and marks of direction made visible, so
// that it cannot move the cursor, colour the terminal or turn its words around.
[[nodiscard]] std::string printable(std::string_view text);

struct Counters {
  std::int64_t files_total = 0;
  std::int64_t files_sent = 0;   // uploaded or already there
  std::int64_t files_final = 0;  // nothing more will happen
  std::int64_t files_failed = 0;
  std::int64_t bytes_total = 0;
  std::int64_t bytes_sent = 0;
};

// "sending    [######..................]  25%  3/12 files, 1 failed  2.0 MB/s  15 s left": first the bytes
// fill the bar, then the files that the server is done with. `notice` takes the place of the pace (bytes a
// second).
[[nodiscard]] std::string progress_line(Counters const& counters, std::string_view phase,
                                        std::string_view notice, double bytes_rate);

class Progress {
 public:
  explicit Progress(bool shown);
  ~Progress();  // clears the line
  Progress(Progress const&) = delete;

  // `notice` says why nothing moves.
  void draw(Counters const& counters, std::string_view phase, std::string_view notice = {});
  void note(std::string const& line);  // a line of its own above the bar; shown even without a bar
  void clear();
  [[nodiscard]] bool shown() const { return shown_; }

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  double rate(std::int64_t bytes_sent);

  bool shown_;
  bool drawn_ = false;
  SteadyTime sampled_at_;
  std::int64_t sampled_bytes_ = 0;
  double rate_ = 0;  // bytes a second, smoothed
};

}  // namespace hoist::cli

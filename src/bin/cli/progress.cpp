#include "bin/cli/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <sys/ioctl.h>
#include <unistd.h>

namespace hoist::cli {
namespace {

constexpr auto sample_every = std::chrono::milliseconds{500};
constexpr auto smoothing = 0.3;
constexpr auto bar_cells = 24;

// A guess of days is no information.
std::string time_left(double seconds) {
  constexpr auto told_max = 24.0 * 3'600;
  return seconds > told_max ? std::string{} : fmt::format("  {} left", human_duration(std::llround(seconds)));
}

int terminal_columns() {
  auto size = winsize{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string bar(double share) {
  auto const full = std::clamp(static_cast<int>(share * bar_cells), 0, bar_cells);
  return std::string(static_cast<std::size_t>(full), '#') +
         std::string(static_cast<std::size_t>(bar_cells - full), '.');
}

// U+200E, U+200F, U+202A to U+202E and U+2066 to U+2069 turn the direction of what follows.
std::string_view direction_mark(std::string_view text) {
  static constexpr auto marks =
      std::array<std::string_view, 11>{"\u200E", "\u200F", "\u202A", "\u202B", "\u202C", "\u202D",
                                       "\u202E", "\u2066", "\u2067", "\u2068", "\u2069"};
  static constexpr auto names =
      std::array<std::string_view, 11>{"\\u200e", "\\u200f", "\\u202a", "\\u202b", "\\u202c", "\\u202d",
                                       "\\u202e", "\\u2066", "\\u2067", "\\u2068", "\\u2069"};
  for (std::size_t i = 0; i < marks.size(); ++i)
    if (text.starts_with(marks[i])) return names[i];
  return {};
}

}  // namespace

std::string human_bytes(std::int64_t bytes) {
  constexpr auto units = std::to_array<std::string_view>({"B", "kB", "MB", "GB", "TB"});
  auto value = static_cast<double>(bytes);
  auto unit = std::size_t{0};
  while (value >= 999.5 && unit + 1 < units.size()) {
    value /= 1'000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes)
                   : fmt::format("{:.{}f} {}", value, value < 99.95 ? 1 : 0, units[unit]);
}

std::string human_duration(std::int64_t seconds) {
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3'600) return fmt::format("{} m {:02} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {:02} m", seconds / 3'600, seconds / 60 % 60);
}

// The server's times are UTC; without the letter no reader would know.
std::string short_time(std::string_view rfc3339) {
  constexpr auto to_the_second = 19;
  return rfc3339.empty() ? std::string{} : std::string{rfc3339.substr(0, to_the_second)} + "Z";
}

std::string printable(std::string_view text) {
  auto out = std::string{};
  for (auto index = std::size_t{0}; index < text.size(); ++index) {
    auto const byte = static_cast<unsigned char>(text[index]);
    auto const next = index + 1 < text.size() ? static_cast<unsigned char>(text[index + 1]) : 0;
    auto const c1_control = byte == 0xC2 && next >= 0x80 && next < 0xA0;
    if (byte < 0x20 || byte == 0x7F)
      out += fmt::format("\\x{:02x}", byte);
    else if (c1_control)
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[++index]));
    else if (auto const mark = direction_mark(text.substr(index)); !mark.empty()) {
      out += mark;
      index += 2;  // of its three bytes
    } else
      out += text[index];
  }
  return out;
}

Progress::Progress(bool shown) : shown_{shown}, sampled_at_{std::chrono::steady_clock::now()} {}

Progress::~Progress() {
  clear();
}

double Progress::rate(std::int64_t bytes_sent) {
  auto const now = std::chrono::steady_clock::now();
  if (now - sampled_at_ >= sample_every) {
    auto const seconds = std::chrono::duration<double>(now - sampled_at_).count();
    auto const latest = std::max(0.0, static_cast<double>(bytes_sent - sampled_bytes_) / seconds);
    rate_ = rate_ == 0 ? latest : smoothing * latest + (1 - smoothing) * rate_;
    sampled_at_ = now;
    sampled_bytes_ = bytes_sent;
  }
  return rate_;
}

std::string progress_line(Counters const& counters, std::string_view phase, std::string_view notice,
                          double bytes_rate) {
  auto const left = counters.bytes_total - counters.bytes_sent;
  // Uploading fills the bar first; what remains is the server's work on the files.
  auto const sending = left > 0;
  auto const share =
      sending ? static_cast<double>(counters.bytes_sent) / static_cast<double>(counters.bytes_total)
              : static_cast<double>(counters.files_final) /
                    static_cast<double>(std::max<std::int64_t>(1, counters.files_total));
  auto line = fmt::format("{:<10} [{}] {:>3.0f}%  {}/{} files", phase, bar(share), share * 100,
                          sending ? counters.files_sent : counters.files_final, counters.files_total);
  if (counters.files_failed > 0) line += fmt::format(", {} failed", counters.files_failed);
  if (!notice.empty())
    line += fmt::format("  {}", notice);
  else if (sending && bytes_rate >= 1)
    line += fmt::format("  {}/s{}", human_bytes(static_cast<std::int64_t>(bytes_rate)),
                        time_left(static_cast<double>(left) / bytes_rate));
  return line;
}

void Progress::draw(Counters const& counters, std::string_view phase, std::string_view notice) {
  if (!shown_) return;
  auto line = progress_line(counters, phase, notice, rate(counters.bytes_sent));
  line.resize(std::min(line.size(), static_cast<std::size_t>(terminal_columns() - 1)));
  fmt::print(stderr, "\r{}\x1b[K", line);
  std::fflush(stderr);
  drawn_ = true;
}

void Progress::note(std::string const& line) {
  clear();
  fmt::print(stderr, "{}\n", printable(line));
}

void Progress::clear() {
  if (!drawn_) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
  drawn_ = false;
}

}  // namespace hoist::cli

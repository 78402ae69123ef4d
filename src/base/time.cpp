#include "base/time.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <ctime>

#include "base/try.hpp"

namespace hoist {
namespace {

constexpr std::array<std::string_view, 7> weekdays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::unexpected<Error> not_a_time(std::string_view text) {
  return fail(Code::invalid, fmt::format("\"{}\" is not an ISO 8601 time, such as 2026-11-20T18:25:43Z",
                                         text.substr(0, 40)));
}

// Reads exactly `digits` decimal digits at the front of `rest`.
bool take_number(std::string_view& rest, std::size_t digits, int& value) {
  if (rest.size() < digits) return false;
  value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (rest[i] < '0' || rest[i] > '9') return false;
    value = value * 10 + (rest[i] - '0');
  }
  rest.remove_prefix(digits);
  return true;
}

bool take(std::string_view& rest, char wanted) {
  if (rest.empty() || rest.front() != wanted) return false;
  rest.remove_prefix(1);
  return true;
}

bool take_fraction(std::string_view& rest, std::int64_t& micros) {
  auto digits = 0;
  for (; !rest.empty() && rest.front() >= '0' && rest.front() <= '9'; ++digits) {
    if (digits < 6) micros = micros * 10 + (rest.front() - '0');
    rest.remove_prefix(1);
  }
  for (auto filled = digits; filled < 6; ++filled) micros *= 10;
  return digits >= 1 && digits <= 9;
}

// "Z" or "+hh:mm"; the result is what must be added to reach UTC.
bool take_offset(std::string_view& rest, std::chrono::minutes& to_utc) {
  if (take(rest, 'Z') || take(rest, 'z')) return true;
  auto const east = !rest.empty() && rest.front() == '+';
  if (!take(rest, '+') && !take(rest, '-')) return false;
  int hours = 0;
  int minutes = 0;
  if (!take_number(rest, 2, hours) || !take(rest, ':') || !take_number(rest, 2, minutes)) return false;
  if (hours > 23 || minutes > 59) return false;
  to_utc = std::chrono::minutes{(hours * 60 + minutes) * (east ? -1 : 1)};
  return true;
}

struct Civil {
  std::chrono::year_month_day date;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

Civil to_civil(Time time) {
  auto const day = std::chrono::floor<std::chrono::days>(time);
  auto const clock = std::chrono::hh_mm_ss{std::chrono::floor<std::chrono::seconds>(time - day)};
  return {std::chrono::year_month_day{day}, static_cast<int>(clock.hours().count()),
          static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count())};
}

bool from_civil(int year, int month, int day, int hour, int minute, int second, Time& out) {
  auto const date = std::chrono::year{year} / std::chrono::month{static_cast<unsigned>(month)} /
                    std::chrono::day{static_cast<unsigned>(day)};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return false;
  out = std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
        std::chrono::seconds{second};
  return true;
}

}  // namespace

Time SystemClock::now() const {
  return std::chrono::floor<Micros>(std::chrono::system_clock::now());
}

// Written digit by digit: a page of uploads shows hundreds of times.
std::string to_rfc3339(Time time) {
  auto const civil = to_civil(time);
  auto const micros = (time - std::chrono::floor<std::chrono::seconds>(time)).count();
  auto text = std::string{"0000-00-00T00:00:00.000000Z"};
  auto const put = [&](std::size_t end, std::int64_t number) {
    for (; number > 0; number /= 10) text[--end] = static_cast<char>('0' + number % 10);
  };
  put(4, static_cast<int>(civil.date.year()) % 10'000);
  put(7, static_cast<unsigned>(civil.date.month()));
  put(10, static_cast<unsigned>(civil.date.day()));
  put(13, civil.hour);
  put(16, civil.minute);
  put(19, civil.second);
  put(26, micros);
  return text;
}

namespace {

struct Written {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  std::int64_t micros = 0;
  std::chrono::minutes to_utc{0};
};

Result<Time> to_time(Written const& written, std::string_view text) {
  Time time;
  if (!from_civil(written.year, written.month, written.day, written.hour, written.minute, written.second,
                  time))
    return not_a_time(text);
  time += written.to_utc + Micros{written.micros};
  auto const utc = to_civil(time).date.year();
  if (utc < std::chrono::year{1} || utc > std::chrono::year{9999})
    return not_a_time(text);  // cannot be written
  return time;
}

// "2026-11-20" or "20261120"; `extended` tells which, since a clock must be written like its date.
bool take_date(std::string_view& rest, Written& written, bool& extended) {
  if (!take_number(rest, 4, written.year)) return false;
  extended = take(rest, '-');
  return take_number(rest, 2, written.month) && (!extended || take(rest, '-')) &&
         take_number(rest, 2, written.day);
}

// "18:25", "18:25:43" or "18:25:43.5", or the same without colons.
bool take_clock(std::string_view& rest, Written& written, bool extended) {
  if (!take_number(rest, 2, written.hour) || (extended && !take(rest, ':')) ||
      !take_number(rest, 2, written.minute))
    return false;
  auto const has_seconds =
      extended ? take(rest, ':') : !rest.empty() && rest.front() >= '0' && rest.front() <= '9';
  if (!has_seconds) return true;
  if (!take_number(rest, 2, written.second)) return false;
  return (!take(rest, '.') && !take(rest, ',')) || take_fraction(rest, written.micros);
}

// "Z", "+05:30", "+0530" or "+05".
bool take_iso_offset(std::string_view& rest, std::chrono::minutes& to_utc) {
  auto const short_form = rest.size() == 3 || (rest.size() == 5 && !rest.contains(':'));
  if (!short_form) return take_offset(rest, to_utc);
  auto full = std::string{rest.substr(0, 3)} + ":" + (rest.size() == 5 ? std::string{rest.substr(3)} : "00");
  auto view = std::string_view{full};
  rest = {};
  return take_offset(view, to_utc) && view.empty();
}

// RFC 3339 is the part of ISO 8601 that leaves nothing out: every field, every separator, an offset.
bool is_complete(std::string_view text) {
  constexpr auto shortest = std::string_view{"2026-11-20T18:25:43Z"}.size();
  if (text.size() < shortest || text[4] != '-' || text[16] != ':' || text.contains(',')) return false;
  return text.back() == 'Z' || text.back() == 'z' || text[text.size() - 3] == ':';
}

}  // namespace

Result<Time> parse_rfc3339(std::string_view text) {
  return is_complete(text) ? parse_iso8601(text) : Result<Time>{not_a_time(text)};
}

Result<Time> parse_iso8601(std::string_view text) {
  auto rest = text;
  auto written = Written{};
  auto extended = false;
  if (!take_date(rest, written, extended)) return not_a_time(text);
  if (rest.empty()) return to_time(written, text);
  auto const has_clock =
      (take(rest, 'T') || take(rest, 't') || take(rest, ' ')) && take_clock(rest, written, extended);
  if (!has_clock) return not_a_time(text);
  if (!rest.empty() && (!take_iso_offset(rest, written.to_utc) || !rest.empty())) return not_a_time(text);
  return to_time(written, text);
}

std::string to_http_date(Time time) {
  auto const civil = to_civil(time);
  auto const weekday = std::chrono::weekday{std::chrono::floor<std::chrono::days>(time)};
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", weekdays[weekday.c_encoding()],
                     static_cast<unsigned>(civil.date.day()),
                     months[static_cast<unsigned>(civil.date.month()) - 1],
                     static_cast<int>(civil.date.year()), civil.hour, civil.minute, civil.second);
}

Result<Time> parse_http_date(std::string_view text) {
  auto const bad = [&] { return fail(Code::invalid, "not an HTTP date"); };
  auto rest = text;
  if (rest.size() < 5) return bad();
  rest.remove_prefix(3);
  int day = 0, year = 0, hour = 0, minute = 0, second = 0;
  if (!take(rest, ',') || !take(rest, ' ') || !take_number(rest, 2, day) || !take(rest, ' ')) return bad();
  int month = 0;
  for (std::size_t i = 0; i < months.size(); ++i)
    if (rest.starts_with(months[i])) month = static_cast<int>(i) + 1;
  if (month == 0) return bad();
  rest.remove_prefix(3);
  auto const ok = take(rest, ' ') && take_number(rest, 4, year) && take(rest, ' ') &&
                  take_number(rest, 2, hour) && take(rest, ':') && take_number(rest, 2, minute) &&
                  take(rest, ':') && take_number(rest, 2, second) && rest == " GMT";
  Time time;
  if (!ok || !from_civil(year, month, day, hour, minute, second, time)) return bad();
  return time;
}

}  // namespace hoist

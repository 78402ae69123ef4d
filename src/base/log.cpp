#include "base/log.hpp"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "base/json.hpp"
#include "base/time.hpp"

namespace hoist::log {
namespace {

constexpr std::size_t queued_lines_max = 8192;

std::atomic<Format> output_format{Format::text};
std::atomic<Level> lowest{Level::info};

std::string_view name_of(Level level) {
  switch (level) {
    case Level::debug: return "debug";
    case Level::info: return "info";
    case Level::warn: return "warn";
    case Level::error: return "error";
  }
  return "error";
}

spdlog::logger& sink() {
  static auto const logger = [] {
    spdlog::init_thread_pool(queued_lines_max, 1);
    auto made = std::make_shared<spdlog::async_logger>(
        "hoist", std::make_shared<spdlog::sinks::stderr_sink_mt>(), spdlog::thread_pool(),
        spdlog::async_overflow_policy::overrun_oldest);
    made->set_pattern("%v");
    made->set_level(spdlog::level::trace);
    spdlog::flush_every(std::chrono::seconds{1});
    spdlog::register_logger(made);
    return made;
  }();
  return *logger;
}

// User text may hold line breaks and terminal escapes; a log line may not.
void append_printable(std::string& line, std::string_view text) {
  auto const plain = text.find_first_of(" \"=") == text.npos && !text.empty();
  if (!plain) line += '"';
  for (auto const c : text) {
    auto const byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      (line += '\\') += c;
    else if (byte < 0x20 || byte == 0x7F)
      line += fmt::format("\\x{:02x}", byte);
    else
      line += c;
  }
  if (!plain) line += '"';
}

std::string as_text(Level level, std::string_view message, std::initializer_list<Field> fields) {
  auto line = fmt::format("{} {:<5} {}", to_rfc3339(SystemClock{}.now()), name_of(level), message);
  for (auto const& field : fields) {
    ((line += ' ') += field.name) += '=';
    append_printable(line, field.value);
  }
  return line;
}

std::string as_json(Level level, std::string_view message, std::initializer_list<Field> fields) {
  auto object = json::object{};
  object["time"] = to_rfc3339(SystemClock{}.now());
  object["level"] = json::string{name_of(level)};
  object["message"] = json::string{message};
  for (auto const& field : fields) object[json::string_view{field.name}] = field.value;
  return json::serialize(object);
}

std::string formatted(Level level, std::string_view message, std::initializer_list<Field> fields) {
  return output_format.load(std::memory_order_relaxed) == Format::json ? as_json(level, message, fields)
                                                                       : as_text(level, message, fields);
}

}  // namespace

void configure(Level level, Format format) {
  lowest = level;
  output_format = format;
}

void fatal(std::string_view message, std::initializer_list<Field> fields) {
  auto const line = formatted(Level::error, message, fields) + "\n";
  // A line that waits for the background thread would be lost with the process.
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fflush(stderr);
  std::abort();
}

bool enabled(Level level) {
  return level >= lowest.load(std::memory_order_relaxed);
}

void write(Level level, std::string_view message, std::initializer_list<Field> fields) {
  if (!enabled(level)) return;
  sink().log(spdlog::level::info, formatted(level, message, fields));
  if (level >= Level::error) sink().flush();
}

}  // namespace hoist::log

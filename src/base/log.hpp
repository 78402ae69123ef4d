// Structured log: one line per event, as text for people or JSON for machines.
// Threads  any; lines are written by a background thread and are capped in number, never blocking.
// Rule     no secrets: tokens, signatures and presigned query strings are never passed in.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace hoist::log {

enum class Level { debug, info, warn, error };
enum class Format { text, json };

struct Field {
  std::string_view name;
  std::string value;
};

// Call once at start; before that, lines go to standard error as text.
void configure(Level level, Format format);
// Writes the line itself, past the queue of the others, and ends the process: for what must not go on.
[[noreturn]] void fatal(std::string_view message, std::initializer_list<Field> fields = {});

[[nodiscard]] bool enabled(Level level);
void write(Level level, std::string_view message, std::initializer_list<Field> fields);

inline void debug(std::string_view message, std::initializer_list<Field> fields = {}) {
  if (enabled(Level::debug)) write(Level::debug, message, fields);
}
inline void info(std::string_view message, std::initializer_list<Field> fields = {}) {
  if (enabled(Level::info)) write(Level::info, message, fields);
}
inline void warn(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::warn, message, fields);
}
inline void error(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::error, message, fields);
}

}  // namespace hoist::log

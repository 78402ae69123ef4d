#include "bin/cli/sse.hpp"

namespace hoist::cli {

void SseParser::feed(std::string_view bytes) {
  rest_ += bytes;
  auto begin = std::size_t{0};
  for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', begin)) {
    auto line = std::string_view{rest_}.substr(begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    take_line(line);
    begin = end + 1;
  }
  rest_.erase(0, begin);
}

void SseParser::take_line(std::string_view line) {
  if (line.empty()) {
    if (!event_.data.empty()) {
      if (event_.type.empty()) event_.type = "message";
      on_event_(event_);
    }
    event_.type.clear();
    event_.data.clear();
    return;
  }
  auto const colon = line.find(':');
  auto const name = line.substr(0, colon);
  auto value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "id") event_.id = value;
  if (name == "event") event_.type = value;
  if (name == "data") {
    if (!event_.data.empty()) event_.data += '\n';
    event_.data += value;
  }
}

}  // namespace hoist::cli

// Reads a stream of server-sent events piece by piece.
// Source  https://html.spec.whatwg.org/multipage/server-sent-events.html
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace hoist::cli {

struct SseEvent {
  std::string id;
  std::string type;  // "message" when the stream names none
  std::string data;
};

class SseParser {
 public:
  explicit SseParser(std::function<void(SseEvent const&)> on_event) : on_event_{std::move(on_event)} {}
  void feed(std::string_view bytes);

 private:
  void take_line(std::string_view line);

  std::function<void(SseEvent const&)> on_event_;
  std::string rest_;  // an unfinished line
  SseEvent event_;
};

}  // namespace hoist::cli

// A double of Lambda's Runtime API, which keeps to its documented rules and can break them on demand.
// Source   "Using the Lambda runtime API", version 2018-06-01.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "support/http_double.hpp"

namespace hoist::testing {

// Hands out its events one by one, and then ends the process as a host that goes away does: by a 500.
class RuntimeDouble {
 public:
  struct Event {
    std::string id;
    std::string body = "{}";
    std::chrono::milliseconds lasts{3'000};
    int answer_status = 202;
  };
  explicit RuntimeDouble(std::deque<Event> events) : events_{std::move(events)} {}
  [[nodiscard]] std::string api() const { return server_.authority(); }

  // "id response: body" and "id error: body" in order.
  [[nodiscard]] std::vector<std::string> told() const {
    auto const lock = Lock{mutex_};
    return told_;
  }

 private:
  net::Response answer(net::Request const& request) {
    constexpr auto base = std::string_view{"/2018-06-01/runtime/"};
    auto const lock = Lock{mutex_};
    if (!request.target.starts_with(base)) return net::text_response(404, "");
    auto path = std::string_view{request.target}.substr(base.size());
    if (path == "invocation/next") return next();
    if (path == "init/error") {
      told_.push_back("init error: " + request.body);
      return net::json_text_response(202, "{}");
    }
    path.remove_prefix(sizeof("invocation/") - 1);
    auto const slash = path.find('/');
    auto const id = std::string{path.substr(0, slash)};
    told_.push_back(id + " " + std::string{path.substr(slash + 1)} + ": " + request.body);
    if (path.substr(slash + 1) == "error") return net::json_text_response(202, "{}");
    return net::json_text_response(given_ && given_->id == id ? given_->answer_status : 400, "{}");
  }
  net::Response next() HOIST_REQUIRES(mutex_) {
    if (events_.empty()) return net::text_response(500, "the host ends");
    given_ = events_.front();
    events_.pop_front();
    auto response = net::json_text_response(200, given_->body);
    auto const ends = SystemClock{}.now() + given_->lasts;
    response.headers.set("Lambda-Runtime-Aws-Request-Id", given_->id);
    response.headers.set("Lambda-Runtime-Deadline-Ms", std::to_string(to_us(ends) / 1'000));
    response.headers.set("Lambda-Runtime-Trace-Id", "Root=1-x");
    return response;
  }

  mutable Mutex mutex_;
  std::deque<Event> events_ HOIST_GUARDED_BY(mutex_);
  std::optional<Event> given_ HOIST_GUARDED_BY(mutex_);
  std::vector<std::string> told_ HOIST_GUARDED_BY(mutex_);
  HttpDouble server_{[this](net::Request const& request) { return answer(request); }};
};

}  // namespace hoist::testing

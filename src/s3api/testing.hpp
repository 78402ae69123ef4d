// A client for the tests: signs requests as an SDK would and hands them to the handler directly.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "adapters/memory/objects.hpp"
#include "aws/sigv4.hpp"
#include "base/encode.hpp"
#include "base/hash.hpp"
#include "s3api/s3api.hpp"
#include "support/text_source.hpp"

namespace hoist::s3api::testing {

inline constexpr auto region = "us-east-1";
inline constexpr auto secret = "0123456789abcdefghijklmnopqrstuvwxyzABCD";
inline constexpr auto part_bytes_min = std::int64_t{5};

struct Sent {
  std::string method = "GET";
  std::string path;  // decoded
  aws::Pairs query;
  aws::Pairs headers;
  std::string body;
  std::size_t piece = SIZE_MAX;
  bool has_length = true;
};

struct Got {
  int status = 0;
  net::Headers headers;
  std::string body;
  bool complete = true;  // false: the stream broke
  [[nodiscard]] std::string code() const {
    auto const from = body.find("<Code>");
    return from == body.npos ? "" : body.substr(from + 6, body.find("</Code>") - from - 6);
  }
};

class Client {
 public:
  explicit Client(Options options = {.region = region, .cors_origins = {"https://app.example.com"}},
                  std::vector<AccessKey> keys = {{"AKID", secret, {}}})
      : keys_{*AccessKeys::make(std::move(keys))},
        api_{store_, keys_, std::move(options), clock_, metrics_} {}

  [[nodiscard]] aws::Signer signer() const { return aws::Signer{{"AKID", secret}, region}; }
  [[nodiscard]] memory::Objects& store() { return store_; }
  [[nodiscard]] ManualClock& clock() { return clock_; }
  [[nodiscard]] Metrics& metrics() { return metrics_; }
  [[nodiscard]] std::string stored(std::string key) const { return store_.bytes({"bucket", std::move(key)}); }

  // Adds host and the header form of authentication.
  [[nodiscard]] Sent sign(Sent sent, std::string payload_hash = "") const {
    if (payload_hash.empty()) payload_hash = hex(sha256(sent.body));
    sent.headers.emplace_back("Host", "localhost");
    auto const added =
        signer().sign({sent.method, sent.path, sent.query, sent.headers}, payload_hash, clock_.now());
    sent.headers.insert(sent.headers.end(), added.begin(), added.end());
    return sent;
  }
  Got call(Sent sent) { return raw(sign(std::move(sent))); }

  // What a URL and the headers that go with it make of a request.
  [[nodiscard]] std::string presign(std::string method, std::string key,
                                    std::map<std::string, std::string> headers = {},
                                    std::map<std::string, std::string> query = {},
                                    std::chrono::seconds lifetime = std::chrono::seconds{900}) const {
    auto const path = "/bucket/" + key;
    return signer().presign({method, "", "localhost", path, headers, query, lifetime}, clock_.now());
  }
  Got url(std::string method, std::string target, aws::Pairs headers = {}, std::string body = {}) {
    headers.emplace_back("Host", "localhost");
    return raw_target(std::move(method), std::move(target), std::move(headers), std::move(body));
  }

  Got raw(Sent const& sent) {
    auto request = net::Request{};
    request.method = sent.method;
    request.path = sent.path;
    request.query = sent.query;
    for (auto const& [name, value] : sent.headers) request.headers.add(name, value);
    auto const length = std::string{trim(request.headers.get("content-length"))};
    if (sent.has_length) request.content_length = length.empty() ? std::ssize(sent.body) : std::stoll(length);
    request.stream = std::make_shared<hoist::testing::TextSource>(sent.body, sent.piece);
    return handle(std::move(request));
  }

  // As the server would read it; a broken escape is refused there.
  Got raw_target(std::string method, std::string const& target, aws::Pairs headers, std::string body) {
    auto sent = Sent{.method = std::move(method), .path = {}, .query = {}, .headers = std::move(headers)};
    sent.body = std::move(body);
    auto refused = Got{};
    refused.status = 400;
    auto const question = target.find('?');
    auto const path = percent_decode(target.substr(0, question));
    if (!path) return refused;
    sent.path = *path;
    auto rest = question == target.npos ? std::string_view{} : std::string_view{target}.substr(question + 1);
    while (!rest.empty()) {
      auto const item = rest.substr(0, rest.find('&'));
      rest.remove_prefix(std::min(rest.size(), item.size() + 1));
      if (item.empty()) continue;
      auto const equals = item.find('=');
      auto const name = percent_decode(item.substr(0, equals));
      auto const value = percent_decode(equals == item.npos ? std::string_view{} : item.substr(equals + 1));
      if (!name || !value) return refused;
      sent.query.emplace_back(*name, *value);
    }
    return raw(sent);
  }

 private:
  Got handle(net::Request request) {
    request.request_id = "test";
    request.deadline = deadline_in(std::chrono::seconds{30});
    auto got = Got{};
    static_cast<void>(run_to_end<void>([&]() -> Async<> {
      auto response = co_await api_.handle(request);
      got.status = response.status;
      got.headers = response.headers;
      got.body = response.body;
      if (response.stream) {
        auto buffer = std::array<char, 777>{};
        while (true) {
          auto const count = co_await response.stream->read(buffer);
          got.complete = count.has_value();
          if (!count || *count == 0) break;
          got.body.append(buffer.data(), *count);
        }
      }
      co_return Result<void>{};
    }));
    return got;
  }

  ManualClock clock_;
  Metrics metrics_;
  memory::Objects store_{{"bucket", "other"}, clock_, part_bytes_min};
  AccessKeys keys_;
  S3Api api_;
};

// A client and the calls that tests make with it.
class Calls : public ::testing::Test {
 protected:
  Got put(std::string key, std::string body, aws::Pairs headers = {}) {
    return client_.call({.method = "PUT",
                         .path = "/bucket/" + key,
                         .query = {},
                         .headers = std::move(headers),
                         .body = std::move(body)});
  }
  Got get(std::string key, aws::Pairs headers = {}, aws::Pairs query = {}) {
    return client_.call({.method = "GET",
                         .path = "/bucket/" + key,
                         .query = std::move(query),
                         .headers = std::move(headers)});
  }
  Got send(std::string method, std::string path, aws::Pairs query = {}, std::string body = {},
           aws::Pairs headers = {}) {
    return client_.call({.method = std::move(method),
                         .path = std::move(path),
                         .query = std::move(query),
                         .headers = std::move(headers),
                         .body = std::move(body)});
  }
  static std::string error_of(Got const& got) { return std::to_string(got.status) + " " + got.code(); }
  Client client_;
};

// The text between <name> and </name>.
inline std::string element(std::string_view xml, std::string const& name) {
  auto const from = xml.find("<" + name + ">");
  if (from == xml.npos) return {};
  auto const start = from + name.size() + 2;
  return std::string{xml.substr(start, xml.find("</" + name + ">", start) - start)};
}

}  // namespace hoist::s3api::testing

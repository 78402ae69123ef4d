// A response as bytes of HTTP/1.1. Pure functions.
// Source   RFC 9112 section 6 (message body length), RFC 9110 section 8.6.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/message.hpp"

namespace hoist::net {

struct WireRequest {  // what of the request shapes the response
  bool head = false;
  int minor_version = 1;
  bool keep_alive = true;
  bool tls = false;
  std::string_view request_id;
  std::string_view date;  // IMF-fixdate
};

enum class BodyForm : std::uint8_t { none, fixed, chunked, until_close };

// Appends the status line and all fields with the empty line.
BodyForm append_head(std::string& out, Response const& response, WireRequest const& request);
void append_chunk_head(std::string& out, std::size_t bytes);

[[nodiscard]] std::string_view reason_phrase(int status);

}  // namespace hoist::net

// Reads the head of a request so strictly that no other party could read it differently.
//
// Threads  any; pure functions over bytes, without a socket, so that a fuzzer can drive them.
// Errors   a Refusal: the status to answer with before the connection is closed.
// Invariants  an admitted head has exactly one framing: a Content-Length, chunked, or no body.
// Source   RFC 9112 sections 2, 3, 5, 6 and 11.2 (request smuggling). Where the RFC lets a server
//          be lenient (bare LF, folding, absolute-form, lists of equal lengths) this one is not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>
#include <vector>

namespace hoist::net {

struct HeadLimits {
  std::size_t target_bytes_max = 8 * 1024;
  std::size_t fields_max = 100;
};

struct Refusal {
  int status = 400;
  std::string_view reason;  // a sentence for the caller
};

// Views into the bytes it was admitted from.
struct Head {
  struct Field {
    std::string_view name;
    std::string_view value;
  };
  std::string_view method;
  std::string_view target;
  int minor_version = 1;
  std::vector<Field> fields;

  std::optional<std::int64_t> content_length;
  bool chunked = false;
  bool keep_alive = true;
  bool expect_continue = false;
  bool upgrade = false;  // Connection: upgrade

  [[nodiscard]] std::string_view get(std::string_view lower_case_name) const;
  [[nodiscard]] bool has_body() const { return chunked || content_length.value_or(0) > 0; }
};

// The offset behind the empty line that ends the head; 0 while it has not arrived. `scanned` bytes
// were seen before without an end.
[[nodiscard]] std::expected<std::size_t, Refusal> find_head_end(std::string_view bytes, std::size_t scanned,
                                                                HeadLimits const& limits);

// `bytes` is one whole head with its empty line. `head` is reused between calls.
[[nodiscard]] std::expected<void, Refusal> admit(std::string_view bytes, HeadLimits const& limits,
                                                 Head& head);

[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);
// Is `token` one of the comma separated items of `list`?
[[nodiscard]] bool lists_token(std::string_view list, std::string_view token);

}  // namespace hoist::net

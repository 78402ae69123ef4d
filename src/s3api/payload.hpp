// The body of a request: what its headers promise, and taking it in while holding it to them.
//
// Promise  transfer() succeeds only when every byte, length, hash, checksum and chunk signature is as
//          promised; until then the receiver must keep nothing.
// Errors   MissingContentLength, IncompleteBody, BadDigest, InvalidDigest, InvalidRequest,
//          XAmzContentSHA256Mismatch, SignatureDoesNotMatch, MalformedTrailerError, EntityTooLarge.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "s3api/call.hpp"
#include "s3api/checksum.hpp"

namespace hoist::s3api {

inline constexpr std::size_t transfer_buffer_bytes = 256 * 1024;

struct Expected {
  ChecksumKind kind;
  std::string raw;          // empty: arrives as trailer
  std::string_view header;  // that promised it, as refusals name it
};

struct Payload {
  enum class Framing { plain, chunked_unsigned, chunked_signed };
  Framing framing = Framing::plain;
  bool trailers = false;
  std::int64_t bytes = 0;  // of content
  std::string sha256_hex;  // promised by x-amz-content-sha256; empty: none
  std::vector<Expected> expected;
  std::string trailer_name;              // lower case; empty: none announced
  std::optional<ChecksumKind> computed;  // though the client promised none
};

// Which checksum, if any, the body brings along to be kept.
[[nodiscard]] std::optional<ChecksumKind> kept_checksum(Payload const& payload);

// Whose checksum an x-amz-checksum-* header is: that of the body, or, when a multipart upload is
// completed, that of the object.
enum class ChecksumOf { body, object };

[[nodiscard]] Result<Payload> plan_payload(Call const& call, std::int64_t bytes_max,
                                           ChecksumOf of = ChecksumOf::body);

using Sink = std::move_only_function<Async<>(std::string_view)>;

// The algorithm of an x-amz-checksum-ALGORITHM header in lower case; empty for those that say something
// else (-algorithm, -type, -mode) and for other headers. Errors: InvalidRequest for one not known.
[[nodiscard]] Result<std::optional<ChecksumKind>> checksum_header(std::string_view lower_name);
// Errors: InvalidRequest naming the header.
[[nodiscard]] Result<std::string> parse_digest(ChecksumKind kind, std::string_view text);

// Answers the verified x-amz-checksum-* values, base64 by name ("crc32c").
Async<StringMap> transfer(Call const& call, Payload const& payload, Sink& sink);

// A small body as text.
Async<std::string> read_text(Call const& call, std::size_t bytes_max, ChecksumOf of = ChecksumOf::body);

}  // namespace hoist::s3api

// Takes the aws-chunked framing off a body, verifying each chunk's signature where there is one.
//
//   hex-size [";chunk-signature=" 64 hex] CRLF bytes CRLF ... 0 [...] CRLF trailer lines CRLF
//
// Errors   InvalidRequest or IncompleteBody for broken framing, SignatureDoesNotMatch, and
//          MalformedTrailerError. After an error the parser must not be used.
// Bounds   lines of line_bytes_max, trailers_max trailer lines; never more bytes than declared.
// Source   AWS Signature Version 4 for Amazon S3, chunked uploads with and without trailers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "aws/chunk_signer.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"

namespace hoist::s3api {

class AwsChunkedParser {
 public:
  static constexpr std::size_t line_bytes_max = 1024;
  static constexpr std::size_t trailers_max = 8;

  struct Options {
    std::int64_t decoded_bytes = 0;              // x-amz-decoded-content-length
    std::optional<aws::ChunkSigner> signatures;  // absent: the stream is unsigned
    bool trailers = false;                       // announced by x-amz-content-sha256
  };
  explicit AwsChunkedParser(Options options);

  struct Step {
    std::size_t consumed = 0;
    std::string_view bytes;  // decoded, inside the input; may be empty
  };
  // Takes what it can from the front of `input`; call again with the rest until all is consumed.
  [[nodiscard]] Result<Step> step(std::string_view input);
  // The body has ended.
  [[nodiscard]] Result<void> finish();
  [[nodiscard]] std::map<std::string, std::string> const& trailers() const { return trailers_; }

 private:
  enum class State { size_line, bytes, bytes_end, trailer_line, done };
  [[nodiscard]] Result<void> take_line();
  [[nodiscard]] Result<void> take_size(std::string_view line);
  [[nodiscard]] Result<void> take_trailer(std::string_view line);
  [[nodiscard]] Result<void> end_chunk();
  [[nodiscard]] Result<void> end_trailers();

  Options options_;
  State state_ = State::size_line;
  std::string line_;
  bool line_feed_ = false;  // the trailer before ended in LF, and its CRLF has to follow
  std::int64_t left_ = 0;   // of the chunk
  std::int64_t total_ = 0;
  bool last_chunk_ = false;
  std::string signature_;  // as sent, of the chunk or the trailers
  std::optional<Hasher> hasher_;
  std::map<std::string, std::string> trailers_;
  std::string canonical_trailers_;
};

}  // namespace hoist::s3api

// Reads multipart/form-data as it arrives: small fields into memory, the file piece by piece.
//
// Bounds   fields_max fields of form_bytes_max together, part headers of part_header_bytes_max.
// Errors   MalformedPOSTRequest.
// Source   RFC 7578, RFC 2046 section 5.1.1.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "net/message.hpp"

namespace hoist::s3api {

class FormReader {
 public:
  static constexpr std::size_t form_bytes_max = 64 * 1024;
  static constexpr std::size_t part_header_bytes_max = 4 * 1024;
  static constexpr std::size_t fields_max = 100;

  // The boundary of a Content-Type, if it is a form's.
  static Result<std::string> boundary_of(std::string_view content_type);
  FormReader(net::BodySource& source, std::string_view boundary);

  struct Field {
    std::string name;  // lower case
    std::optional<std::string> filename;
    std::string content_type;
  };
  // The next part, or nothing after the last. What is left of the part before must have been read.
  Async<std::optional<Field>> next();
  Async<std::string> read_value(std::size_t bytes_max);
  // A piece of the part, valid until the next call; empty at its end.
  Async<std::string_view> read_piece();

 private:
  Async<bool> fill();  // false: the body has ended
  Async<std::string> read_headers();

  net::BodySource& source_;
  std::string delimiter_;  // CRLF and the boundary
  std::string buffer_;
  std::size_t given_ = 0;  // of the buffer, by the last read_piece()
};

}  // namespace hoist::s3api

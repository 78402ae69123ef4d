#include "s3api/form_reader.hpp"

#include <array>

#include "base/encode.hpp"
#include "base/try.hpp"

namespace hoist::s3api {
namespace {

constexpr std::size_t read_bytes = 16 * 1024;  // before it is known who sends

std::unexpected<Error> malformed() {
  return fail(
      Error{Code::invalid, "The body of your POST request is not well-formed multipart/form-data."}.with_slug(
          "MalformedPOSTRequest"));
}

// The value of `name` among "; name=value; name=\"value\"", quotes off.
std::optional<std::string> parameter(std::string_view header, std::string_view name) {
  auto at = header.find(';');
  while (at != header.npos) {
    auto rest = trim(header.substr(at + 1));
    auto const equals = rest.find('=');
    if (equals == rest.npos) return std::nullopt;
    auto const key = to_lower(trim(rest.substr(0, equals)));
    rest = rest.substr(equals + 1);
    auto value = std::string{};
    auto used = std::size_t{0};
    if (rest.starts_with('"')) {
      for (used = 1; used < rest.size() && rest[used] != '"'; ++used) {
        // Browsers escape a quote as %22; older clients use a backslash.
        if (rest[used] == '\\' && used + 1 < rest.size() && rest[used + 1] == '"') ++used;
        value += rest[used];
      }
      if (used >= rest.size()) return std::nullopt;
    } else {
      used = std::min(rest.find(';'), rest.size());
      value = trim(rest.substr(0, used));
    }
    if (key == name) return value;
    header = rest.substr(used);
    at = header.find(';');
  }
  return std::nullopt;
}

}  // namespace

Result<std::string> FormReader::boundary_of(std::string_view content_type) {
  auto const good = to_lower(content_type).starts_with("multipart/form-data");
  auto const boundary = good ? parameter(content_type, "boundary") : std::nullopt;
  if (!boundary || boundary->empty() || boundary->size() > 70) return malformed();
  return *boundary;
}

FormReader::FormReader(net::BodySource& source, std::string_view boundary)
    : source_{source}, delimiter_{"\r\n--" + std::string{boundary}}, buffer_{"\r\n"} {}

Async<bool> FormReader::fill() {
  auto const before = buffer_.size();
  buffer_.resize(before + read_bytes);
  auto const count = co_await source_.read({buffer_.data() + before, read_bytes});
  buffer_.resize(before + count.value_or(0));
  if (!count) co_return std::unexpected{count.error()};
  co_return *count > 0;
}

Async<std::string> FormReader::read_headers() {
  while (true) {
    auto const end = buffer_.find("\r\n\r\n");
    if (end != buffer_.npos && end <= part_header_bytes_max) {
      auto headers = buffer_.substr(0, end + 2);
      buffer_.erase(0, end + 4);
      co_return headers;
    }
    if (buffer_.size() > part_header_bytes_max) co_return malformed();
    CO_TRY(auto const more, co_await fill());
    if (!more) co_return malformed();
  }
}

Async<std::optional<FormReader::Field>> FormReader::next() {
  // The buffer stands at a delimiter: read_piece() stops there, and so does the body's first line.
  while (buffer_.size() < delimiter_.size() + 2) {
    CO_TRY(auto const more, co_await fill());
    if (!more) co_return malformed();
  }
  if (!buffer_.starts_with(delimiter_)) co_return malformed();
  buffer_.erase(0, delimiter_.size());
  if (buffer_.starts_with("--")) co_return std::optional<Field>{};
  if (!buffer_.starts_with("\r\n")) co_return malformed();
  CO_TRY(auto headers, co_await read_headers());
  auto field = Field{};
  auto rest = std::string_view{headers};
  rest.remove_prefix(2);
  while (!rest.empty()) {
    auto const end = rest.find("\r\n");
    auto const line = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    auto const colon = line.find(':');
    if (colon == line.npos) co_return malformed();
    auto const name = to_lower(trim(line.substr(0, colon)));
    auto const value = trim(line.substr(colon + 1));
    if (name == "content-type") field.content_type = value;
    if (name != "content-disposition") continue;
    auto const field_name = parameter(value, "name");
    if (!field_name) co_return malformed();
    field.name = to_lower(*field_name);
    field.filename = parameter(value, "filename");
  }
  if (field.name.empty()) co_return malformed();
  co_return std::optional{std::move(field)};
}

Async<std::string_view> FormReader::read_piece() {
  buffer_.erase(0, given_);
  given_ = 0;
  while (true) {
    auto const end = buffer_.find(delimiter_);
    // What might be the beginning of a delimiter waits for more.
    auto const safe = end != buffer_.npos                  ? end
                      : buffer_.size() > delimiter_.size() ? buffer_.size() - delimiter_.size()
                                                           : 0;
    if (safe > 0) {
      given_ = safe;
      co_return std::string_view{buffer_}.substr(0, safe);
    }
    if (end == 0) co_return std::string_view{};
    CO_TRY(auto const more, co_await fill());
    if (!more) co_return malformed();
  }
}

Async<std::string> FormReader::read_value(std::size_t bytes_max) {
  auto value = std::string{};
  while (true) {
    CO_TRY(auto const piece, co_await read_piece());
    if (piece.empty()) co_return value;
    if (value.size() + piece.size() > bytes_max)
      co_return fail(Error{Code::invalid, "The fields before the file are too large."}.with_slug(
          "MaxPostPreDataLengthExceeded"));
    value += piece;
  }
}

}  // namespace hoist::s3api

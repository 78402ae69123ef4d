#include "s3api/aws_chunked.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/encode.hpp"
#include "base/try.hpp"

namespace hoist::s3api {
namespace {

constexpr std::string_view signature_label = ";chunk-signature=";
constexpr std::string_view trailer_signature_name = "x-amz-trailer-signature";

std::unexpected<Error> broken(std::string detail) {
  return fail(Error{Code::invalid, std::move(detail)}.with_slug("InvalidRequest"));
}
std::unexpected<Error> incomplete() {
  return fail(Error{Code::invalid, "The body has not the number of bytes its headers promise."}.with_slug(
      "IncompleteBody"));
}
std::unexpected<Error> bad_trailer(std::string detail) {
  return fail(Error{Code::invalid, std::move(detail)}.with_slug("MalformedTrailerError"));
}
std::unexpected<Error> bad_signature() {
  return fail(Error{Code::forbidden, "The signature of a chunk does not match its bytes."}.with_slug(
      "SignatureDoesNotMatch"));
}

}  // namespace

AwsChunkedParser::AwsChunkedParser(Options options) : options_{std::move(options)} {}

Result<AwsChunkedParser::Step> AwsChunkedParser::step(std::string_view input) {
  if (input.empty()) return Step{};
  if (state_ == State::done) return broken("There are bytes after the end of the chunked body.");
  if (state_ == State::bytes) {
    auto const count = std::min<std::int64_t>(left_, static_cast<std::int64_t>(input.size()));
    auto const bytes = input.substr(0, static_cast<std::size_t>(count));
    if (hasher_) hasher_->update(bytes);
    left_ -= count;
    total_ += count;
    if (left_ == 0) state_ = State::bytes_end;
    return Step{bytes.size(), bytes};
  }
  auto const end = input.find('\n');
  auto const piece = input.substr(0, end);
  line_ += piece;
  if (line_.size() > line_bytes_max) return broken("A line of the chunked body is too long.");
  if (end == input.npos) return Step{input.size(), {}};
  CHECK(take_line());
  return Step{end + 1, {}};
}

Result<void> AwsChunkedParser::take_line() {
  auto line = std::string{};
  std::swap(line, line_);
  if (!line.ends_with('\r')) {
    // As in AWS's own examples, which minio-go follows: a trailer ends in LF, and then its line in CRLF.
    if (state_ != State::trailer_line || line.empty() || line_feed_)
      return broken("A line of the chunked body does not end in CRLF.");
    line_feed_ = true;
    return take_trailer(line);
  }
  line.pop_back();
  if (std::exchange(line_feed_, false))
    return line.empty() ? Result<void>{} : bad_trailer("A trailer goes on behind its line feed.");
  switch (state_) {
    case State::size_line: return take_size(line);
    case State::bytes_end:
      if (!line.empty()) return broken("A chunk is longer than its size says.");
      return end_chunk();
    default: return take_trailer(line);
  }
}

Result<void> AwsChunkedParser::take_size(std::string_view line) {
  auto const label = line.find(signature_label);
  auto const digits = line.substr(0, label);
  auto size = std::uint64_t{0};
  auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size())
    return broken("A chunk's size is not a hexadecimal number.");
  if (size > static_cast<std::uint64_t>(options_.decoded_bytes - total_)) return incomplete();
  if (options_.signatures.has_value() != (label != line.npos))
    return broken("Either every chunk is signed or none is, as x-amz-content-sha256 says.");
  if (options_.signatures) {
    signature_ = line.substr(label + signature_label.size());
    hasher_.emplace(Hasher::Algorithm::sha256);
  }
  left_ = static_cast<std::int64_t>(size);
  last_chunk_ = size == 0;
  if (!last_chunk_) {
    state_ = State::bytes;
    return {};
  }
  // Without trailers the last chunk is followed by the empty line that would end them.
  return end_chunk();
}

Result<void> AwsChunkedParser::end_chunk() {
  state_ = last_chunk_ ? State::trailer_line : State::size_line;
  if (!options_.signatures) return {};
  auto const due = options_.signatures->next_chunk(hex(hasher_->finish()));
  return equal_constant_time(due, signature_) ? Result<void>{} : bad_signature();
}

Result<void> AwsChunkedParser::take_trailer(std::string_view line) {
  if (line.empty()) {
    state_ = State::done;
    return end_trailers();
  }
  auto const colon = line.find(':');
  if (!options_.trailers || colon == line.npos || trailers_.size() >= trailers_max)
    return bad_trailer("The trailer is not well formed or was not announced.");
  auto const name = to_lower(trim(line.substr(0, colon)));
  auto const value = std::string{trim(line.substr(colon + 1))};
  if (!trailers_.emplace(name, value).second) return bad_trailer("A trailer is repeated.");
  if (name != trailer_signature_name) canonical_trailers_ += name + ":" + value + "\n";
  return {};
}

Result<void> AwsChunkedParser::end_trailers() {
  if (total_ != options_.decoded_bytes) return incomplete();
  auto const given = trailers_.extract(std::string{trailer_signature_name});
  if (!options_.signatures || !options_.trailers) {
    if (given) return bad_trailer("An unsigned stream has no trailer signature.");
    return {};
  }
  if (!given) return bad_signature();
  return equal_constant_time(options_.signatures->trailer(canonical_trailers_), given.mapped())
             ? Result<void>{}
             : bad_signature();
}

Result<void> AwsChunkedParser::finish() {
  if (state_ == State::done) return {};
  // Some clients leave the last CRLF out.
  if (state_ != State::trailer_line) return incomplete();
  if (!line_.empty()) {
    if (line_.ends_with('\r')) line_.pop_back();
    CHECK(take_trailer(line_));
  }
  state_ = State::done;
  return end_trailers();
}

}  // namespace hoist::s3api

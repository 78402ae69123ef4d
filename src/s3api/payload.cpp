#include "s3api/payload.hpp"

#include <algorithm>
#include <cstring>
#include <span>

#include "base/encode.hpp"
#include "base/try.hpp"
#include "s3api/aws_chunked.hpp"

namespace hoist::s3api {
namespace {

constexpr std::string_view checksum_prefix = "x-amz-checksum-";
constexpr auto first_buffer_bytes = net::BodyBudget::free_bytes;
constexpr std::string_view content_md5 = "Content-MD5";

std::unexpected<Error> incomplete() {
  return fail(Error{Code::invalid, "The body has not the number of bytes its headers promise."}.with_slug(
      "IncompleteBody"));
}
std::unexpected<Error> bad_digest(std::string_view name) {
  return fail(
      Error{Code::invalid, "The " + std::string{name} + " you specified did not match what was received."}
          .with_slug("BadDigest"));
}

Result<void> plan_framing(Call const& call, Payload& payload) {
  auto const& hash = call.authorization.payload_hash;
  if (hash == "STREAMING-UNSIGNED-PAYLOAD-TRAILER") {
    payload.framing = Payload::Framing::chunked_unsigned;
    payload.trailers = true;
  } else if (hash == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD") {
    payload.framing = Payload::Framing::chunked_signed;
  } else if (hash == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER") {
    payload.framing = Payload::Framing::chunked_signed;
    payload.trailers = true;
  } else if (hash.starts_with("STREAMING-")) {
    return not_implemented("This form of x-amz-content-sha256 is not supported.");
  } else if (hash != aws::unsigned_payload) {
    auto const digest = unhex(hash);
    if (!digest || digest->size() != digest_bytes(ChecksumKind::sha256))
      return invalid_argument(
          "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a streaming form or a SHA-256 in hex.");
    payload.sha256_hex = hash;
  }
  return {};
}

Result<void> plan_length(Call const& call, std::int64_t bytes_max, Payload& payload) {
  auto const missing = [] {
    return fail(Code::length_required, "You must provide the Content-Length HTTP header.");
  };
  if (payload.framing == Payload::Framing::plain) {
    if (!call.request.content_length) return missing();
    payload.bytes = *call.request.content_length;
  } else {
    auto const decoded = parse_number(call.header("x-amz-decoded-content-length"));
    if (!decoded || *decoded < 0) return missing();
    payload.bytes = *decoded;
  }
  if (payload.bytes > bytes_max)
    return fail(Code::too_large, "Your proposed upload exceeds the maximum allowed object size.");
  return {};
}

// The headers of the protocol, or their copies that presigners put into the query.
Result<void> plan_checksums(Call const& call, Payload& payload) {
  for (auto const& [name, value] : call.request.headers.all()) {
    auto const lower = to_lower(name);
    TRY(auto const kind, checksum_header(lower));
    if (!kind) continue;
    TRY(auto raw, parse_digest(*kind, value));
    payload.expected.push_back(Expected{*kind, std::move(raw), name_of(*kind)});
  }
  for (auto const& [name, value] : call.request.query) {
    auto const lower = to_lower(name);
    TRY(auto const kind, checksum_header(lower));
    if (!kind) continue;
    TRY(auto raw, parse_digest(*kind, value));
    // SDKs sign the checksum of an empty body into URLs made before the body is known.
    if (raw != checksum_of(*kind, ""))
      payload.expected.push_back(Expected{*kind, std::move(raw), name_of(*kind)});
  }
  auto const trailer = to_lower(call.header("x-amz-trailer"));
  if (!trailer.empty()) {
    if (!payload.trailers) return invalid_request("x-amz-trailer needs a streaming form with trailers.");
    auto const kind = trailer.starts_with(checksum_prefix)
                          ? parse_checksum(trailer.substr(checksum_prefix.size()))
                          : std::nullopt;
    if (!kind) return invalid_request("The value specified in the x-amz-trailer header is not supported");
    payload.expected.push_back(Expected{*kind, {}, name_of(*kind)});
    payload.trailer_name = trailer;
  }
  if (payload.expected.size() > 1) return invalid_request("Expecting a single x-amz-checksum- header.");
  return {};
}

Result<void> check_named_algorithm(Call const& call, Payload const& payload) {
  auto const named = call.header("x-amz-sdk-checksum-algorithm");
  if (named.empty() || payload.expected.empty()) return {};
  if (parse_checksum(named) == payload.expected[0].kind) return {};
  return invalid_request("x-amz-sdk-checksum-algorithm does not agree with the checksum sent.");
}

Result<void> plan_md5(Call const& call, Payload& payload) {
  if (!call.request.headers.has("content-md5")) return {};
  auto raw = unbase64(call.header("content-md5"));
  if (!raw || raw->size() != digest_bytes(ChecksumKind::md5))
    return fail(
        Error{Code::invalid, "The Content-MD5 you specified is not valid."}.with_slug("InvalidDigest"));
  payload.expected.push_back(Expected{ChecksumKind::md5, *std::move(raw), content_md5});
  return {};
}

// Runs everything that has to be computed over the content.
class Watcher {
 public:
  explicit Watcher(Payload const& payload) : payload_{payload} {
    if (!payload.sha256_hex.empty()) sha256_.emplace(Hasher::Algorithm::sha256);
    for (auto const& expected : payload.expected) checksums_.emplace_back(expected.kind);
    if (payload.computed) checksums_.emplace_back(*payload.computed);
  }

  void update(std::string_view bytes) {
    total_ += static_cast<std::int64_t>(bytes.size());
    if (sha256_) sha256_->update(bytes);
    for (auto& checksum : checksums_) checksum.update(bytes);
  }

  Result<StringMap> finish(std::map<std::string, std::string> const& trailers) {
    if (total_ != payload_.bytes) return incomplete();
    if (sha256_ && hex(sha256_->finish()) != payload_.sha256_hex)
      return fail(
          Error{Code::invalid, "The provided 'x-amz-content-sha256' header does not match what was computed."}
              .with_slug("XAmzContentSHA256Mismatch"));
    for (auto const& [name, value] : trailers)
      if (name != payload_.trailer_name)
        return fail(Error{Code::invalid, "The trailer is not the one x-amz-trailer announced."}.with_slug(
            "MalformedTrailerError"));
    auto verified = StringMap{};
    for (std::size_t i = 0; i < payload_.expected.size(); ++i) {
      auto expected = payload_.expected[i];
      if (expected.raw.empty()) {
        auto const trailer = trailers.find(payload_.trailer_name);
        if (trailer == trailers.end()) return incomplete();
        TRY(expected.raw, parse_digest(expected.kind, trailer->second));
      }
      auto const computed = checksums_[i].finish();
      if (computed != expected.raw) return bad_digest(expected.header);
      if (expected.header != content_md5) verified.emplace(name_of(expected.kind), base64(computed));
    }
    if (payload_.computed) verified.emplace(name_of(*payload_.computed), base64(checksums_.back().finish()));
    return verified;
  }

 private:
  Payload const& payload_;
  std::optional<Hasher> sha256_;
  std::vector<Checksum> checksums_;
  std::int64_t total_ = 0;
};

std::optional<AwsChunkedParser> make_parser(Call const& call, Payload const& payload) {
  if (payload.framing == Payload::Framing::plain) return std::nullopt;
  auto options = AwsChunkedParser::Options{};
  options.decoded_bytes = payload.bytes;
  options.trailers = payload.trailers;
  auto const& authorization = call.authorization;
  if (payload.framing == Payload::Framing::chunked_signed)
    options.signatures.emplace(call.signing_key, authorization.date, authorization.scope.str(),
                               authorization.signature);
  return AwsChunkedParser{std::move(options)};
}

// Takes the framing off what has arrived, in place: many small chunks become one piece.
Result<std::string_view> unframe(AwsChunkedParser& parser, std::span<char> arrived) {
  auto rest = std::string_view{arrived.data(), arrived.size()};
  auto kept = std::size_t{0};
  while (!rest.empty()) {
    TRY(auto const step, parser.step(rest));
    if (!step.bytes.empty()) std::memmove(arrived.data() + kept, step.bytes.data(), step.bytes.size());
    kept += step.bytes.size();
    rest.remove_prefix(step.consumed);
  }
  return std::string_view{arrived.data(), kept};
}

// A reader that fills its buffer gets a larger one while there is memory for it; without, it is only
// slower.
void widen(std::vector<char>& buffer, Call const& call) {
  auto const size = net::grown(buffer.size(), transfer_buffer_bytes);
  if (size > buffer.size() && call.memory->grow(size)) buffer.resize(size);
}

}  // namespace

Result<Payload> plan_payload(Call const& call, std::int64_t bytes_max, ChecksumOf of) {
  auto payload = Payload{};
  CHECK(plan_framing(call, payload));
  CHECK(plan_length(call, bytes_max, payload));
  if (of == ChecksumOf::body) CHECK(plan_checksums(call, payload));
  CHECK(check_named_algorithm(call, payload));
  CHECK(plan_md5(call, payload));
  return payload;
}

Result<std::optional<ChecksumKind>> checksum_header(std::string_view lower_name) {
  auto const none = std::optional<ChecksumKind>{};
  if (!lower_name.starts_with(checksum_prefix)) return none;
  auto const algorithm = lower_name.substr(checksum_prefix.size());
  if (algorithm == "algorithm" || algorithm == "type" || algorithm == "mode") return none;
  if (auto const kind = parse_checksum(algorithm)) return kind;
  return invalid_request("The checksum of " + std::string{lower_name} + " is not supported.");
}

Result<std::string> parse_digest(ChecksumKind kind, std::string_view text) {
  auto raw = unbase64(text);
  if (raw && raw->size() == digest_bytes(kind)) return *std::move(raw);
  return invalid_request("Value for x-amz-checksum-" + std::string{name_of(kind)} + " header is invalid.");
}

std::optional<ChecksumKind> kept_checksum(Payload const& payload) {
  for (auto const& expected : payload.expected)
    if (expected.header != content_md5) return expected.kind;
  return std::nullopt;
}

Async<StringMap> transfer(Call const& call, Payload const& payload, Sink& sink) {
  auto watcher = Watcher{payload};
  auto parser = make_parser(call, payload);
  auto buffer = std::vector<char>(first_buffer_bytes);
  while (call.request.stream) {
    CO_TRY(auto const count, co_await call.request.stream->read(buffer));
    if (count == 0) break;
    auto bytes = std::string_view{buffer.data(), count};
    if (parser) {
      CO_TRY(bytes, unframe(*parser, std::span{buffer}.first(count)));
    }
    watcher.update(bytes);
    if (!bytes.empty()) CO_CHECK(co_await sink(bytes));
    if (count == buffer.size()) widen(buffer, call);
  }
  if (!parser) co_return watcher.finish({});
  CO_CHECK(parser->finish());
  co_return watcher.finish(parser->trailers());
}

Async<std::string> read_text(Call const& call, std::size_t bytes_max, ChecksumOf of) {
  CO_TRY(auto const payload, plan_payload(call, static_cast<std::int64_t>(bytes_max), of));
  auto text = std::string{};
  auto sink = Sink{[&text, &call](std::string_view bytes) -> Async<> {
    CO_CHECK(call.memory->grow(text.size() + bytes.size()));
    text += bytes;
    co_return Result<void>{};
  }};
  CO_CHECK(co_await transfer(call, payload, sink));
  co_return text;
}

}  // namespace hoist::s3api

#include "adapters/s3/objects.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/s3/object_headers.hpp"
#include "adapters/s3/reader.hpp"
#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/try.hpp"

namespace hoist::s3 {

aws::CallOptions default_calls() {
  auto calls = aws::CallOptions{};
  calls.attempt_timeout = std::chrono::seconds{30};  // a piece over a slow network
  calls.answer_bytes_max = std::size_t{2} * piece_bytes;
  return calls;
}

Result<std::unique_ptr<Objects>> Objects::open(Options const& options, aws::Account& account,
                                               aws::CallOptions calls) {
  TRY(auto address, Address::parse(options.endpoint, options.path_style));
  return std::unique_ptr<Objects>{new Objects{std::move(address), options.region, account, std::move(calls)}};
}

Async<> Objects::check_bucket(std::string bucket, Deadline deadline) {
  auto const ref = ObjectRef{bucket, {}};
  auto const answer = co_await client_.send({.method = "HEAD"}, ref, "HeadBucket", "ListBucket", deadline);
  if (answer) co_return Result<void>{};
  co_return fail(Error{answer.error().code(), fmt::format("the bucket {} cannot be used", bucket)}.with_cause(
      answer.error().to_string()));
}

Async<> Objects::put(ObjectRef ref, std::string bytes, PutOptions options, Deadline deadline) {
  auto call = aws::HttpCall{.method = "PUT"};
  call.headers = headers_of(options);
  for (auto& header : headers_of(options.conditions)) call.headers.push_back(std::move(header));
  call.headers.emplace_back("x-amz-checksum-sha256", base64(sha256(bytes)));
  call.body = std::move(bytes);
  CO_CHECK(co_await client_.send(std::move(call), std::move(ref), "PutObject", "PutObject", deadline));
  co_return Result<void>{};
}

Async<ObjectInfo> Objects::head(ObjectRef ref, Deadline deadline) {
  auto call = aws::HttpCall{.method = "HEAD"};
  call.headers = {{"x-amz-checksum-mode", "ENABLED"}};
  CO_TRY(auto const answer, co_await client_.send(std::move(call), ref, "HeadObject", "GetObject", deadline));
  auto info = read_headers(ref, answer.headers);
  auto const tagged = answer.headers.get("x-amz-tagging-count");
  if (!tagged.empty() && tagged != "0") {
    CO_TRY(info.tags, co_await tags_of(ref, deadline));
  }
  co_return info;
}

Async<StringMap> Objects::tags_of(ObjectRef ref, Deadline deadline) {
  auto call = aws::HttpCall{.method = "GET"};
  call.query = {{"tagging", ""}};
  CO_TRY(auto const answer,
         co_await client_.send(std::move(call), ref, "GetObjectTagging", "GetObjectTagging", deadline));
  CO_TRY(auto const document, parse_answer(answer.body, "Tagging"));
  auto tags = StringMap{};
  for (auto const tag : document->document_element().child("TagSet").children("Tag"))
    tags.emplace(tag.child_value("Key"), tag.child_value("Value"));
  co_return tags;
}

Async<std::unique_ptr<ObjectReader>> Objects::open(ObjectRef ref, std::optional<ByteRange> range,
                                                   Deadline deadline) {
  CO_TRY(auto info, co_await head(ref, deadline));
  if (range && (range->first > range->last || range->first >= info.size))
    co_return fail(Code::range_unsatisfiable, "The requested range is not satisfiable.");
  if (range) range->last = std::min(range->last, info.size - 1);
  if (!range && info.size > 0) range = ByteRange{0, info.size - 1};
  co_return std::make_unique<Reader>(client_, std::move(info), range, deadline);
}

Async<> Objects::remove(ObjectRef ref, Deadline deadline) {
  auto const answer =
      co_await client_.send({.method = "DELETE"}, std::move(ref), "DeleteObject", "DeleteObject", deadline);
  if (!answer && answer.error().code() != Code::not_found) co_return std::unexpected{answer.error()};
  co_return Result<void>{};
}

Async<ObjectInfo> Objects::copy(ObjectRef from, ObjectRef to, CopyOptions options, Deadline deadline) {
  auto call = aws::HttpCall{.method = "PUT", .hides_errors = true};
  if (options.put) {
    call.headers = headers_of(*options.put);
    for (auto& header : headers_of(options.put->conditions)) call.headers.push_back(std::move(header));
    call.headers.emplace_back("x-amz-metadata-directive", "REPLACE");
    call.headers.emplace_back("x-amz-tagging-directive", "REPLACE");
  }
  call.headers.emplace_back("x-amz-copy-source", percent_encode(from.bucket + "/" + from.key, true));
  if (!options.version.empty())
    call.headers.emplace_back("x-amz-copy-source-if-match", '"' + options.version + '"');
  auto const answer = co_await client_.send(std::move(call), to, "CopyObject", "PutObject", deadline);
  if (!answer && !options.version.empty() && answer.error().code() == Code::precondition)
    co_return fail(Code::conflict, "Another version has taken the object's place.");
  if (!answer) co_return std::unexpected{answer.error()};
  co_return co_await head(std::move(to), deadline);
}

}  // namespace hoist::s3

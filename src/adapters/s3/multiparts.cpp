#include <fmt/format.h>

#include "adapters/s3/object_headers.hpp"
#include "adapters/s3/objects.hpp"
#include "base/encode.hpp"
#include "base/try.hpp"

namespace hoist::s3 {

Async<std::string> Objects::create_multipart(ObjectRef ref, PutOptions options, Deadline deadline) {
  auto call = aws::HttpCall{.method = "POST"};
  call.query = {{"uploads", ""}};
  call.headers = headers_of(options);
  CO_TRY(auto const answer, co_await client_.send(std::move(call), std::move(ref), "CreateMultipartUpload",
                                                  "PutObject", deadline));
  CO_TRY(auto const document, parse_answer(answer.body, "InitiateMultipartUploadResult"));
  co_return std::string{document->document_element().child_value("UploadId")};
}

Async<std::vector<PartInfo>> Objects::list_parts(ObjectRef ref, std::string upload_id, int after, int limit,
                                                 Deadline deadline) {
  auto call = aws::HttpCall{.method = "GET"};
  call.query = {{"uploadId", std::move(upload_id)},
                {"part-number-marker", std::to_string(after)},
                {"max-parts", std::to_string(limit)}};
  CO_TRY(auto const answer, co_await client_.send(std::move(call), std::move(ref), "ListParts",
                                                  "ListMultipartUploadParts", deadline));
  CO_TRY(auto const document, parse_answer(answer.body, "ListPartsResult"));
  auto parts = std::vector<PartInfo>{};
  for (auto const found : document->document_element().children("Part")) {
    auto part = PartInfo{};
    part.number = found.child("PartNumber").text().as_int();
    part.size = found.child("Size").text().as_llong();
    part.etag = unquoted(found.child_value("ETag"));
    if (auto const time = parse_rfc3339(found.child_value("LastModified"))) part.modified_at = *time;
    parts.push_back(std::move(part));
  }
  co_return parts;
}

// The request may have been carried out although its answer was lost, and is then repeated in vain.
Async<ObjectInfo> Objects::assemble(ObjectRef ref, std::string upload_id, std::vector<PartInfo> parts,
                                    Deadline deadline) {
  auto call = aws::HttpCall{.method = "POST", .hides_errors = true};
  call.query = {{"uploadId", std::move(upload_id)}};
  call.headers = {{"content-type", "application/xml"}, {"if-none-match", "*"}};
  call.body = R"(<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">)";
  for (auto const& part : parts)
    call.body +=
        fmt::format("<Part><PartNumber>{}</PartNumber><ETag>\"{}\"</ETag></Part>", part.number, part.etag);
  call.body += "</CompleteMultipartUpload>";
  CO_CHECK(co_await client_.send(std::move(call), ref, "CompleteMultipartUpload", "PutObject", deadline));
  co_return co_await head(std::move(ref), deadline);
}

Async<> Objects::abort_multipart(ObjectRef ref, std::string upload_id, Deadline deadline) {
  auto call = aws::HttpCall{.method = "DELETE"};
  call.query = {{"uploadId", std::move(upload_id)}};
  CO_CHECK(co_await client_.send(std::move(call), std::move(ref), "AbortMultipartUpload",
                                 "AbortMultipartUpload", deadline));
  co_return Result<void>{};
}

}  // namespace hoist::s3

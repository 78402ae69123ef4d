#include "adapters/s3/client.hpp"

#include "base/try.hpp"

namespace hoist::s3 {
namespace {

std::unexpected<Error> no_fault_of_the_caller(Error const& error) {
  switch (error.code()) {
    case Code::not_found:
    case Code::precondition:
    case Code::range_unsatisfiable:
    case Code::unavailable:
    case Code::timeout:
    case Code::cancelled: return fail(error);
    default:
      return fail(Error{Code::unavailable, "A service of the cloud did not do what was asked."}.with_cause(
          error.to_string()));
  }
}

}  // namespace

Async<net::Response> Client::send(aws::HttpCall call, ObjectRef ref, std::string action, std::string right,
                                  Deadline deadline) {
  call.origin = address_.origin(ref.bucket);
  call.path = address_.path(ref);
  auto about = aws::CallAbout{std::move(action), std::move(right), ref.bucket};
  auto answer = co_await caller_.send(std::move(call), std::move(about), deadline);
  if (!answer) co_return no_fault_of_the_caller(answer.error());
  co_return answer;
}

Result<std::unique_ptr<pugi::xml_document>> parse_answer(std::string const& xml, std::string_view root) {
  auto document = std::make_unique<pugi::xml_document>();
  if (document->load_buffer(xml.data(), xml.size()) && document->document_element().name() == root)
    return document;
  return fail(Error{Code::unavailable, "A service of the cloud answered nonsense."}.with_cause(
      "S3 sent no " + std::string{root}));
}

}  // namespace hoist::s3

#include "adapters/s3/notification.hpp"

#include <algorithm>

#include "base/encode.hpp"
#include "base/json_members.hpp"
#include "base/try.hpp"

namespace hoist::s3 {
namespace {

constexpr auto detail_types = {"Object Created", "Object Deleted"};

std::unexpected<Error> neither() {
  return fail(Code::invalid, "The body is neither a notification of S3 nor an event of EventBridge.");
}

Result<std::string> form_decoded(std::string_view text) {
  auto spaced = std::string{text};
  std::ranges::replace(spaced, '+', ' ');
  auto decoded = percent_decode(spaced);
  if (!decoded) return neither();
  return *std::move(decoded);
}

Result<ObjectRef> read_record(json::value const& record) {
  if (!record.is_object()) return neither();
  auto const s3 = object_of(record.get_object(), "s3");
  auto ref = ObjectRef{std::string{text_of(object_of(s3, "bucket"), "name")}, {}};
  TRY(ref.key, form_decoded(text_of(object_of(s3, "object"), "key")));
  if (ref.bucket.empty() || ref.key.empty()) return neither();
  return ref;
}

Result<std::vector<ObjectRef>> read_event(json::object const& event) {
  if (std::ranges::find(detail_types, text_of(event, "detail-type")) == detail_types.end())
    return std::vector<ObjectRef>{};  // such as a change of storage class
  auto const detail = object_of(event, "detail");
  auto ref = ObjectRef{std::string{text_of(object_of(detail, "bucket"), "name")},
                       std::string{text_of(object_of(detail, "object"), "key")}};
  if (ref.bucket.empty() || ref.key.empty()) return neither();
  return std::vector{std::move(ref)};
}

}  // namespace

Result<std::vector<ObjectRef>> parse_notification(std::string_view text) {
  auto const parsed = parse_json(text);
  if (!parsed || !parsed->is_object()) return neither();
  auto const& body = parsed->get_object();
  if (text_of(body, "source") == "aws.s3") return read_event(body);
  if (text_of(body, "Event") == "s3:TestEvent") return std::vector<ObjectRef>{};
  auto const* records = body.if_contains("Records");
  if (records == nullptr || !records->is_array()) return neither();
  auto refs = std::vector<ObjectRef>{};
  for (auto const& record : records->get_array()) {
    TRY(auto ref, read_record(record));
    refs.push_back(std::move(ref));
  }
  return refs;
}

}  // namespace hoist::s3

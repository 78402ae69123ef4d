#include "s3api/conditions.hpp"

#include <algorithm>

#include "base/encode.hpp"
#include "base/try.hpp"

namespace hoist::s3api {
namespace {

// Is the ETag among those of the header?
bool lists(std::string_view header, std::string_view etag) {
  while (!header.empty()) {
    auto const item = header.substr(0, header.find(','));
    header.remove_prefix(std::min(header.size(), item.size() + 1));
    auto text = trim(item);
    if (text.starts_with("W/")) text.remove_prefix(2);
    if (text == "*" || unquoted(text) == etag) return true;
  }
  return false;
}

// The protocol shows times in whole seconds, so that is what it compares.
auto seconds_of(Time time) {
  return std::chrono::floor<std::chrono::seconds>(time);
}

// RFC 9110 has a reader's date that is none passed over; the protocol's own headers are held to theirs.
Result<std::optional<Time>> read_since(Call const& call, std::string const& name) {
  auto const text = call.header(name);
  if (text.empty()) return std::optional<Time>{};
  auto time = parse_time(name, text);
  if (time) return std::optional{*time};
  if (!name.starts_with("x-amz-")) return std::optional<Time>{};
  return std::unexpected{time.error()};
}

}  // namespace

std::unexpected<Error> precondition_failed() {
  return fail(Code::precondition, "At least one of the preconditions you specified did not hold.");
}

Result<bool> weigh_conditions(Call const& call, std::string_view prefix, ObjectInfo const& info) {
  auto const modified = seconds_of(info.modified_at);
  auto const header = [&](char const* name) { return call.header(std::string{prefix} + name); };
  TRY(auto const unmodified_since, read_since(call, std::string{prefix} + "if-unmodified-since"));
  TRY(auto const modified_since, read_since(call, std::string{prefix} + "if-modified-since"));
  if (auto const match = header("if-match"); !match.empty()) {
    if (!lists(match, info.etag)) return precondition_failed();
  } else if (unmodified_since && modified > *unmodified_since) {
    return precondition_failed();
  }
  if (auto const none = header("if-none-match"); !none.empty()) return lists(none, info.etag);
  return modified_since && modified <= *modified_since;
}

Result<WriteConditions> read_conditions(Call const& call) {
  if (call.request.headers.has("if-unmodified-since"))
    return not_implemented("If-Unmodified-Since is not supported on writes; use If-Match.");
  auto conditions = WriteConditions{};
  for (auto const& [name, into] :
       {std::pair{"if-match", &conditions.if_match}, std::pair{"if-none-match", &conditions.if_none_match}}) {
    auto const value = trim(call.header(name));
    if (value.contains(','))
      return not_implemented("The header " + std::string{name} + " takes one ETag on writes.");
    if (!value.empty()) *into = unquoted(value);
  }
  return conditions;
}

Result<Time> parse_time(std::string_view field, std::string_view text) {
  if (auto const time = parse_http_date(text)) return *time;
  if (auto const time = parse_rfc3339(text)) return *time;
  return invalid_argument(std::string{field} + " is not a time.");
}

Result<DeleteConditions> parse_delete_conditions(std::string etag, std::string_view size,
                                                 std::string_view modified) {
  auto conditions = DeleteConditions{};
  conditions.if_match = std::move(etag);
  if (!size.empty()) {
    conditions.size = parse_number(size);
    if (!conditions.size) return invalid_argument("The size to match is not a number.");
  }
  if (!modified.empty()) {
    TRY(conditions.modified_at, parse_time("The time of last modification to match", modified));
  }
  return conditions;
}

Result<DeleteConditions> read_delete_conditions(Call const& call) {
  for (auto const* name : {"if-none-match", "if-unmodified-since"})
    if (call.request.headers.has(name))
      return not_implemented("The header " + std::string{name} + " is not supported on deletions.");
  return parse_delete_conditions(std::string{call.header("if-match")}, call.header("x-amz-if-match-size"),
                                 call.header("x-amz-if-match-last-modified-time"));
}

Async<> remove_if(Service& service, Call const& call, ObjectRef ref, DeleteConditions conditions) {
  auto version = std::string{};
  if (!conditions.if_match.empty() || conditions.size || conditions.modified_at) {
    auto const info = co_await service.store.head(ref, call.deadline());
    if (!info && info.error().slug() == "NoSuchKey") co_return Result<void>{};
    if (!info) co_return std::unexpected{info.error()};
    auto const holds =
        (conditions.if_match.empty() || lists(conditions.if_match, info->etag)) &&
        (!conditions.size || *conditions.size == info->size) &&
        (!conditions.modified_at || seconds_of(*conditions.modified_at) == seconds_of(info->modified_at));
    if (!holds) co_return precondition_failed();
    version = info->version;
  }
  co_return co_await service.store.remove_version(std::move(ref), std::move(version), call.deadline());
}

Result<void> check_owner(Call const& call) {
  for (auto const* name : {"x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner"}) {
    auto const expected = call.header(name);
    if (call.request.headers.has(name) && expected != call.key->id)
      return access_denied("The bucket's owner is not the one that " + std::string{name} + " expects.");
  }
  return {};
}

}  // namespace hoist::s3api

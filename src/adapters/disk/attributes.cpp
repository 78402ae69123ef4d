#include "adapters/disk/attributes.hpp"

#include "base/json.hpp"
#include "base/try.hpp"

namespace hoist::disk {
namespace {

void put(json::object& object, std::string_view name, StringMap const& map) {
  if (map.empty()) return;
  auto members = json::object{};
  for (auto const& [key, value] : map) members.emplace(key, value);
  object.emplace(name, std::move(members));
}

Result<StringMap> get(json::object const& object, std::string_view name) {
  auto map = StringMap{};
  auto const* members = object.if_contains(name);
  if (members == nullptr) return map;
  auto const damaged = [] { return fail(Code::corrupt, "The stored description of the object is damaged."); };
  if (!members->is_object()) return damaged();
  for (auto const& [key, value] : members->get_object()) {
    if (!value.is_string()) return damaged();
    map.emplace(key, value.get_string());
  }
  return map;
}

}  // namespace

std::string to_text(Attributes const& attributes) {
  auto object = json::object{};
  put(object, "metadata", attributes.metadata);
  put(object, "headers", attributes.headers);
  put(object, "checksums", attributes.checksums);
  put(object, "tags", attributes.tags);
  return object.empty() ? std::string{} : json::serialize(object);
}

Result<Attributes> parse_attributes(std::string const& text) {
  auto attributes = Attributes{};
  if (text.empty()) return attributes;
  auto const parsed = parse_json(text);
  if (!parsed || !parsed->is_object())
    return fail(Code::corrupt, "The stored description of the object is damaged.");
  auto const& object = parsed->get_object();
  TRY(attributes.metadata, get(object, "metadata"));
  TRY(attributes.headers, get(object, "headers"));
  TRY(attributes.checksums, get(object, "checksums"));
  TRY(attributes.tags, get(object, "tags"));
  return attributes;
}

}  // namespace hoist::disk

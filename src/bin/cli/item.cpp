#include "bin/cli/item.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/encode.hpp"

namespace hoist::cli {

void accept_parts(Item& item, json::object const& answer) {
  for (auto const& part : array_of(answer, "parts"))
    if (part.is_object())
      item.part_urls[number_of(part.get_object(), "number")] = text_of(part.get_object(), "url");
  for (auto const& number : array_of(answer, "stored"))
    if (number.is_int64()) item.parts_sent.insert(number.get_int64());
}

Result<void> accept_new_plan(Item& item, json::object const& answer) {
  item.part_size = number_of(answer, "part_size");
  item.part_count = number_of(answer, "part_count");
  if (item.part_size < 1 || item.part_count < 1 || part_range(item, item.part_count).length < 1)
    return fail(Code::internal, "The server's plan of parts does not fit the file.");
  item.url.clear();
  item.part_urls.clear();
  item.parts_sent.clear();
  ++item.plan;
  accept_parts(item, answer);
  return {};
}

Result<void> accept_transfer(Item& item, json::object const& transfer) {
  if (auto const& multipart = object_of(transfer, "multipart"); !multipart.empty())
    return accept_new_plan(item, multipart);
  item.method = text_of(transfer, "method");
  item.url = text_of(transfer, "url");
  if (item.method.empty() || item.url.empty())
    return fail(Code::internal, "The server granted no upload URL.");
  item.headers = {};
  for (auto const& [name, value] : object_of(transfer, "headers")) {
    if (!value.is_string() || to_lower(name) == "content-length") continue;
    item.headers.set(std::string_view{name}, std::string{value.get_string()});
  }
  return {};
}

void mark_failed(Item& item, Error const& error) {
  item.outcome = Item::Outcome::failed;
  item.error_code = error.slug();
  item.error = error.detail();
  item.error_exit = info(error.code()).cli_exit;
  for (auto const& field : error.fields()) item.error += " " + field.field + " " + field.reason + ".";
}

std::string refusal_of(std::size_t index, std::vector<FieldError> const& fields) {
  auto const prefix = fmt::format("files[{}].", index);
  auto text = std::string{};
  for (auto const& field : fields) {
    if (!field.field.starts_with(prefix)) continue;
    if (!text.empty()) text += " ";
    // A reason is a sentence of its own, or goes on from the field's name.
    text += field.reason.ends_with('.')
                ? field.reason
                : fmt::format("{} {}.", field.field.substr(prefix.size()), field.reason);
  }
  return text;
}

PartRange part_range(Item const& item, std::int64_t number) {
  auto const offset = (number - 1) * item.part_size;
  return {offset, std::min(item.part_size, item.file.size - offset)};
}

}  // namespace hoist::cli

#include <algorithm>

#include "base/try.hpp"
#include "bin/cli/put_run.hpp"

namespace hoist::cli {
namespace {

json::object announced(Item const& item) {
  auto file = json::object{{"filename", item.file.name},
                           {"content_type", item.file.content_type},
                           {"size", item.file.size},
                           {"checksum", {{"algorithm", "sha256"}, {"value", item.sha256}}}};
  if (!item.file.place.empty()) file["path"] = item.file.place;
  return file;
}

bool only_about_files(Error const& error) {
  return error.code() == Code::invalid && !error.fields().empty() &&
         std::ranges::all_of(error.fields(),
                             [](FieldError const& field) { return field.field.starts_with("files["); });
}

}  // namespace

Async<> PutRun::announce(Items const& items) {
  auto files = json::array{};
  for (auto const* item : items) files.push_back(announced(*item));
  auto const posted =
      co_await api_.post("/batches", {{"project_id", options_.project}, {"files", std::move(files)}});
  if (!posted) {
    if (!only_about_files(posted.error())) co_return fail(posted.error());
    refuse_all(items, posted.error());
    co_return Result<void>{};
  }
  auto const& answer = *posted;
  auto const batch_id = text_of(object_of(answer, "batch"), "id");
  auto begun = std::vector<std::pair<std::string, Begun>>{};
  for (auto const& entry : array_of(answer, "items")) {
    if (!entry.is_object()) continue;
    auto const& object = entry.get_object();
    auto const index = number_of(object, "index");
    if (index < 0 || index >= std::ssize(items)) continue;
    auto& item = *items[static_cast<std::size_t>(index)];
    take_answer(item, object, batch_id);
    if (item.outcome == Item::Outcome::open)
      begun.emplace_back(item.key, Begun{item.upload_id, batch_id, object_of(object, "transfer")});
  }
  journal_.begin(std::move(begun));
  for (auto* item : items) {
    if (item->outcome != Item::Outcome::open || !item->upload_id.empty()) continue;
    mark_failed(*item, Error{Code::internal, "The server's answer leaves this file out."});
    settled(*item);
  }
  co_return Result<void>{};
}

// Every single file of the batch is wrong, so the batch was refused as a whole.
void PutRun::refuse_all(Items const& items, Error const& error) {
  for (auto index = std::size_t{0}; index < items.size(); ++index) {
    auto reason = refusal_of(index, error.fields());
    mark_failed(*items[index], Error{Code::invalid, reason.empty() ? error.detail() : std::move(reason)});
    settled(*items[index]);
  }
}

void PutRun::take_answer(Item& item, json::object const& answer, std::string const& batch_id) {
  auto const action = text_of(answer, "action");
  auto const& upload = object_of(answer, "upload");
  item.upload_id = text_of(upload, "id");
  item.batch_id = batch_id;
  if (action == "have") {
    item.outcome = Item::Outcome::have;
    item.status = text_of(upload, "status");
    counters_.bytes_sent += item.file.size;
  } else if (action == "upload") {
    if (auto accepted = accept_transfer(item, object_of(answer, "transfer")); !accepted)
      mark_failed(item, accepted.error());
  } else if (auto const& problem = object_of(answer, "error"); text_of(problem, "code") == "duplicate") {
    // Its twin of the same batch carries the bytes.
    item.outcome = Item::Outcome::have;
    counters_.bytes_sent += item.file.size;
  } else {
    auto reason = refusal_of(static_cast<std::size_t>(number_of(answer, "index")), fields_of(problem));
    if (reason.empty()) reason = text_of(problem, "message");
    mark_failed(item, Error{Code::invalid, reason.empty() ? "The server refused it." : std::move(reason)});
    if (auto code = text_of(problem, "code"); !code.empty()) item.error_code = std::move(code);
  }
  if (item.outcome != Item::Outcome::open) settled(item);
}

}  // namespace hoist::cli

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/encode.hpp"
#include "base/try.hpp"
#include "bin/cli/put_run.hpp"

namespace hoist::cli {
namespace {

constexpr auto page_limit = 200;
constexpr auto poll_every = std::chrono::milliseconds{1'000};

}  // namespace

Async<> PutRun::wait_until_final() {
  phase_ = "Processing";
  auto open = std::set<std::string>{};
  for (auto const& item : items_)
    if (item.outcome == Item::Outcome::sent) open.insert(item.batch_id);
  while (!open.empty()) {
    for (auto const& batch_id : std::vector<std::string>{open.begin(), open.end()}) {
      CO_TRY(auto const quiet, co_await batch_is_quiet(batch_id));
      if (quiet) {
        CO_CHECK(co_await read_outcomes(batch_id));
        open.erase(batch_id);
      }
      // The pause is per call, so that many batches do not add up to too many calls a minute.
      if (!open.empty()) CO_CHECK(co_await sleep_for(poll_every));
    }
  }
  co_return Result<void>{};
}

// Nothing more happens in the batch, other than to files that this run gave up.
Async<bool> PutRun::batch_is_quiet(std::string batch_id) {
  CO_TRY(auto const batch, co_await api_.get("/batches/" + batch_id));
  auto const& counts = object_of(batch, "counts");
  auto sent = std::int64_t{0};
  auto given_up = std::int64_t{0};
  for (auto const& item : items_) {
    if (item.batch_id != batch_id) continue;
    sent += item.outcome == Item::Outcome::sent ? 1 : 0;
    given_up += item.outcome == Item::Outcome::failed && !item.upload_id.empty() ? 1 : 0;
  }
  auto const moving = number_of(counts, "UPLOADED") + number_of(counts, "PROCESSING");
  auto const pending = number_of(counts, "PENDING");
  count_final(batch_id, std::max<std::int64_t>(0, sent - moving - pending));
  co_return moving == 0 && pending <= given_up;
}

// For the bar only, until the outcomes themselves are read.
void PutRun::count_final(std::string const& batch_id, std::int64_t files) {
  counters_.files_final += files - std::exchange(counted_final_[batch_id], files);
}

Async<std::map<std::string, json::object>> PutRun::uploads_of(Api& api, std::string batch_id) {
  auto uploads = std::map<std::string, json::object>{};
  auto const base = fmt::format("/uploads?batch_id={}&limit={}", percent_encode(batch_id), page_limit);
  auto cursor = std::string{};
  do {
    CO_TRY(auto const page,
           co_await api.get(cursor.empty() ? base : base + "&cursor=" + percent_encode(cursor)));
    for (auto const& entry : array_of(page, "uploads"))
      if (entry.is_object()) uploads[text_of(entry.get_object(), "id")] = entry.get_object();
    cursor = text_of(page, "next_cursor");
  } while (!cursor.empty());
  co_return uploads;
}

Async<> PutRun::read_outcomes(std::string batch_id) {
  CO_TRY(auto const uploads, co_await uploads_of(api_, batch_id));
  count_final(batch_id, 0);
  for (auto& item : items_) {
    if (item.batch_id != batch_id || item.outcome != Item::Outcome::sent) continue;
    auto const found = uploads.find(item.upload_id);
    take_end(item, found == uploads.end() ? json::object{{"status", "DELETED"}} : found->second);
  }
  co_return Result<void>{};
}

void PutRun::take_end(Item& item, json::object const& upload) {
  item.status = text_of(upload, "status");
  if (item.status == "COMPLETED") {
    item.outcome = Item::Outcome::final;
  } else {
    auto const& error = object_of(upload, "error");
    auto message = text_of(error, "message");
    mark_failed(item, Error{Code::invalid, message.empty() ? "It ended as " + item.status + "." : message});
    item.error_code = text_of(error, "code");
    item.error_exit = 1;
  }
  settled(item);
}

// After a stop, what this run saw is not all: answers may have been lost on the way. Asked briefly, for the
// server may be as far away as before.
asio::awaitable<void> PutRun::ask_what_is_there() {
  auto asking = Api{client_, api_.connection(), brief};
  auto batches = std::set<std::string>{};
  for (auto const& item : items_)
    if (!item.batch_id.empty()) batches.insert(item.batch_id);
  for (auto const& batch_id : batches) {
    auto const uploads = co_await uploads_of(asking, batch_id);
    if (!uploads) co_return;
    for (auto& item : items_) {
      auto const found = uploads->find(item.upload_id);
      if (item.batch_id != batch_id || found == uploads->end()) continue;
      if (item.outcome != Item::Outcome::open && item.outcome != Item::Outcome::sent) continue;
      auto const status = text_of(found->second, "status");
      if (status == "COMPLETED" || status == "FAILED") take_end(item, found->second);
      if (status == "UPLOADED" || status == "PROCESSING") item.outcome = Item::Outcome::sent;
    }
  }
}

}  // namespace hoist::cli

#include "bin/cli/put.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <signal.h>
#include <thread>
#include <unistd.h>

#include "base/encode.hpp"
#include "base/pool.hpp"
#include "base/try.hpp"
#include "bin/cli/journal.hpp"
#include "bin/cli/report.hpp"
#include "bin/cli/uploader.hpp"

namespace hoist::cli {
namespace {

constexpr auto batch_files_max = std::size_t{1'000};
constexpr auto page_limit = 200;
constexpr auto redraw_every = std::chrono::milliseconds{100};
constexpr auto poll_every = std::chrono::milliseconds{1'000};
constexpr auto hash_threads_max = 4U;

using Items = std::vector<Item*>;

net::ClientOptions client_options(PutOptions const& options) {
  auto client = net::ClientOptions{};
  client.connections_per_host = options.parallel + 4;  // beside the transfers: signing, watching
  return client;
}

bool only_about_files(Error const& error) {
  return error.code() == Code::invalid && !error.fields().empty() &&
         std::ranges::all_of(error.fields(),
                             [](FieldError const& field) { return field.field.starts_with("files["); });
}

class PutRun {
 public:
  PutRun(PutOptions const& options, Connection connection)
      : options_{options},
        client_{client_options(options)},
        api_{client_, std::move(connection), persistent},
        journal_{api_.connection().api},
        progress_{!options.json && ::isatty(STDERR_FILENO) == 1},
        uploader_{api_, counters_, {.parallel = options.parallel}, [this](Item& item) { settled(item); }},
        hashing_{{.name = "hash",
                  .threads = std::clamp(std::thread::hardware_concurrency(), 1U, hash_threads_max),
                  .queue_max = 2 * hash_threads_max}} {}

  Async<int> run();

 private:
  void collect();
  asio::awaitable<void> show();
  Async<> send_all();
  Async<Items> take_up_begun(Items items);
  Async<> hash(Items const& items);
  Async<> announce(Items const& items);
  void refuse_all(Items const& items, Error const& error);
  void take_answer(Item& item, json::object const& answer, std::string const& batch_id);
  Async<> wait_until_final();
  Async<bool> batch_is_quiet(std::string batch_id);
  Async<std::map<std::string, json::object>> uploads_of(std::string batch_id);
  Async<> read_outcomes(std::string batch_id);
  void settled(Item& item);
  int finish();

  PutOptions const& options_;
  net::Client client_;
  Api api_;
  Journal journal_;
  std::vector<Item> items_;
  Counters counters_;
  Progress progress_;
  Uploader uploader_;
  Pool hashing_;
  std::string phase_ = "Hashing";
  bool over_ = false;
};

Async<int> PutRun::run() {
  collect();
  auto const executor = co_await asio::this_coro::executor;
  auto display = Workers{};
  display.start(executor, 1, [this] { return show(); });
  uploader_.start(executor);
  auto sent = co_await send_all();
  CO_CHECK(co_await uploader_.join());
  if (sent && uploader_.stopped()) sent = fail(*uploader_.stopped());
  if (sent && options_.wait) sent = co_await wait_until_final();
  over_ = true;
  CO_CHECK(co_await display.join());
  auto const exit_code = finish();
  if (!sent) {
    if (sent.error().retryable())
      progress_.note("Stopped. Run the same command again to go on where it stopped.");
    co_return fail(sent.error());
  }
  co_return exit_code;
}

void PutRun::collect() {
  auto unreadable = std::vector<Item>{};
  auto const files = find_files(options_.paths, [&](std::filesystem::path const& path, std::string reason) {
    auto item = Item{};
    item.file.path = path;
    mark_failed(item, Error{Code::not_found, std::move(reason)});
    unreadable.push_back(std::move(item));
  });
  items_.reserve(files.size() + unreadable.size());  // workers hold pointers into it
  for (auto const& file : files) {
    auto item = Item{};
    item.file = file;
    item.key = journal_key(file, options_.project);
    counters_.bytes_total += file.size;
    items_.push_back(std::move(item));
  }
  counters_.files_total = std::ssize(files) + std::ssize(unreadable);
  for (auto& item : unreadable) {
    items_.push_back(std::move(item));
    settled(items_.back());
  }
}

asio::awaitable<void> PutRun::show() {
  while (!over_) {
    progress_.draw(counters_, phase_);
    if (!co_await sleep_for(redraw_every)) co_return;
  }
}

// While one group's bytes travel, the next one is hashed and announced.
Async<> PutRun::send_all() {
  auto open = Items{};
  for (auto& item : items_)
    if (item.outcome == Item::Outcome::open) open.push_back(&item);
  CO_TRY(open, co_await take_up_begun(std::move(open)));
  for (auto first = std::size_t{0}; first < open.size() && !uploader_.stopped(); first += batch_files_max) {
    auto const last = std::min(open.size(), first + batch_files_max);
    auto group = Items{open.begin() + static_cast<std::ptrdiff_t>(first),
                       open.begin() + static_cast<std::ptrdiff_t>(last)};
    CO_CHECK(co_await hash(group));
    std::erase_if(group, [](Item const* item) { return item->outcome != Item::Outcome::open; });
    if (group.empty()) continue;
    CO_CHECK(co_await announce(group));
    phase_ = "Uploading";
    for (auto* item : group)
      if (item->outcome == Item::Outcome::open) CO_CHECK(co_await uploader_.add(*item));
  }
  co_return Result<void>{};
}

// Goes on with what an earlier run began and the server still waits for; answers the rest.
Async<Items> PutRun::take_up_begun(Items items) {
  auto batches = std::map<std::string, std::map<std::string, json::object>>{};
  auto rest = Items{};
  for (auto* item : items) {
    auto const begun = journal_.find(item->key);
    if (!begun) {
      rest.push_back(item);
      continue;
    }
    if (!batches.contains(begun->batch_id)) {
      auto known = co_await uploads_of(begun->batch_id);
      if (!known && known.error().code() != Code::not_found) co_return fail(known.error());
      batches[begun->batch_id] = known ? *std::move(known) : std::map<std::string, json::object>{};
    }
    auto const& known = batches[begun->batch_id];
    auto const found = known.find(begun->upload_id);
    auto const status = found == known.end() ? std::string{} : text_of(found->second, "status");
    item->upload_id = begun->upload_id;
    item->batch_id = begun->batch_id;
    if (status == "UPLOADED" || status == "PROCESSING" || status == "COMPLETED") {
      counters_.bytes_sent += item->file.size;
      item->outcome = Item::Outcome::sent;
      settled(*item);
    } else if (status == "PENDING" && accept_transfer(*item, begun->transfer)) {
      if (item->part_size > 0) {
        CO_TRY(auto const parts, co_await api_.post("/uploads/" + item->upload_id + "/parts", {}));
        accept_parts(*item, parts);
      }
      phase_ = "Uploading";
      CO_CHECK(co_await uploader_.add(*item));
    } else {
      journal_.end(item->key);
      item->upload_id.clear();
      item->batch_id.clear();
      rest.push_back(item);
    }
  }
  co_return rest;
}

Async<> PutRun::hash(Items const& items) {
  auto workers = Workers{};
  auto next = std::size_t{0};
  workers.start(co_await asio::this_coro::executor, hashing_.options().threads,
                [this, &items, &next]() -> asio::awaitable<void> {
                  while (next < items.size()) {
                    auto& item = *items[next++];
                    auto digest = co_await run_blocking<std::string>(
                        hashing_, [file = item.file] { return sha256_of(file); });
                    if (digest) {
                      item.sha256 = *std::move(digest);
                      continue;
                    }
                    mark_failed(item, digest.error());
                    settled(item);
                  }
                });
  co_return co_await workers.join();
}

Async<> PutRun::announce(Items const& items) {
  auto files = json::array{};
  for (auto const* item : items)
    files.push_back(json::object{{"filename", item->file.name},
                                 {"content_type", item->file.content_type},
                                 {"size", item->file.size},
                                 {"checksum", {{"algorithm", "sha256"}, {"value", item->sha256}}}});
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
    auto const prefix = fmt::format("files[{}].", index);
    auto reason = std::string{};
    for (auto const& field : error.fields())
      if (field.field.starts_with(prefix))
        reason += field.field.substr(prefix.size()) + " " + field.reason + ". ";
    mark_failed(*items[index],
                Error{Code::invalid, reason.empty() ? error.detail() : std::string{trim(reason)}});
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
  } else {
    auto const& problem = object_of(answer, "error");
    auto const detail = text_of(problem, problem.contains("detail") ? "detail" : "message");
    mark_failed(item, Error{Code::invalid, detail.empty() ? "The server refused it." : detail});
    if (auto code = text_of(problem, "code"); !code.empty()) item.error_code = std::move(code);
  }
  if (item.outcome != Item::Outcome::open) settled(item);
}

void PutRun::settled(Item& item) {
  using enum Item::Outcome;
  if (item.outcome == sent || item.outcome == have) ++counters_.files_sent;
  if (item.outcome == failed) {
    ++counters_.files_failed;
    // Bytes that will not travel are not waited for.
    counters_.bytes_total -= item.status.empty() ? item.file.size : 0;
  }
  if (item.outcome == have || item.outcome == failed || item.outcome == final) ++counters_.files_final;
  auto const more_to_come = item.outcome == sent && options_.wait;
  if (!more_to_come && !item.key.empty()) journal_.end(item.key);
  if (options_.json && !more_to_come) print_json(item);
}

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
  CO_TRY(auto const answer, co_await api_.get("/batches/" + batch_id));
  auto const& batch = answer.contains("batch") ? object_of(answer, "batch") : answer;
  auto const& counts = object_of(batch, "counts");
  auto const given_up = std::ranges::count_if(items_, [&](Item const& item) {
    return item.batch_id == batch_id && item.outcome == Item::Outcome::failed && !item.upload_id.empty();
  });
  co_return number_of(counts, "UPLOADED") + number_of(counts, "PROCESSING") == 0 &&
      number_of(counts, "PENDING") <= given_up;
}

Async<std::map<std::string, json::object>> PutRun::uploads_of(std::string batch_id) {
  auto uploads = std::map<std::string, json::object>{};
  auto const base = fmt::format("/uploads?batch_id={}&limit={}", percent_encode(batch_id), page_limit);
  auto cursor = std::string{};
  do {
    CO_TRY(auto const page,
           co_await api_.get(cursor.empty() ? base : base + "&cursor=" + percent_encode(cursor)));
    for (auto const& entry : array_of(page, "uploads"))
      if (entry.is_object()) uploads[text_of(entry.get_object(), "id")] = entry.get_object();
    cursor = text_of(page, "next_cursor");
  } while (!cursor.empty());
  co_return uploads;
}

Async<> PutRun::read_outcomes(std::string batch_id) {
  CO_TRY(auto const uploads, co_await uploads_of(batch_id));
  for (auto& item : items_) {
    if (item.batch_id != batch_id || item.outcome != Item::Outcome::sent) continue;
    auto const found = uploads.find(item.upload_id);
    item.status = found == uploads.end() ? "DELETED" : text_of(found->second, "status");
    if (item.status == "COMPLETED") {
      item.outcome = Item::Outcome::final;
    } else {
      auto const error = found == uploads.end() ? json::object{} : object_of(found->second, "error");
      auto message = text_of(error, "message");
      mark_failed(item, Error{Code::invalid, message.empty() ? "It ended as " + item.status + "." : message});
      item.error_code = text_of(error, "code");
      item.error_exit = 1;
    }
    settled(item);
  }
  co_return Result<void>{};
}

int PutRun::finish() {
  if (options_.json)
    print_json_summary(items_, options_.wait);
  else
    print_summary(items_, options_.wait);
  auto const failed =
      std::ranges::any_of(items_, [](Item const& item) { return item.outcome == Item::Outcome::failed; });
  return failed ? 1 : 0;
}

// The journal is on disk already, so there is nothing to save.
void on_interrupt(int) {
  constexpr auto text =
      std::string_view{"\nInterrupted. Run the same command again to go on where it stopped.\n"};
  [[maybe_unused]] auto const written = ::write(STDERR_FILENO, text.data(), text.size());
  ::_exit(130);
}

}  // namespace

int put_command(PutOptions const& options) {
  auto connection = connect_with(options.connection);
  if (!connection) return report(connection.error());
  ::signal(SIGINT, on_interrupt);
  auto const exit_code = run_to_end<int>([&]() -> Async<int> {
    auto run = PutRun{options, *connection};
    co_return co_await run.run();
  });
  return exit_code ? *exit_code : report(exit_code.error());
}

}  // namespace hoist::cli

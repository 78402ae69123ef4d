#include "bin/cli/put_run.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <thread>
#include <unistd.h>

#include "base/try.hpp"
#include "bin/cli/report.hpp"

namespace hoist::cli {
namespace {

constexpr auto batch_files_max = std::size_t{1'000};
constexpr auto redraw_every = std::chrono::milliseconds{100};
constexpr auto hash_threads_max = 4U;

net::ClientOptions client_options(PutOptions const& options) {
  auto client = net::ClientOptions{};
  client.connections_per_host = options.parallel + 4;  // beside the transfers: signing, watching
  return client;
}

}  // namespace

PutRun::PutRun(PutOptions const& options, Connection connection)
    : options_{options},
      client_{client_options(options)},
      api_{client_, std::move(connection), persistent},
      journal_{api_.connection().api},
      progress_{!options.json && ::isatty(STDERR_FILENO) == 1},
      uploader_{api_, counters_, {.parallel = options.parallel}, [this](Item& item) { settled(item); }},
      hashing_{{.name = "hash",
                .threads = std::clamp(std::thread::hardware_concurrency(), 1U, hash_threads_max),
                .queue_max = 2 * hash_threads_max}} {}

Async<int> PutRun::run() {
  // Says at once that the address or the token is wrong; later failures are waited out.
  auto first_contact = Api{client_, api_.connection(), brief};
  CO_CHECK(co_await first_contact.get("/uploads?limit=1"));
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
Async<PutRun::Items> PutRun::take_up_begun(Items items) {
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

void PutRun::settled(Item& item) {
  using enum Item::Outcome;
  if (item.outcome == sent || item.outcome == have) ++counters_.files_sent;
  if (item.outcome == failed) {
    ++counters_.files_failed;
    // Bytes that will not travel are not waited for.
    counters_.bytes_total -= item.status.empty() ? item.file.size : 0;
  }
  if (item.outcome == have || item.outcome == failed || item.outcome == final) ++counters_.files_final;
  // What was sent and not waited for stays in the journal: the next run must not send it again.
  if (item.outcome != sent && !item.key.empty()) journal_.end(item.key);
  if (options_.json && !(item.outcome == sent && options_.wait)) print_json(item);
}

int PutRun::finish() {
  progress_.clear();
  if (options_.json)
    print_json_summary(items_, options_.wait);
  else
    print_summary(items_, options_.wait);
  auto const failed =
      std::ranges::any_of(items_, [](Item const& item) { return item.outcome == Item::Outcome::failed; });
  return failed ? 1 : 0;
}

}  // namespace hoist::cli

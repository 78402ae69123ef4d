#include "bin/cli/put_run.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <unistd.h>

#include "base/try.hpp"
#include "bin/cli/report.hpp"
#include "model/limits.hpp"

namespace hoist::cli {
namespace {

constexpr auto batch_files_first = std::size_t{64};  // until the link has shown that it carries the answer
constexpr auto redraw_every = std::chrono::milliseconds{100};
constexpr auto hash_threads_max = 4U;

net::ClientOptions client_options(PutOptions const& options) {
  auto client = net::ClientOptions{};
  client.connections_per_host = options.parallel + 4;  // beside the transfers: signing, watching
  client.stall_timeout = std::chrono::seconds{options.stall_timeout_s};
  return client;
}

}  // namespace

PutRun::PutRun(PutOptions const& options, Connection connection)
    : options_{options},
      client_{client_options(options)},
      to_api_{std::chrono::seconds{options.give_up_after_s}},
      to_objects_{std::chrono::seconds{options.give_up_after_s}},
      api_{client_, std::move(connection), {.link = &to_api_}},
      journal_{api_.connection().api},
      progress_{!options.json && ::isatty(STDERR_FILENO) == 1},
      uploader_{api_,
                to_objects_,
                counters_,
                {.parallel = options.parallel},
                [this](Item& item) { settled(item); },
                [this](Item const& item) { note_cut(item); }},
      hashing_{{.name = "hash",
                .threads = std::clamp(std::thread::hardware_concurrency(), 1U, hash_threads_max),
                .queue_max = 2 * hash_threads_max}} {}

Async<int> PutRun::run() {
  // Says soon that the address or the token is wrong; later failures are waited out.
  auto asking = Api{client_, api_.connection(), first_contact};
  CO_CHECK(co_await asking.get("/uploads?limit=1"));
  collect();
  if (items_.empty()) co_return fail(Code::not_found, "There are no files in what was named.");
  auto const executor = co_await asio::this_coro::executor;
  auto display = Workers{};
  display.start(executor, 1, [this] { return show(); });
  uploader_.start(executor);
  auto const sent = co_await send_and_wait();
  over_ = true;
  CO_CHECK(co_await display.join());
  if (!sent) co_await ask_what_is_there();
  auto const exit_code = finish(sent.has_value());
  if (!sent) {
    if (sent.error().retryable())
      progress_.note("Stopped. Run the same command again to go on where it stopped.");
    co_return fail(sent.error());
  }
  co_return exit_code;
}

Async<> PutRun::send_and_wait() {
  auto sent = co_await send_all();
  CO_CHECK(co_await uploader_.join());
  if (sent && uploader_.stopped()) co_return fail(*uploader_.stopped());
  if (!sent || !options_.wait) co_return sent;
  co_return co_await wait_until_final();
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

// Without a bar, a break is told in a line of its own, and so is its end.
asio::awaitable<void> PutRun::show() {
  auto told = false;
  while (!over_) {
    auto const text = notice();
    progress_.draw(counters_, phase_, text);
    if (!progress_.shown() && told == text.empty()) {
      told = !told;
      progress_.note(
          told ? fmt::format("{}; gives up after {} of this. Ctrl-C stops; the same command goes on.", text,
                             human_duration(options_.give_up_after_s))
               : "The connection is back.");
    }
    if (!co_await sleep_for(redraw_every)) co_return;
  }
}

std::string PutRun::notice() const {
  auto const now = std::chrono::steady_clock::now();
  auto text = to_objects_.notice(now);
  return text.empty() ? to_api_.notice(now) : text;
}

// While one group's bytes travel, the next one is hashed and announced.
Async<> PutRun::send_all() {
  auto open = Items{};
  for (auto& item : items_)
    if (item.outcome == Item::Outcome::open) open.push_back(&item);
  CO_TRY(open, co_await take_up_begun(std::move(open)));
  auto group_files = batch_files_first;
  for (auto first = std::size_t{0}, last = first; first < open.size() && !uploader_.stopped(); first = last) {
    last = std::min(open.size(), first + group_files);
    group_files = std::min(limits::batch_items_max, 2 * group_files);
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
      auto known = co_await uploads_of(api_, begun->batch_id);
      if (!known && known.error().code() != Code::not_found) co_return fail(known.error());
      batches[begun->batch_id] = known ? *std::move(known) : std::map<std::string, json::object>{};
    }
    auto const& known = batches[begun->batch_id];
    auto const found = known.find(begun->upload_id);
    auto const status = found == known.end() ? std::string{} : text_of(found->second, "status");
    CO_TRY(auto const taken, co_await take_up(*item, *begun, status));
    if (!taken) rest.push_back(item);
  }
  co_return rest;
}

// Answers whether the upload that was begun is of use: the server has it, or still waits for its bytes.
Async<bool> PutRun::take_up(Item& item, Begun const& begun, std::string const& status) {
  item.upload_id = begun.upload_id;
  item.batch_id = begun.batch_id;
  if (status == "UPLOADED" || status == "PROCESSING" || status == "COMPLETED") {
    counters_.bytes_sent += item.file.size;
    item.outcome = Item::Outcome::sent;
    settled(item);
    co_return true;
  }
  if (status == "PENDING" && accept_transfer(item, begun.transfer)) {
    if (item.part_size > 0) {
      CO_TRY(auto const parts, co_await api_.post("/uploads/" + item.upload_id + "/parts", {}));
      CO_CHECK(accept_new_plan(item, parts));
    }
    phase_ = "Uploading";
    CO_CHECK(co_await uploader_.add(item));
    co_return true;
  }
  journal_.end(item.key);
  item.upload_id.clear();
  item.batch_id.clear();
  co_return false;
}

// The next run goes on with the parts that are there by then.
void PutRun::note_cut(Item const& item) {
  auto multipart = json::object{{"part_size", item.part_size},
                                {"part_count", item.part_count},
                                {"parts", json::array{}},
                                {"expires_at", to_rfc3339(SystemClock{}.now())}};
  auto transfer = json::object{{"method", "PUT"}, {"multipart", std::move(multipart)}};
  journal_.begin({{item.key, Begun{item.upload_id, item.batch_id, std::move(transfer)}}});
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
  if (options_.json && is_told(item)) print_json(item);
}

// Is the item's end known, so that settled() has told it?
bool PutRun::is_told(Item const& item) const {
  using enum Item::Outcome;
  return item.outcome != open && !(item.outcome == sent && options_.wait);
}

int PutRun::finish(bool complete) {
  progress_.clear();
  for (auto const& item : items_)
    if (!complete && options_.json && !is_told(item)) print_json(item);
  if (options_.json)
    print_json_summary(items_, options_.wait);
  else
    print_summary(items_, options_.wait);
  auto const failed =
      std::ranges::any_of(items_, [](Item const& item) { return item.outcome == Item::Outcome::failed; });
  return failed ? 1 : 0;
}

}  // namespace hoist::cli

#include "bin/cli/uploader.hpp"

#include <algorithm>

#include "base/try.hpp"

namespace hoist::cli {
namespace {

constexpr auto queue_max = std::size_t{2'000};
constexpr auto attempts_max = 12;
constexpr auto sign_window = std::int64_t{16};  // part URLs asked for at once
// A transfer may take this long and a second more for every so many bytes; the client's idle
// timeout ends one that stands still much earlier.
constexpr auto transfer_base = std::chrono::seconds{60};
constexpr auto transfer_bytes_per_s_min = std::int64_t{8} * 1024;

bool is_expired(net::Response const& response) {
  return response.status == 403 && response.body.contains("Request has expired");
}

bool passes_by_itself(net::Response const& response) {
  return response.status == 429 || response.status == 408 || response.status >= 500;
}

}  // namespace

Uploader::Uploader(Api& api, Counters& counters, Options options, std::function<void(Item&)> on_done)
    : api_{api}, counters_{counters}, options_{options}, on_done_{std::move(on_done)} {}

void Uploader::start(asio::any_io_executor const& executor) {
  workers_.start(executor, options_.parallel, [this] { return work(); });
}

Async<> Uploader::add(Item& item) {
  while (true) {
    auto const ticket = changed_.ticket();
    if (queue_.size() < queue_max || stopped_) break;
    CO_TRY([[maybe_unused]] auto const woken,
           co_await changed_.wait(ticket, deadline_in(std::chrono::hours{1})));
  }
  if (item.part_size == 0) {
    queue_.push_back({&item, 0});
  } else {
    for (auto number = std::int64_t{1}; number <= item.part_count; ++number)
      if (!item.parts_sent.contains(number)) queue_.push_back({&item, number});
    for (auto const number : item.parts_sent) counters_.bytes_sent += part_range(item, number).length;
    // Every part arrived in an earlier run, which ended before it could say so.
    if (std::ssize(item.parts_sent) == item.part_count) {
      if (auto finished = co_await finish_parts(item); !finished) mark_failed(item, finished.error());
      done(item);
    }
  }
  changed_.notify();
  co_return Result<void>{};
}

Async<> Uploader::join() {
  closed_ = true;
  changed_.notify();
  co_return co_await workers_.join();
}

asio::awaitable<void> Uploader::work() {
  while (true) {
    auto const ticket = changed_.ticket();
    if (queue_.empty()) {
      if (closed_) co_return;
      if (!co_await changed_.wait(ticket, deadline_in(std::chrono::hours{1}))) co_return;
      continue;
    }
    auto const job = queue_.front();
    queue_.pop_front();
    changed_.notify();
    // Other parts of a failed file, and everything once the server is away, are not sent.
    if (!stopped_ && job.item->outcome == Item::Outcome::open) co_await run(job);
  }
}

asio::awaitable<void> Uploader::run(Job job) {
  auto& item = *job.item;
  auto sent = co_await transfer(job);
  if (sent && job.number != 0) {
    item.parts_sent.insert(job.number);
    if (std::ssize(item.parts_sent) < item.part_count) co_return;
    sent = co_await finish_parts(item);
  }
  if (item.outcome != Item::Outcome::open) co_return;  // settled meanwhile by another part
  if (!sent && sent.error().retryable()) {
    if (!stopped_) stopped_ = sent.error();
    co_return;
  }
  if (sent)
    item.outcome = Item::Outcome::sent;
  else
    mark_failed(item, sent.error());
  done(item);
}

void Uploader::done(Item& item) {
  if (item.outcome == Item::Outcome::open) item.outcome = Item::Outcome::sent;
  on_done_(item);
}

Async<> Uploader::transfer(Job job) {
  for (auto tries = 1;; ++tries) {
    CO_CHECK(co_await ensure_url(job));
    auto counted = std::int64_t{0};
    auto response = co_await attempt(job, counted);
    if (response && response->status >= 200 && response->status < 300) co_return Result<void>{};
    counters_.bytes_sent -= counted;
    auto error = response ? error_of(*response) : response.error();
    if (stopped_) co_return fail(*stopped_);
    if (response && is_expired(*response)) {
      if (tries >= attempts_max)
        co_return fail(Code::forbidden, "The server's URLs expire at once; check its clock.");
      job.item->url.clear();
      job.item->part_urls.clear();
      continue;
    }
    auto const passing = response ? passes_by_itself(*response) : error.retryable();
    if (!passing) co_return co_await refused(job, std::move(error));
    if (tries >= attempts_max) co_return fail(std::move(error));
    CO_CHECK(co_await sleep_for(backoff(tries, error.retry_after_s())));
  }
}

Async<net::Response> Uploader::attempt(Job job, std::int64_t& counted) {
  auto& item = *job.item;
  auto const range = job.number == 0 ? PartRange{0, item.file.size} : part_range(item, job.number);
  auto request = net::ClientRequest{};
  request.method = item.method;
  request.url = job.number == 0 ? item.url : item.part_urls[job.number];
  if (job.number == 0) request.headers = item.headers;
  CO_TRY(request.stream,
         open_file(item.file, range.offset, range.length, [this, &counted](std::size_t bytes) {
           counters_.bytes_sent += static_cast<std::int64_t>(bytes);
           counted += static_cast<std::int64_t>(bytes);
         }));
  request.stream_length = range.length;
  auto const limit = transfer_base + std::chrono::seconds{range.length / transfer_bytes_per_s_min};
  co_return co_await api_.client().send(std::move(request), deadline_in(limit));
}

Async<> Uploader::ensure_url(Job job) {
  auto& item = *job.item;
  if (job.number == 0) {
    if (item.url.empty()) co_return co_await sign_single(item);
    co_return Result<void>{};
  }
  while (!item.part_urls.contains(job.number)) {
    auto const ticket = changed_.ticket();
    if (!item.signing) {
      CO_CHECK(co_await sign_parts(item, job.number));
      continue;
    }
    CO_TRY([[maybe_unused]] auto const woken,
           co_await changed_.wait(ticket, deadline_in(std::chrono::minutes{5})));
  }
  co_return Result<void>{};
}

Async<> Uploader::sign_single(Item& item) {
  CO_TRY(auto const answer, co_await api_.post("/uploads/" + item.upload_id + "/parts", {}));
  co_return accept_transfer(item, object_of(answer, "transfer"));
}

Async<> Uploader::sign_parts(Item& item, std::int64_t from) {
  auto numbers = json::array{};
  for (auto number = from; number <= item.part_count && std::ssize(numbers) < sign_window; ++number)
    if (!item.parts_sent.contains(number)) numbers.push_back(number);
  item.signing = true;
  auto answer =
      co_await api_.post("/uploads/" + item.upload_id + "/parts", {{"numbers", std::move(numbers)}});
  item.signing = false;
  changed_.notify();
  if (!answer) co_return fail(answer.error());
  accept_parts(item, *answer);
  if (!item.part_urls.contains(from))
    co_return fail(Code::internal, "The server signed other parts than asked for.");
  co_return Result<void>{};
}

// A repeated PUT is refused once the first one counted, even though its answer was lost.
Async<> Uploader::refused(Job job, Error error) {
  auto& item = *job.item;
  auto upload = co_await api_.get("/uploads/" + item.upload_id);
  if (!upload) co_return fail(upload.error().retryable() ? upload.error() : error);
  item.status = text_of(*upload, "status");
  if (item.status == "UPLOADED" || item.status == "PROCESSING" || item.status == "COMPLETED")
    co_return Result<void>{};
  co_return fail(std::move(error));
}

Async<> Uploader::finish_parts(Item& item) {
  CO_TRY([[maybe_unused]] auto const answer,
         co_await api_.post("/uploads/" + item.upload_id + "/complete", {}));
  co_return Result<void>{};
}

}  // namespace hoist::cli

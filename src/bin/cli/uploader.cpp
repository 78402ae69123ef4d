#include "bin/cli/uploader.hpp"

#include <algorithm>

#include "base/try.hpp"

namespace hoist::cli {
namespace {

constexpr auto queue_max = std::size_t{2'000};
constexpr auto expired_max = 12;                // in a row
constexpr auto sign_window = std::int64_t{16};  // part URLs asked for at once
// A slow link may take its time as long as something moves, which the client's stall timeout watches.
constexpr auto transfer_max = std::chrono::hours{24};

// The URL itself, or the credentials of a role that it was signed with.
bool is_expired(net::Response const& response) {
  return (response.status == 403 && response.body.contains("Request has expired")) ||
         (response.status == 400 && response.body.contains("<Code>ExpiredToken</Code>"));
}

Error nothing_got_through(Item const& item, Error const& last) {
  auto const where =
      item.url.empty() ? std::string{"the object endpoint"} : item.url.substr(0, item.url.find('/', 8));
  return Error{Code::unavailable, "Nothing gets through to " + where + "."}.with_cause(last.to_string());
}

}  // namespace

Uploader::Uploader(Api& api, Link& link, Counters& counters, Options options,
                   std::function<void(Item&)> on_done, std::function<void(Item const&)> on_cut)
    : api_{api},
      link_{link},
      counters_{counters},
      options_{options},
      on_done_{std::move(on_done)},
      on_cut_{std::move(on_cut)} {}

bool Uploader::is_void(Job job) {
  return job.plan != job.item->plan || job.item->outcome != Item::Outcome::open;
}

PartRange Uploader::range_of(Job job) {
  return job.number == 0 ? PartRange{0, job.item->file.size} : part_range(*job.item, job.number);
}

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
  enqueue(item);
  // Every part arrived in an earlier run, which ended before it could say so.
  if (item.part_size > 0 && std::ssize(item.parts_sent) == item.part_count) {
    if (auto finished = co_await finish_parts(item); !finished) mark_failed(item, finished.error());
    done(item);
  }
  co_return Result<void>{};
}

void Uploader::enqueue(Item& item) {
  if (item.part_size == 0) queue_.push_back({&item, 0, item.plan});
  for (auto number = std::int64_t{1}; item.part_size > 0 && number <= item.part_count; ++number) {
    if (item.parts_sent.contains(number))
      counters_.bytes_sent += part_range(item, number).length;
    else
      queue_.push_back({&item, number, item.plan});
  }
  changed_.notify();
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
    // Other parts of a failed file, and everything once sending was stopped, are not sent.
    if (!stopped_ && !is_void(job)) co_await run(job);
  }
}

asio::awaitable<void> Uploader::run(Job job) {
  auto& item = *job.item;
  auto const outcome = co_await transfer(job);
  if (outcome && !*outcome) co_return;
  auto sent = outcome ? Result<void>{} : Result<void>{std::unexpected{outcome.error()}};
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

Async<bool> Uploader::transfer(Job job) {
  auto const began = std::chrono::steady_clock::now();
  auto breaks = 0;
  auto expired = 0;
  for (auto tries = 1;; ++tries) {
    CO_CHECK(co_await ensure_url(job));
    if (is_void(job)) co_return false;
    auto counted = std::int64_t{0};
    auto response = co_await attempt(job, counted);
    auto const arrived = response && response->status >= 200 && response->status < 300;
    if (arrived) link_.carried();
    if (arrived && !is_void(job)) co_return true;
    counters_.bytes_sent -= counted;
    CO_CHECK(co_await cut_is_over(*job.item));
    if (is_void(job)) co_return false;
    if (stopped_) co_return fail(*stopped_);
    if (response && is_expired(*response)) {
      if (++expired >= expired_max)
        co_return fail(Code::forbidden, "The server's URLs expire at once; check its clock.");
      job.item->url.clear();
      job.item->part_urls.clear();
      continue;
    }
    auto error = response ? error_of(*response) : response.error();
    if (response ? !passes_by_itself(response->status) : !error.retryable()) {
      if (error.code() == Code::storage_full) co_return fail(std::move(error));
      CO_CHECK(co_await refused(job, std::move(error)));
      co_return true;
    }
    if (!response && counted > 0) {
      CO_TRY(auto const was_cut, co_await broke_off(job, ++breaks));
      if (was_cut) co_return false;
    }
    if (link_.given_up(began)) co_return fail(nothing_got_through(*job.item, error));
    CO_TRY(auto const others_got_through, co_await link_.pause(tries, error));
    if (others_got_through) tries = 0;
  }
}

// Answers whether the file goes on in other parts.
Async<bool> Uploader::broke_off(Job job, int times) {
  auto& item = *job.item;
  auto const size = part_size_after(item.file.size, range_of(job).length, times, link_.part_bytes());
  if (size == 0) co_return false;
  if (item.cutting) co_return true;
  if (job.number != 0) link_.trust_with(size);
  item.cutting = true;
  auto const done = co_await cut(item, size);
  item.cutting = false;
  changed_.notify();
  if (!done) co_return fail(done.error());
  co_return true;
}

// To the server, the parts of the old plan are gone before we hear of the new one.
Async<> Uploader::cut_is_over(Item& item) {
  while (true) {
    auto const ticket = changed_.ticket();
    if (!item.cutting) co_return Result<void>{};
    CO_TRY([[maybe_unused]] auto const woken,
           co_await changed_.wait(ticket, deadline_in(std::chrono::minutes{5})));
  }
}

Async<> Uploader::cut(Item& item, std::int64_t part_size) {
  auto answer = co_await api_.post("/uploads/" + item.upload_id + "/parts", {{"part_size", part_size}});
  if (!answer) {
    CO_CHECK(co_await refused({&item, 0, item.plan}, answer.error()));
    done(item);
    co_return Result<void>{};
  }
  for (auto const number : item.parts_sent) counters_.bytes_sent -= part_range(item, number).length;
  CO_CHECK(accept_new_plan(item, *answer));
  on_cut_(item);
  enqueue(item);
  co_return Result<void>{};
}

Async<net::Response> Uploader::attempt(Job job, std::int64_t& counted) {
  auto& item = *job.item;
  auto const range = range_of(job);
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
  co_return co_await api_.client().send(std::move(request), deadline_in(transfer_max));
}

Async<> Uploader::ensure_url(Job job) {
  auto& item = *job.item;
  if (job.number == 0) {
    if (item.url.empty()) co_return co_await sign_single(job);
    co_return Result<void>{};
  }
  while (!is_void(job) && !item.part_urls.contains(job.number)) {
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

Async<> Uploader::sign_single(Job job) {
  auto& item = *job.item;
  auto answer = co_await api_.post("/uploads/" + item.upload_id + "/parts", {});
  if (!answer) co_return fail(answer.error());
  if (answer->contains("transfer")) co_return accept_transfer(item, object_of(*answer, "transfer"));
  // It was cut in an earlier run that could not note it any more.
  CO_CHECK(accept_new_plan(item, *answer));
  on_cut_(item);
  enqueue(item);
  co_return Result<void>{};
}

Async<> Uploader::sign_parts(Item& item, std::int64_t from) {
  auto numbers = json::array{};
  for (auto number = from; number <= item.part_count && std::ssize(numbers) < sign_window; ++number)
    if (!item.parts_sent.contains(number)) numbers.push_back(number);
  auto const plan = item.plan;
  item.signing = true;
  auto answer =
      co_await api_.post("/uploads/" + item.upload_id + "/parts", {{"numbers", std::move(numbers)}});
  item.signing = false;
  changed_.notify();
  if (!answer) co_return fail(answer.error());
  if (item.plan != plan) co_return Result<void>{};
  accept_parts(item, *answer);
  if (!item.part_urls.contains(from))
    co_return fail(Code::internal, "The server signed other parts than asked for.");
  co_return Result<void>{};
}

// A repeated PUT is refused once the first one counted, even though its answer was lost. The server may not
// have heard of that one yet, so it is asked to look.
Async<> Uploader::refused(Job job, Error error) {
  auto& item = *job.item;
  auto upload = co_await api_.post("/uploads/" + item.upload_id + "/complete", {});
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

// What the worker stands on, small enough to see through: for the tests of this folder.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/resources.hpp"
#include "base/try.hpp"
#include "model/queue_names.hpp"
#include "ports/consumer.hpp"
#include "ports/media.hpp"
#include "ports/scanner.hpp"
#include "ports/upload_ledger.hpp"
#include "support/test_database.hpp"
#include "support/test_queue.hpp"

namespace hoist::processing {

using namespace std::chrono_literals;

// The queue of the engine, whose every call is counted. What failed is there again at once.
class WatchedQueue final : public Consumer {
 public:
  WatchedQueue() {
    auto const policy = QueuePolicy{.attempts_max = 3, .backoff_base = soon_, .backoff_max = soon_};
    EXPECT_TRUE(inner_.registry().declare(processing_queue, policy));
  }
  void add(std::string body, TenantId tenant = TenantId{"acme"}) {
    auto const group = std::to_string(++count_);
    EXPECT_TRUE(hoist::testing::write_now(*database_, [&](sql::Transaction& tx) -> Result<void> {
      CHECK(inner_.outbox().send_one(tx, {processing_queue, tenant, group, body, {}, Micros{0}}));
      return {};
    }));
  }
  Async<std::vector<Message>> receive(ReceiveRequest request, Deadline deadline) override {
    on_receive();
    if (fail_receives-- > 0) co_return hoist::fail(Code::unavailable);
    co_return co_await inner_.consumer().receive(std::move(request), deadline);
  }
  Async<> acknowledge(Receipt receipt, Deadline deadline) override {
    CO_CHECK(co_await inner_.consumer().acknowledge(std::move(receipt), deadline));
    ++acknowledged;
    changed.notify();
    co_return Result<void>{};
  }
  Async<> fail(Receipt receipt, QueueFailure failure, Deadline deadline) override {
    causes.push_back(failure.cause);
    CO_CHECK(co_await inner_.consumer().fail(std::move(receipt), std::move(failure), deadline));
    CO_TRY(auto const now, co_await inner_.upkeep().stats(processing_queue, Scope::system(), deadline));
    dead = now.dead;
    clock_.advance(2 * soon_);
    changed.notify();
    co_return Result<void>{};
  }
  Async<> release(Receipt receipt, Deadline deadline) override {
    CO_CHECK(co_await inner_.consumer().release(std::move(receipt), deadline));
    ++released;
    changed.notify();
    co_return Result<void>{};
  }
  Async<> extend(Receipt receipt, Micros visibility, Deadline deadline) override {
    ++extended;
    changed.notify();
    if (lease_lost) co_return hoist::fail(Code::conflict);
    co_return co_await inner_.consumer().extend(std::move(receipt), visibility, deadline);
  }

  int acknowledged = 0;
  std::int64_t dead = 0;
  int released = 0;
  int extended = 0;
  int fail_receives = 0;
  std::function<void()> on_receive = [] {};
  bool lease_lost = false;
  std::vector<std::string> causes;
  Signal changed;

 private:
  static constexpr auto soon_ = Micros{10};
  ManualClock clock_;
  Metrics metrics_;
  hoist::testing::TestDatabase database_ = hoist::testing::inline_database(clock_);
  hoist::testing::TestQueue inner_{
      *database_, database_.wakeups(), clock_, metrics_, {.seed = 1, .poll_max = 1ms}};
  int count_ = 0;
};

class ListLedger final : public UploadLedger {
 public:
  Async<std::optional<UploadJob>> begin(TenantId, UploadId id, std::int64_t, Deadline) override {
    auto const job = jobs.find(id.str());
    if (job == jobs.end()) co_return std::optional<UploadJob>{};
    co_return std::optional{job->second};
  }
  Async<> retrying(TenantId, UploadId, std::string reason, Deadline) override {
    retries.push_back(std::move(reason));
    co_return Result<void>{};
  }
  Async<> waiting(TenantId, UploadId, std::string reason, Deadline) override {
    waits.push_back(std::move(reason));
    co_return Result<void>{};
  }
  void stage(UploadJob const&, ProcessingStage stage) override { stages.push_back(stage); }
  Async<> complete(TenantId, UploadId id, ProcessedFile file, Deadline) override {
    if (gone) co_return fail(Code::conflict);
    completed.insert_or_assign(id.str(), std::move(file));
    co_return Result<void>{};
  }
  Async<> failed(TenantId, UploadId id, ProcessingFailure failure, Deadline) override {
    if (fail_once) {
      fail_once = false;
      co_return hoist::fail(Code::unavailable);
    }
    failures.insert_or_assign(id.str(), std::move(failure));
    co_return Result<void>{};
  }

  std::map<std::string, UploadJob> jobs;
  std::map<std::string, ProcessedFile> completed;
  std::map<std::string, ProcessingFailure> failures;
  std::vector<std::string> retries;
  std::vector<ProcessingStage> stages;
  std::vector<std::string> waits;
  bool gone = false;
  bool fail_once = false;
};

// Everything with "virus" in it is infected, everything with "secret" unscannable.
class WordScanner final : public Scanner {
 public:
  Async<ScanReport> scan(ByteSource& bytes, Deadline) override {
    if (leaves-- > 0)
      co_return fail(Error{Code::unavailable, "The scanner cannot be reached."}.with_slug(scanner_away));
    auto text = std::string{};
    auto buffer = std::string(4096, '\0');
    while (true) {
      CO_TRY(auto const count, co_await bytes.read(buffer));
      if (count == 0) break;
      text.append(buffer, 0, count);
    }
    scanned.push_back(text);
    if (breaks_off-- > 0) co_return fail(Error{Code::unavailable, "The virus scanner broke off."});
    if (text.size() > size_max) co_return fail(Code::too_large, "Over the limits of the scanner.");
    auto report = ScanReport{.verdict = Verdict::clean, .engine = "words", .signatures = "1"};
    if (text.find("virus") != std::string::npos)
      report.verdict = Verdict::infected, report.signature = "Word.Virus";
    if (text.find("secret") != std::string::npos)
      report.verdict = Verdict::unscannable, report.signature = "Word.Closed";
    co_return report;
  }
  Async<> look(Deadline) override { co_return Result<void>{}; }
  [[nodiscard]] std::optional<std::string> away() const override {
    ++asked;
    if (away_for-- <= 0) return std::nullopt;
    return "gone for a walk";
  }
  std::vector<std::string> scanned;
  int breaks_off = 0;
  mutable int away_for = 0;  // questions
  mutable int asked = 0;
  int leaves = 0;  // before it looks at so many files
  std::size_t size_max = 1'000'000;
};

class PlainMedia final : public Media {
 public:
  Async<MediaReport> inspect(MediaRequest request, Deadline) override {
    ++inspected;
    started.notify();
    while (hold) {
      auto const ticket = released.ticket();
      if (hold) (void)co_await released.wait(ticket, deadline_in(10s));
    }
    if (lacks_descriptors-- > 0)
      co_return fail(Error{Code::unavailable, "The server is busy."}.with_slug(out_of_descriptors));
    if (failure) co_return fail(*failure);
    auto report = MediaReport{.content_type = request.declared_type, .width = 4, .height = 3};
    if (late_times-- > 0) {
      report.preview = {
          .reason = "decoder_limit", .note = {}, .message = "A preview takes long.", .ran_late = true};
      co_return report;
    }
    for (auto const size : {1024, 256}) {
      auto thumbnail = Thumbnail{.size = size, .width = 4, .height = 3};
      thumbnail.content_type = "image/jpeg";
      thumbnail.bytes = "picture " + std::to_string(size);
      report.thumbnails.push_back(std::move(thumbnail));
    }
    co_return report;
  }
  int inspected = 0;
  std::optional<Error> failure;
  int lacks_descriptors = 0;  // at so many files
  int late_times = 0;         // has no time for so many previews
  bool hold = false;
  Signal started;
  Signal released;
};

}  // namespace hoist::processing

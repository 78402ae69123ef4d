#include "adapters/clamd/scanner.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <array>
#include <vector>

#include "adapters/clamd/connection.hpp"
#include "adapters/clamd/reply.hpp"
#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/try.hpp"

namespace hoist::clamd {
namespace {

constexpr auto chunk_bytes = std::size_t{256} << 10;
constexpr auto version_max = std::chrono::seconds{5};

// Not about the file: nothing of it was read.
std::unexpected<Error> not_now(std::string cause) {
  return fail(Error{Code::unavailable, "The virus scanner cannot be reached."}
                  .with_slug(scanner_away)
                  .with_cause(std::move(cause)));
}

std::array<char, 4> length_of(std::size_t length) {
  return {static_cast<char>(length >> 24 & 0xff), static_cast<char>(length >> 16 & 0xff),
          static_cast<char>(length >> 8 & 0xff), static_cast<char>(length & 0xff)};
}

// Takes a slot when there is one.
class ScanSlots {
 public:
  explicit ScanSlots(int count) : free_{count} {}

  Async<> take(Deadline deadline) {
    while (true) {
      auto const ticket = freed_.ticket();
      {
        auto const lock = Lock{mutex_};
        if (free_ > 0) {
          --free_;
          co_return Result<void>{};
        }
      }
      CO_TRY(auto const notified, co_await freed_.wait(ticket, deadline));
      if (!notified) co_return not_now("busy with other files");
    }
  }
  void give_back() {
    {
      auto const lock = Lock{mutex_};
      ++free_;
    }
    freed_.notify();
  }

 private:
  Mutex mutex_;
  int free_ HOIST_GUARDED_BY(mutex_);
  Signal freed_;
};

class ScanSlot {
 public:
  explicit ScanSlot(ScanSlots& slots) : slots_{slots} {}
  ScanSlot(ScanSlot const&) = delete;
  ~ScanSlot() { slots_.give_back(); }

 private:
  ScanSlots& slots_;
};

class ClamdScanner final : public Scanner {
 public:
  ClamdScanner(ScannerOptions options, Metrics& metrics)
      : options_{std::move(options)},
        slots_{options_.connections_max},
        away_gauge_{metrics.gauge("hoist_scanner_away",
                                  "1 while the virus scanner does not answer, so that files wait for it")} {
    away_gauge_.set(0);
  }

  Async<ScanReport> scan(ByteSource& bytes, Deadline deadline) override {
    if (auto const why = away()) co_return not_now(*why);
    CO_CHECK(co_await slots_.take(deadline));
    auto const slot = ScanSlot{slots_};
    if (auto const why = away()) co_return not_now(*why);  // since then, perhaps
    auto const limit = std::min(deadline, deadline_in(options_.scan_max));
    auto connection = Connection{co_await asio::this_coro::executor, limit};
    // Asked each time, because only a scanner that answers now is given the file: one that is found
    // away in the middle of it may be so because of the file.
    auto const version = co_await current_version(limit);
    auto const connected = version ? co_await connection.connect(options_.socket) : Result<void>{};
    if (!version || !connected) {
      auto const cause = (version ? connected.error() : version.error()).to_string();
      heard(cause);
      co_return not_now(cause);
    }
    CO_CHECK(co_await stream(connection, bytes));
    CO_TRY(auto const reply, co_await connection.read_reply());
    CO_TRY(auto report, parse_verdict(reply));
    CO_CHECK(parse_version(*version, report));
    co_return report;
  }

  Async<> look(Deadline deadline) override {
    auto const answered = co_await ping(options_.socket, deadline);
    heard(answered ? std::nullopt : std::optional{answered.error().to_string()});
    co_return Result<void>{};
  }

  [[nodiscard]] std::optional<std::string> away() const override {
    auto const lock = Lock{mutex_};
    return away_;
  }

 private:
  // When clamd stops taking bytes it has an answer, which is read by the caller.
  static Async<> stream(Connection& connection, ByteSource& bytes) {
    CO_CHECK(co_await connection.command("INSTREAM"));
    auto buffer = std::vector<char>(4 + chunk_bytes);
    while (true) {
      CO_TRY(auto const count, co_await bytes.read(std::span{buffer}.subspan(4)));
      std::ranges::copy(length_of(count), buffer.begin());
      auto const written = co_await connection.write({buffer.data(), 4 + count});
      if (!written || count == 0) co_return Result<void>{};
    }
  }

  Async<std::string> current_version(Deadline deadline) {
    auto connection =
        Connection{co_await asio::this_coro::executor, std::min(deadline, deadline_in(version_max))};
    CO_CHECK(co_await connection.connect(options_.socket));
    CO_CHECK(co_await connection.command("VERSION"));
    CO_TRY(auto const reply, co_await connection.read_reply());
    auto probe = ScanReport{};
    CO_CHECK(parse_version(reply, probe));
    co_return reply;
  }

  // Remembers whether it answers; only changes are told.
  void heard(std::optional<std::string> silence) {
    auto const lock = Lock{mutex_};
    if (silence.has_value() != away_.has_value()) {
      if (silence)
        log::warn("the virus scanner is away; files wait for it", {{"cause", *silence}});
      else
        log::info("the virus scanner is back; files go on");
      away_gauge_.set(silence ? 1 : 0);
    }
    away_ = std::move(silence);
  }

  ScannerOptions options_;
  ScanSlots slots_;
  Gauge away_gauge_;
  mutable Mutex mutex_;
  std::optional<std::string> away_ HOIST_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<Scanner> make_scanner(ScannerOptions options, Metrics& metrics) {
  return std::make_unique<ClamdScanner>(std::move(options), metrics);
}

}  // namespace hoist::clamd

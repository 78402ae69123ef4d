#include "events/export.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "base/encode.hpp"
#include "base/try.hpp"
#include "events/export_line.hpp"

namespace hoist::events {
namespace {

using Running = std::shared_ptr<std::atomic<int>>;

// Holds one of exports_max places.
class ExportSlot {
 public:
  static Result<ExportSlot> take(Running running) {
    if (running->fetch_add(1) < exports_max) return ExportSlot{std::move(running)};
    running->fetch_sub(1);
    return fail(
        Error{Code::unavailable, "Too many exports run already; try again later."}.with_retry_after(10));
  }
  ExportSlot(ExportSlot&&) noexcept = default;
  ~ExportSlot() {
    if (running_) running_->fetch_sub(1);
  }

 private:
  explicit ExportSlot(Running running) : running_{std::move(running)} {}
  Running running_;
};

Deadline page_deadline() {
  return deadline_in(export_page_timeout);
}

// Hands out text that is made piece by piece.
class TextStream : public net::BodySource {
 public:
  explicit TextStream(ExportSlot slot) : slot_{std::move(slot)} {}
  Async<std::size_t> read(std::span<char> buffer) final {
    while (sent_ == text_.size()) {
      text_.clear();
      sent_ = 0;
      CO_TRY(auto const more, co_await add_more());
      if (!more) co_return std::size_t{0};
    }
    auto const count = text_.copy(buffer.data(), buffer.size(), sent_);
    sent_ += count;
    co_return count;
  }

  // Makes the first piece, so that what fails at once is an answer and not a broken stream.
  Async<> prime() {
    CO_CHECK(co_await add_more());
    co_return Result<void>{};
  }

 protected:
  virtual Async<bool> add_more() = 0;  // false: the end
  void add_line(std::string_view line) { text_.append(line).append(1, '\n'); }

 private:
  ExportSlot slot_;
  std::string text_;
  std::size_t sent_ = 0;
};

// The next page with all its details. Those that are pending are put in the other store first.
Async<EventPage> complete_page(Service& service, EventQuery query) {
  for (auto attempt = 0;; ++attempt) {
    CO_TRY(auto page, co_await service.list(query, page_deadline()));
    auto const pending = std::ranges::any_of(
        page.events, [](auto const& view) { return view.state == EventView::Details::pending; });
    if (!pending) co_return page;
    if (attempt == 2)
      co_return fail(Code::unavailable,
                     "The details of some events are still on their way; try again later.");
    for (auto moved = 1; moved > 0;) {
      CO_TRY(moved, co_await service.relay(page_deadline()));
    }
  }
}

class NdjsonStream final : public TextStream {
 public:
  NdjsonStream(ExportSlot slot, Service& service, Checkpoints& checkpoints, ExportHeader header)
      : TextStream{std::move(slot)},
        service_{service},
        checkpoints_{checkpoints},
        header_{std::move(header)} {
    query_.tenant = header_.checkpoint.tenant;
    query_.after = header_.first_sequence - 1;
    last_ = header_.checkpoint.size;
    add_line(header_line(header_, checkpoints_.key()));
  }

 private:
  Async<bool> add_more() override {
    if (ended_) co_return false;
    if (query_.after < last_) {
      CO_CHECK(co_await add_events());
    } else if (unnamed_.empty()) {
      ended_ = true;
      if (last_ > header_.checkpoint.size) add_line(checkpoint_line(closing_));
    } else {
      // Something was erased after the checkpoint: go on to its notice.
      CO_TRY(closing_, co_await checkpoints_.make(query_.tenant, page_deadline()));
      if (closing_.size == last_)
        co_return fail(Error{Code::internal}.with_cause("an erased event has no notice"));
      last_ = closing_.size;
    }
    co_return true;
  }

  Async<> add_events() {
    query_.limit = static_cast<int>(std::min<std::int64_t>(export_page_events, last_ - query_.after));
    CO_TRY(auto const page, co_await complete_page(service_, query_));
    if (page.events.empty() || page.events.front().event.facts.sequence != query_.after + 1)
      co_return fail(Code::gone, "The events went past their retention during the export.");
    for (auto const& view : page.events) {
      add_line(event_line(view));
      if (view.state == EventView::Details::redacted)
        unnamed_.insert(view.event.facts.id.str());
      else if (view.event.facts.type == redaction_type)
        forget_named(view.details);
    }
    query_.after = page.events.back().event.facts.sequence;
    co_return Result<void>{};
  }

  void forget_named(std::string const& details) {
    for (auto const& id : redacted_by(details)) unnamed_.erase(id.str());
  }

  Service& service_;
  Checkpoints& checkpoints_;
  ExportHeader header_;
  Checkpoint closing_;
  EventQuery query_;
  std::int64_t last_ = 0;                    // the event that ends what is signed so far
  std::unordered_set<std::string> unnamed_;  // erased, their notices yet to come
  bool ended_ = false;
};

class CsvStream final : public TextStream {
 public:
  CsvStream(ExportSlot slot, Service& service, EventQuery query)
      : TextStream{std::move(slot)}, service_{service}, query_{std::move(query)} {
    query_.limit = export_page_events;
    add_line("sequence,eventId,userId,eventType,timestamp,receivedAt,hash,details\r");
  }

 private:
  Async<bool> add_more() override {
    if (ended_) co_return false;
    CO_TRY(auto const page, co_await complete_page(service_, query_));
    ended_ = !page.more;
    for (auto const& view : page.events) {
      auto const& facts = view.event.facts;
      add_line(fmt::format("{},{},{},{},{},{},{},{}\r", facts.sequence, facts.id.str(),
                           csv_cell(view.event.user ? view.event.user->str() : ""), csv_cell(facts.type),
                           to_rfc3339(facts.at), to_rfc3339(facts.received_at), base64url(view.event.chain),
                           csv_cell(view.details)));
      query_.after = facts.sequence;
    }
    co_return true;
  }

  Service& service_;
  EventQuery query_;
  bool ended_ = false;
};

}  // namespace

std::string csv_cell(std::string_view text) {
  auto cell = std::string{"\""};
  // A leading apostrophe makes text of what a spreadsheet would run.
  if (!text.empty() && std::string_view{"=+-@\t\r\n"}.contains(text.front())) cell += '\'';
  for (auto const c : text) {
    if (c == '"') cell += '"';
    cell += c;
  }
  return cell += '"';
}

Async<std::shared_ptr<net::BodySource>> Exports::ndjson(TenantId tenant, Deadline deadline) {
  CO_TRY(auto slot, ExportSlot::take(running_));
  auto header = ExportHeader{};
  CO_TRY(header.checkpoint, co_await needs_.checkpoints.make(tenant, deadline));
  auto work = [&](sql::Transaction& tx) { return needs_.index.head(tx, tenant); };
  CO_TRY(auto const head, co_await needs_.database.read(Scope::tenant(tenant), work, deadline));
  header.first_sequence = head.first_sequence;
  header.chain_before = head.chain_before;
  auto stream =
      std::make_shared<NdjsonStream>(std::move(slot), needs_.service, needs_.checkpoints, std::move(header));
  CO_CHECK(co_await stream->prime());
  co_return std::shared_ptr<net::BodySource>{std::move(stream)};
}

Async<std::shared_ptr<net::BodySource>> Exports::csv(EventQuery query) {
  CO_TRY(auto slot, ExportSlot::take(running_));
  auto stream = std::make_shared<CsvStream>(std::move(slot), needs_.service, std::move(query));
  CO_CHECK(co_await stream->prime());
  co_return std::shared_ptr<net::BodySource>{std::move(stream)};
}

}  // namespace hoist::events

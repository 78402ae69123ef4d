#include "events/feature.hpp"

#include "base/log.hpp"
#include "base/try.hpp"
#include "events/background.hpp"

namespace hoist::events {
namespace {

constexpr auto start_time_max = std::chrono::seconds{30};

// Losing the key loses no events, only the means to sign new ones.
Result<Ed25519Key> load_or_create_key(Secrets& secrets, bool was_signed) {
  auto const pem = secrets.read(key_secret);
  if (pem) return Ed25519Key::from_pem(*pem);
  if (pem.error().code() != Code::not_found) return std::unexpected{pem.error()};
  if (was_signed)
    log::error(
        "keys/event_log.pem was removed: a new key signs from now on, so checkpoints and exports of "
        "before are verified with the old public key only");
  auto key = Ed25519Key::generate();
  CHECK(secrets.replace(key_secret, key.to_pem()));
  return key;
}

Result<std::unique_ptr<Marks>> open_marks(Secrets& secrets) {
  auto const text = secrets.read(marks_secret);
  if (!text && text.error().code() != Code::not_found) return std::unexpected{text.error()};
  return Marks::make(text ? *text : "",
                     [&secrets](std::string_view now) { return secrets.replace(marks_secret, now); });
}

// Without marks there is nothing to compare with, so their absence beside signed events is said.
Result<bool> has_checkpoints(sql::Database& database) {
  auto count = [](sql::Transaction& tx) { return tx.query("SELECT 1 FROM event_checkpoints LIMIT 1"); };
  auto look = std::function<Async<sql::Rows>()>{
      [&] { return database.read(Scope::system(), count, deadline_in(start_time_max)); }};
  TRY(auto const rows, run_to_end<sql::Rows>(look));
  return !rows.empty();
}

}  // namespace

Feature::Feature(Records const& records, Settings const& settings, Metrics& metrics, Ed25519Key key,
                 std::unique_ptr<Marks> marks)
    : cursors_{records.cursor_secret, "event cursors"},
      key_{std::move(key)},
      marks_{std::move(marks)},
      service_{records.database, records.event_index, records.event_details, records.wakeups, metrics},
      checkpoints_{{records.database, records.event_index, metrics}, key_, marks_.get()},
      retention_{{records.database, records.event_index, checkpoints_}, settings.retention},
      exports_{{records.database, records.event_index, service_, checkpoints_}},
      for_routes_{service_,      checkpoints_,     retention_,      exports_,
                  records.audit, records.database, records.wakeups, records.clock} {}

Result<std::unique_ptr<Feature>> Feature::make(Records const& records, Settings const& settings,
                                               Metrics& metrics) {
  TRY(auto marks, open_marks(records.secrets));
  TRY(auto const was_signed, has_checkpoints(records.database));
  if (was_signed && marks->all().empty())
    log::warn(
        "keys/event_marks.json is not there: whether events were taken away before this start cannot "
        "be told");
  TRY(auto key, load_or_create_key(records.secrets, was_signed || !marks->all().empty()));
  return std::unique_ptr<Feature>{new Feature{records, settings, metrics, std::move(key), std::move(marks)}};
}

void Feature::add_routes(net::Router& router) {
  auto options = RouteOptions{};
  options.cursors = cursors_;
  events::add_routes(router, for_routes_, std::move(options));
}

std::vector<Job> Feature::jobs() {
  return background_jobs(service_, checkpoints_, retention_);
}

Async<bool> Feature::stop(std::chrono::milliseconds grace) {
  CO_TRY(auto const recorded, co_await service_.drain(deadline_in(grace)));
  if (!recorded) log::warn("events are still being recorded: the grace was too short");
  co_return recorded;
}

}  // namespace hoist::events

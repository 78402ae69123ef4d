#include "adapters/sqlite/database.hpp"
#include "app/parts.hpp"
#include "base/hash.hpp"
#include "base/log.hpp"
#include "base/try.hpp"

namespace hoist::app {
namespace {

// The key that signs checkpoints. Losing it loses no events, only the means to sign new ones.
Result<SigningKey> load_or_create_key(DataFolder const& folder, bool was_signed) {
  auto const file = folder.path("keys/event_log.pem");
  auto const pem = read_secret_file(file);
  if (pem) return SigningKey::from_pem(*pem);
  if (pem.error().code() != Code::not_found) return std::unexpected{pem.error()};
  if (was_signed)
    log::error(
        "keys/event_log.pem was removed: a new key signs from now on, so checkpoints and exports of "
        "before are verified with the old public key only");
  auto key = SigningKey::generate();
  CHECK(write_secret_file(file, key.to_pem()));
  return key;
}

Result<std::unique_ptr<events::Marks>> open_marks(DataFolder const& folder) {
  auto const file = folder.path(events_marks_file);
  auto const text = read_secret_file(file);
  if (!text && text.error().code() != Code::not_found) return std::unexpected{text.error()};
  return events::Marks::make(text ? *text : "",
                             [file](std::string_view now) { return write_secret_file(file, now); });
}

// Without marks there is nothing to compare with, so their absence beside signed events is said.
Result<bool> has_checkpoints(sql::Database& database) {
  auto count = [](sql::Transaction& tx) { return tx.query("SELECT 1 FROM event_checkpoints LIMIT 1"); };
  auto look = std::function<Async<sql::Rows>()>{
      [&] { return database.read(system_scope(), count, start_deadline()); }};
  TRY(auto const rows, run_to_end<sql::Rows>(look));
  return !rows.empty();
}

}  // namespace

Result<void> wire_events(App::Parts& parts) {
  auto options = sqlite::Options{};
  options.path = parts.folder.path("details.db");
  options.writer_cache_kib = 8'192;  // it appends; the rest is in the system's cache
  TRY(parts.details_database, sqlite::open_database(std::move(options), parts.metrics));
  TRY(parts.event_details, sql_engine::EventDetails::open(*parts.details_database));
  TRY(parts.event_marks, open_marks(parts.folder));
  TRY(auto const was_signed, has_checkpoints(*parts.database));
  if (was_signed && parts.event_marks->all().empty())
    log::warn(
        "keys/event_marks.json is not there: whether events were taken away before this start cannot "
        "be told");
  TRY(auto key, load_or_create_key(parts.folder, was_signed || !parts.event_marks->all().empty()));
  parts.event_key = std::make_unique<SigningKey>(std::move(key));
  parts.events = std::make_unique<events::Service>(*parts.database, parts.event_index, *parts.event_details,
                                                   parts.broadcast, parts.clock, parts.metrics);
  parts.checkpoints =
      std::make_unique<events::Checkpoints>(*parts.events, *parts.event_key, parts.event_marks.get());
  auto const standard = std::chrono::days{parts.config.events.retention_days};
  parts.retention = std::make_unique<events::Retention>(*parts.events, *parts.checkpoints, standard);
  auto route_options = events::RouteOptions{};
  route_options.cursor_key = hmac_sha256(parts.credentials.signer.secret_access_key, "event cursors");
  events::add_routes(*parts.router, {*parts.events, *parts.checkpoints, *parts.retention, parts.audit},
                     std::move(route_options));
  return {};
}

}  // namespace hoist::app

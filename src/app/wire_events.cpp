#include "adapters/sqlite/database.hpp"
#include "app/parts.hpp"
#include "base/hash.hpp"
#include "base/try.hpp"

namespace hoist::app {
namespace {

// The key that signs checkpoints. Losing it loses no events, only the means to sign new ones.
Result<SigningKey> load_or_create_key(DataFolder const& folder) {
  auto const file = folder.path("keys/event_log.pem");
  auto const pem = read_secret_file(file);
  if (pem) return SigningKey::from_pem(*pem);
  if (pem.error().code() != Code::not_found) return std::unexpected{pem.error()};
  auto key = SigningKey::generate();
  CHECK(write_secret_file(file, key.to_pem()));
  return key;
}

}  // namespace

Result<void> wire_events(App::Parts& parts) {
  auto options = sqlite::Options{};
  options.path = parts.folder.path("details.db");
  options.writer_cache_kib = 8'192;  // it appends; the rest is in the system's cache
  TRY(parts.details_database, sqlite::open_database(std::move(options), parts.metrics));
  TRY(parts.event_details, sql::EventDetails::open(*parts.details_database));
  TRY(auto key, load_or_create_key(parts.folder));
  parts.event_key = std::make_unique<SigningKey>(std::move(key));
  parts.events = std::make_unique<events::Service>(*parts.database, parts.event_index, *parts.event_details,
                                                   parts.broadcast, parts.clock, parts.metrics);
  parts.checkpoints = std::make_unique<events::Checkpoints>(*parts.events, *parts.event_key);
  auto const standard = std::chrono::days{parts.config.events.retention_days};
  parts.retention = std::make_unique<events::Retention>(*parts.events, *parts.checkpoints, standard);
  auto route_options = events::RouteOptions{};
  route_options.cursor_key = hmac_sha256(parts.credentials.signer.secret_access_key, "event cursors");
  events::add_routes(*parts.router, {*parts.events, *parts.checkpoints, *parts.retention, parts.audit},
                     std::move(route_options));
  return {};
}

}  // namespace hoist::app

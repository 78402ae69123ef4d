#include <thread>

#include "app/parts.hpp"
#include "base/log.hpp"
#include "base/try.hpp"
#include "tenants/operator.hpp"
#include "tenants/routes.hpp"
#include "uploads/routes.hpp"
#include "uploads/usage.hpp"

namespace hoist::app {
namespace {

// A worker renews it while it works; after a crash its files wait this long at the most.
constexpr auto lease = std::chrono::seconds{15};
constexpr auto cli_token_life = std::chrono::hours{24 * 7};

Result<void> wire_uploads(App::Parts& parts) {
  auto options = sigv4::PresignerOptions{};
  options.base_url = parts.objects_url;
  options.region = parts.config.objects.region;
  options.credentials = {parts.credentials.signer.access_key_id, parts.credentials.signer.secret_access_key};
  TRY(auto presigner, sigv4::Presigner::open(std::move(options)));
  parts.presigner = std::make_unique<sigv4::Presigner>(std::move(presigner));
  auto ports =
      uploads::Ports{*parts.database,    *parts.queue, *parts.objects,  *parts.listener,     *parts.presigner,
                     *parts.idempotency, parts.audit,  parts.broadcast, *parts.tenant_table, *parts.scanner,
                     parts.stages,       parts.clock,  parts.metrics};
  parts.uploads = std::make_unique<uploads::Service>(ports, parts.upload_options);
  parts.ledger = std::make_unique<uploads::Ledger>(
      uploads::Ledger::Needs{*parts.database, parts.broadcast, *parts.tenant_table, parts.stages,
                             parts.clock},
      parts.upload_options);
  parts.feed = std::make_unique<uploads::Feed>(*parts.uploads);
  parts.watchdog = std::make_unique<uploads::Watchdog>(*parts.uploads);
  uploads::complete_by_itself(*parts.listener, *parts.uploads, parts.runtime->next_executor());
  auto policy = uploads::processing_policy(parts.upload_options, parts.broadcast, parts.clock);
  policy.attempts_max = parts.config.processing.attempts_max;
  CHECK(parts.queue->declare(parts.upload_options.queue, std::move(policy)));
  uploads::add_routes(*parts.router, *parts.feed, [&parts](Caller caller) {
    return parts.authenticator->still_valid(std::move(caller), deadline_in(std::chrono::seconds{5}));
  });
  return {};
}

Result<void> wire_tenants(App::Parts& parts) {
  parts.usage = uploads::make_tenant_usage();
  parts.tenants = std::make_unique<tenants::Service>(
      tenants::Service::Needs{*parts.database, *parts.tenant_table, parts.audit, parts.audit, *parts.usage,
                              *parts.authenticator, *parts.keys, *parts.tickets, parts.clock});
  tenants::add_routes(*parts.router, *parts.tenants);
  auto desk = tenants::Operator{{*parts.database, *parts.tenant_table, parts.audit, parts.clock}};
  auto first = std::function<Async<tenants::Tenant>()>{[&] { return desk.ensure_first(start_deadline()); }};
  TRY(auto const tenant, run_to_end<tenants::Tenant>(first));
  parts.first_tenant = tenant.id;
  return run_to_end<void>([&] { return make_cli_token(parts, start_deadline()); });
}

Result<void> wire_scanner(App::Parts& parts) {
  auto socket = parts.config.scanner.socket;
  if (socket.empty()) {
    auto options = clamd::DaemonOptions{};
    options.folder = parts.folder.path("clamd");
    options.signatures = parts.config.scanner.signatures;
    options.file_bytes_max = parts.config.uploads.file_bytes_max;
    TRY(parts.clamd, clamd::Daemon::start(std::move(options)));
    socket = parts.clamd->socket();
  }
  auto options = clamd::ScannerOptions{};
  options.socket = std::move(socket);
  parts.scanner = clamd::make_scanner(std::move(options), parts.metrics);
  return {};
}

}  // namespace

Async<> make_cli_token(App::Parts& parts, Deadline deadline) {
  auto desk = tenants::Operator{{*parts.database, *parts.tenant_table, parts.audit, parts.clock}};
  auto wanted = tenants::TokenRequest{parts.first_tenant, UserId{"console"}, Role::admin, cli_token_life};
  auto const now = parts.clock.now();
  auto minted = co_await desk.mint_token(*parts.keys, wanted, deadline);
  // A full disk must not keep the server from starting.
  if (!minted)
    log::error("the command line's token is missing in the audit trail",
               {{"cause", minted.error().to_string()}});
  parts.cli_token = minted ? *std::move(minted)
                           : parts.keys->mint(wanted.tenant, wanted.user, wanted.role, wanted.lifetime, now);
  parts.cli_token_made_at = now;
  co_return Result<void>{};
}

Result<void> wire_features(App::Parts& parts) {
  CHECK(wire_scanner(parts));
  CHECK(wire_uploads(parts));
  return wire_tenants(parts);
}

Result<void> wire_processing(App::Parts& parts) {
  auto const cores = std::max(1U, std::thread::hardware_concurrency());
  auto const jobs = parts.config.processing.workers > 0
                        ? static_cast<std::size_t>(parts.config.processing.workers)
                        : std::size_t{cores};
  auto media_options = vips::MediaOptions{};
  media_options.children = jobs;
  TRY(parts.media, vips::open_media(std::move(media_options), parts.metrics));
  auto options = processing::WorkerOptions{};
  options.jobs_max = static_cast<int>(jobs);
  options.visibility = lease;
  options.quarantine_bucket = parts.config.objects.quarantine_bucket;
  options.queue = parts.upload_options.queue;
  options.spool_folder = parts.folder.path("spool");
  auto ports = processing::Ports{*parts.ledger, *parts.objects, *parts.scanner,
                                 *parts.media,  parts.clock,    parts.metrics};
  parts.worker = std::make_unique<processing::Worker>(*parts.queue, ports, std::move(options));
  return {};
}

}  // namespace hoist::app

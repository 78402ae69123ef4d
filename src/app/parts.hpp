// Every part of a running Hoist, in the order in which they are built: each needs only those above
// it, so they are destroyed safely from the bottom.
#pragma once

#include <memory>
#include <optional>

#include "adapters/clamd/daemon.hpp"
#include "adapters/clamd/scanner.hpp"
#include "adapters/disk/object_store.hpp"
#include "adapters/memory/broadcast.hpp"
#include "adapters/memory/rate_limiter.hpp"
#include "adapters/sigv4/presigner.hpp"
#include "adapters/sql/audit.hpp"
#include "adapters/sql/event_details.hpp"
#include "adapters/sql/event_index.hpp"
#include "adapters/sql/idempotency.hpp"
#include "adapters/sql/queue.hpp"
#include "adapters/vips/media.hpp"
#include "app/app.hpp"
#include "app/data_folder.hpp"
#include "app/ops_routes.hpp"
#include "app/queue_clock.hpp"
#include "app/storage_watch.hpp"
#include "app/witness.hpp"
#include "base/pool.hpp"
#include "base/runtime.hpp"
#include "events/background.hpp"
#include "events/marks.hpp"
#include "events/routes.hpp"
#include "net/router.hpp"
#include "net/server.hpp"
#include "processing/worker.hpp"
#include "s3api/s3api.hpp"
#include "tasks/command.hpp"
#include "tasks/processor.hpp"
#include "tasks/service.hpp"
#include "tenants/authenticator.hpp"
#include "tenants/gate.hpp"
#include "tenants/key_ring.hpp"
#include "tenants/service.hpp"
#include "tenants/tenant_table.hpp"
#include "uploads/feed.hpp"
#include "uploads/ledger.hpp"
#include "uploads/listener.hpp"
#include "uploads/service.hpp"
#include "uploads/watchdog.hpp"

namespace hoist::app {

struct App::Parts {
  Parts(Config configuration, DataFolder data) : config{std::move(configuration)}, folder{std::move(data)} {}

  // One a thread: what is spread over them uses all cores.
  [[nodiscard]] std::vector<asio::any_io_executor> executors() const;

  Config config;
  DataFolder folder;
  bool accept_loss = false;
  std::unique_ptr<Witness> witness;  // before the databases, which are closed when it says so
  S3Credentials credentials;
  SystemClock clock;
  Metrics metrics;
  std::unique_ptr<Runtime> runtime;
  std::unique_ptr<Pool> files;

  // wire_storage.cpp
  std::unique_ptr<sql::Database> database;
  std::unique_ptr<QueueClock> queue_clock;  // somebody setting the wall clock redelivers nothing
  std::unique_ptr<Queue> queue;
  memory::Broadcast broadcast;
  uploads::Stages stages;
  std::unique_ptr<sql_engine::SqlIdempotency> idempotency;
  sql_engine::AuditLog audit;
  std::unique_ptr<disk::Objects> objects;
  std::unique_ptr<StorageWatch> storage;
  std::unique_ptr<uploads::ObjectListener> listener;

  // wire_http.cpp
  std::unique_ptr<tenants::KeyRing> keys;
  std::unique_ptr<tenants::TenantTable> tenant_table;
  std::unique_ptr<tenants::Authenticator> authenticator;
  std::unique_ptr<tenants::Tickets> tickets;
  memory::RateLimiter limiter;
  std::unique_ptr<tenants::Gate> gate;
  std::size_t connections_max = 0;  // of each listener
  std::shared_ptr<net::BodyBudget> bodies;
  std::unique_ptr<net::Router> router;
  std::unique_ptr<s3api::Keyring> s3_keys;
  std::unique_ptr<s3api::S3Api> s3;
  std::unique_ptr<net::Server> objects_server;
  std::unique_ptr<net::Server> api_server;
  std::string api_url;
  std::string objects_url;
  Operations operations;

  // wire_features.cpp
  std::unique_ptr<clamd::Daemon> clamd;
  std::unique_ptr<Scanner> scanner;
  std::unique_ptr<sigv4::Presigner> presigner;
  uploads::Options upload_options;
  std::unique_ptr<uploads::Service> uploads;
  std::unique_ptr<uploads::Ledger> ledger;
  std::unique_ptr<uploads::Feed> feed;
  std::unique_ptr<uploads::Watchdog> watchdog;
  std::unique_ptr<TenantUsage> usage;
  std::unique_ptr<tenants::Service> tenants;
  std::unique_ptr<Media> media;
  std::unique_ptr<processing::Worker> worker;

  // wire_events.cpp
  std::unique_ptr<sql::Database> details_database;  // apart from the index: either may fail alone
  sql_engine::EventIndex event_index;
  std::unique_ptr<sql_engine::EventDetails> event_details;
  std::unique_ptr<SigningKey> event_key;
  std::unique_ptr<events::Marks> event_marks;
  std::unique_ptr<events::Service> events;
  std::unique_ptr<events::Checkpoints> checkpoints;
  std::unique_ptr<events::Retention> retention;

  // wire_tasks.cpp
  std::unique_ptr<tasks::Service> tasks;
  std::unique_ptr<tasks::CommandThreads> task_commands;
  std::unique_ptr<tasks::Processor> task_processor;

  bool check_pages_later = false;
  std::optional<Witness::Use> in_use;  // ends before any database does
  std::unique_ptr<Periodic> periodic;
  TenantId first_tenant;
  std::string cli_token;  // for the command line on this machine
  Time cli_token_made_at;
};

// The steps of App::open, in order. Errors: what keeps the server from starting.
Result<void> wire_storage(App::Parts& parts);
Result<void> wire_witness(App::Parts& parts);  // when every database is open
Async<> check_pages_behind(App::Parts& parts);
Result<void> wire_http(App::Parts& parts);
Result<void> wire_features(App::Parts& parts);
Result<void> wire_processing(App::Parts& parts);
Result<void> wire_events(App::Parts& parts);
Result<void> wire_tasks(App::Parts& parts);
Result<void> wire_task_processor(App::Parts& parts);  // of wire_tasks, for hosts without routes
void add_periodic_jobs(App::Parts& parts);
Async<> make_cli_token(App::Parts& parts, Deadline deadline);

[[nodiscard]] Deadline start_deadline();

}  // namespace hoist::app

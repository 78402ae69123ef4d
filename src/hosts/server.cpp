#include "hosts/server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <limits>

#include "adapters/s3/objects.hpp"
#include "adapters/vips/media.hpp"
#include "base/resources.hpp"
#include "base/try.hpp"
#include "dead_letters/feature.hpp"
#include "events/feature.hpp"
#include "hosts/check_settings.hpp"
#include "hosts/listeners.hpp"
#include "hosts/object_events.hpp"
#include "hosts/open_engine.hpp"
#include "processing/feature.hpp"
#include "tasks/ends.hpp"
#include "tasks/feature.hpp"
#include "uploads/usage.hpp"

namespace hoist::hosts {
namespace {

constexpr auto ready_answers_within = std::chrono::seconds{1};
constexpr auto start_time_max = std::chrono::seconds{30};
constexpr auto gauges_interval = std::chrono::seconds{2};
constexpr auto memory_interval = std::chrono::seconds{10};
// A worker renews it while it works; after a crash its files wait this long at the most.
constexpr auto processing_lease = std::chrono::seconds{15};

}  // namespace

Server::Server(Config config) : config_{std::move(config)}, host_{config_.server.threads} {
  auto& server = config_.server;
  if (server.role == ProcessRole::api) config_.tasks.processor.workers = 0;
  if (server.role != ProcessRole::worker) return;
  server.routes = {"GET /metrics"};  // beside those of its health
}

Result<std::unique_ptr<Server>> Server::open(Config config, bool accept_loss) {
  CHECK(check_settings(config));
  auto server = std::unique_ptr<Server>{new Server{std::move(config)}};
  TRY(server->engine_, open_engine(server->config_, Mode::serve, server->host_.metrics(), accept_loss));
  if (accept_loss) CHECK(server->engine_->records().secrets.replace(tasks::ends_secret, ""));
  CHECK(server->open_api());
  CHECK(server->open_objects());
  CHECK(server->open_features());
  server->add_operations();
  return server;
}

// Bound before anything is wired to it: the ports that were got are told to the rest.
Result<void> Server::open_api() {
  TRY(tenants_, tenants::Feature::make(engine_->records(), config_.tenants, uploads::make_tenant_usage(),
                                       engine_->path("keys/tokens")));
  TRY(connections_max_, connections_max(config_));
  bodies_ = std::make_shared<net::BodyBudget>(config_.server.body_memory_bytes);
  auto options = net::Router::Options{};
  options.bodies = bodies_;
  options.cors_origins = config_.server.cors_origins;
  options.language = config_.server.language;
  options.only = config_.server.routes;
  if (!options.only.empty())
    for (auto const* always : {"GET /health", "GET /ready"}) options.only.emplace_back(always);
  router_ = std::make_unique<net::Router>(std::move(options), tenants_->gate(), host_.metrics());
  auto const listener = Listener{"api", config_.server.listen, config_.server.public_url};
  TRY(api_server_, listen(config_, listener, connections_max_, host_.runtime(), *router_, host_.metrics()));
  api_url_ = url_of(config_, listener, api_server_->port());
  return {};
}

Result<void> Server::open_objects() {
  auto options = config_.uploads;
  if (!config_.s3.endpoint.empty()) {
    options.store_reports = false;
    options.store_part_bytes_min = s3::part_bytes_min;
  }
  options.room = [engine = engine_.get()] {
    auto const space = engine->space();
    return space ? space->room() : std::numeric_limits<std::int64_t>::max();
  };
  intake_ = uploads::make_intake(engine_->records(), std::move(options));
  TRY(auto stores, engine_->open_objects(intake_->arrivals(), intake_->recovery()));
  stores_.emplace(std::move(stores));
  if (stores_->served == nullptr) return {};
  TRY(objects_,
      ObjectEndpoint::open(config_, {*stores_->served, stores_->clock, engine_->s3_credentials(), bodies_,
                                     api_url_, connections_max_, host_.runtime(), host_.metrics()}));
  return {};
}

Result<void> Server::open_features() {
  auto& metrics = host_.metrics();
  TRY(scanning_, Scanning::start(config_, engine_->path("clamd"), metrics));
  auto const needs = uploads::Needs{tenants_->limits(), tenants_->callers(),
                                    objects_ ? objects_->presigner() : stores_->direct->presigner,
                                    scanning_->scanner(), config_.processing.attempts_max};
  TRY(uploads_, uploads::Feature::make(*stores_, *intake_, needs, metrics));
  TRY(events_, events::Feature::make(*stores_, config_.events, metrics));
  TRY(tasks_, tasks::Feature::make(*stores_, config_.tasks, ports(), metrics));
  dead_letters_ = std::make_unique<dead_letters::Feature>(*stores_);
  access_ = std::make_unique<LocalAccess>(*tenants_, stores_->clock, engine_->path(cli_file),
                                          LocalAccess::Addresses{api_url_, objects_url(), ports()});
  for (auto* feature : std::initializer_list<Feature*>{tenants_.get(), uploads_.get(), events_.get(),
                                                       tasks_.get(), dead_letters_.get()}) {
    feature->add_routes(*router_);
    host_.add(*feature);
  }
  add_object_events_route(*router_, uploads_->store_news(), config_.objects.events_token);
  return {};
}

Result<void> Server::open_processing() {
  auto const jobs = config_.processing.workers > 0 ? config_.processing.workers : cores();
  auto media_options = vips::MediaOptions{};
  media_options.children = jobs;
  TRY(media_, vips::open_media(std::move(media_options), host_.metrics()));
  auto options = processing::WorkerOptions{};
  options.jobs_max = static_cast<int>(jobs);
  options.visibility = processing_lease;
  options.quarantine_bucket = config_.uploads.quarantine_bucket;
  options.queue = config_.uploads.queue;
  options.spool_folder = engine_->path("spool");
  auto const ports = processing::Ports{uploads_->ledger(), stores_->objects, scanning_->scanner(), *media_,
                                       stores_->clock,     host_.metrics()};
  processing_ = std::make_unique<processing::Feature>(stores_->consumer, ports, std::move(options));
  host_.add(*processing_);
  return {};
}

void Server::add_operations() {
  operations_.health = [this] { return health(); };
  operations_.space = [this] { return engine_->space(); };
  operations_.reach_database = [this] {
    auto const ask = [](sql::Transaction& tx) -> Result<void> {
      CHECK(tx.query("SELECT 1"));
      return {};
    };
    return engine_->records().database.read(Scope::system(), ask, deadline_in(ready_answers_within));
  };
  operations_.damaged = [this] { return engine_->damaged(); };
  operations_.objects_origin = objects_url();
  operations_.metrics_open = config_.server.metrics_open;
  add_ops_routes(*router_, operations_, host_.metrics());
}

json::object Server::health() const {
  return {{"status", "ok"},
          {"version", HOIST_VERSION},
          {"durability", engine_->durability()},
          {"ready", operations_.ready.load()},
          {"scanner", scanning_->describe()}};
}

std::set<std::uint16_t> Server::ports() const {
  auto ports = std::set{api_server_->port()};
  if (!objects_) return ports;
  if (auto const port = objects_->port()) ports.insert(*port);
  return ports;
}

std::vector<Job> Server::jobs() {
  auto bodies = host_.metrics().gauge("hoist_http_body_bytes", "Memory held by the bodies of requests");
  auto measure = [this, bodies]() mutable -> Async<bool> {
    bodies.set(static_cast<double>(bodies_->held()));
    co_return false;
  };
  // Allocators keep what a burst needed, each thread its own.
  auto release = [this]() -> Async<bool> {
    for (std::size_t i = 0; i < host_.runtime().threads(); ++i)
      asio::post(host_.runtime().context(i), [] { release_free_memory(); });
    co_return false;
  };
  return {{"gauges", gauges_interval, measure}, {"memory", memory_interval, release}};
}

Result<void> Server::start() {
  auto const answers = config_.server.role != ProcessRole::worker;
  if (config_.server.role != ProcessRole::api) CHECK(open_processing());
  if (answers) {
    CHECK(run_to_end<void>([&] { return access_->renew(deadline_in(start_time_max)); }));
    host_.add(access_->jobs());
  }
  for (auto list : {jobs(), engine_->jobs(), scanning_->jobs()}) host_.add(std::move(list));
  host_.start(true, [this] { return engine_->leads(); });
  engine_->start(host_.runtime().next_executor());
  if (objects_) objects_->start();
  api_server_->start();
  operations_.ready = true;
  return {};
}

void Server::stop() {
  operations_.ready = false;
  api_server_->stop(config_.server.shutdown_grace);
  if (objects_) objects_->stop(config_.server.shutdown_grace);
  (void)run_to_end<bool>([&] { return engine_->drain(deadline_in(config_.server.shutdown_grace)); });
  host_.stop(config_.server.shutdown_grace);
}

}  // namespace hoist::hosts

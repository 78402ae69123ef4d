#include "hosts/events_function.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "base/try.hpp"
#include "hosts/open_engine.hpp"
#include "uploads/usage.hpp"

namespace hoist::hosts {
namespace {

constexpr auto data_folder = "/tmp/hoist";  // the one place where a function may write
constexpr auto relay_job = "event details";
constexpr auto stop_grace = std::chrono::seconds{2};

}  // namespace

Result<Config> events_function_config(FunctionEnvironment environment) {
  if (!environment.contains("HOIST_SERVER_ENGINE")) {
    if (environment.contains("HOIST_EVENTS_INDEX_HOST"))
      return fail(Code::not_implemented,
                  "HOIST_EVENTS_INDEX_HOST names a SQL Server, which this build has no engine for. To try "
                  "the function, "
                  "HOIST_SERVER_ENGINE=memory keeps the index in each of its processes.");
    return fail(Code::invalid, "HOIST_SERVER_ENGINE must say where the index is kept: memory or embedded.");
  }
  auto sources = ConfigSources{};
  sources.environment = std::move(environment);
  if (!sources.environment.contains("HOIST_SERVER_DATA"))
    sources.settings = {std::string{"server.data="} + data_folder};
  return load_config(sources);
}

Result<std::unique_ptr<EventsFunction>> EventsFunction::open(Config config) {
  auto function = std::unique_ptr<EventsFunction>{new EventsFunction{std::move(config)}};
  TRY(function->engine_, open_engine(function->config_, Mode::serve, function->host_.metrics()));
  log::warn("the index of events is in this process or its folder alone");
  CHECK(function->open_features());
  function->host_.start(false);
  return function;
}

Result<void> EventsFunction::open_features() {
  auto& metrics = host_.metrics();
  auto const records = engine_->records();
  TRY(tenants_, tenants::Feature::make(records, config_.tenants, uploads::make_tenant_usage(),
                                       engine_->path("keys/tokens")));
  gate_ = std::make_unique<GatewayGate>(tenants_->gate(), tenants_->first());
  auto options = net::Router::Options{};
  options.cors_origins = config_.server.cors_origins;
  options.language = config_.server.language;
  options.only = {"POST /events", "GET /events/{userId}"};
  router_ = std::make_unique<net::Router>(std::move(options), *gate_, metrics);
  TRY(events_, events::Feature::make(records, config_.events, metrics));
  events_->add_routes(*router_);
  host_.add(*events_);
  jobs_ = events_->jobs();
  std::erase_if(jobs_, [](Job const& job) { return job.name != relay_job; });
  return {};
}

EventsFunction::~EventsFunction() {
  host_.stop(stop_grace);
}

Async<std::string> EventsFunction::invoke(aws::Invocation invocation) {
  co_return co_await answer_http(*router_, std::move(invocation));
}

asio::awaitable<void> EventsFunction::after_answer(Deadline deadline) {
  for (auto& job : jobs_) {
    if (std::chrono::steady_clock::now() >= deadline) co_return;
    if (auto const done = co_await job.run(); !done)
      log::warn("details of events wait for their table", {{"cause", done.error().to_string()}});
  }
}

}  // namespace hoist::hosts

#include "hosts/events_function.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "base/try.hpp"
#include "hosts/open_engine.hpp"
#include "uploads/usage.hpp"

namespace hoist::hosts {
namespace {

constexpr auto role_name = "events-api";
constexpr auto data_folder = "/tmp/hoist";  // the one place where a function may write
constexpr auto relay_job = "event details";
constexpr auto stop_grace = std::chrono::seconds{2};
constexpr auto envelope_bytes = std::size_t{64} << 10;  // of an answer around its body

std::size_t body_bytes_max() {
  return (aws::payload_bytes_max - envelope_bytes) / 4 * 3;  // it may have to be base64
}

}  // namespace

Result<Config> function_config(std::map<std::string, std::string> environment) {
  auto const role = environment.find("HOIST_FUNCTION");
  if (role == environment.end() || role->second != role_name)
    return fail(Code::invalid,
                std::string{"HOIST_FUNCTION must be "} + role_name + ", the one function that there is.");
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

Result<void> EventsFunction::run(std::string_view runtime_api) {
  return run_to_end<void>([&]() -> Async<> {
    auto loop = aws::RuntimeLoop{runtime_api, clock_, *this};
    co_return co_await loop.run();
  });
}

Async<std::string> EventsFunction::invoke(aws::Invocation invocation) {
  CO_TRY(auto const event, parse_json(invocation.event, {.depth_max = 64}));
  auto const* object = event.if_object();
  if (object == nullptr) co_return fail(Code::invalid, "The event is no JSON object.");
  CO_TRY(auto read, aws::read_http_event(*object, invocation.trace));
  if (!read) co_return fail(Code::invalid, "This function answers HTTP requests, and the event is none.");
  read->parts.deadline = invocation.deadline;
  read->parts.caller.credential_id = read->gateway_key;
  auto const answer = co_await net::answer_in_process(*router_, std::move(read->parts), body_bytes_max());
  co_return json::serialize(aws::write_http_answer(read->shape, answer));
}

asio::awaitable<void> EventsFunction::after_answer(Deadline deadline) {
  for (auto& job : jobs_) {
    if (std::chrono::steady_clock::now() >= deadline) co_return;
    if (auto const done = co_await job.run(); !done)
      log::warn("details of events wait for their table", {{"cause", done.error().to_string()}});
  }
}

}  // namespace hoist::hosts

#include "uploads/test_world.hpp"

#include <fmt/format.h>

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/try.hpp"
#include "support/whole_answer.hpp"
#include "uploads/ticket_routes.hpp"

namespace hoist::uploads {
namespace {

using namespace std::chrono_literals;

sigv4::Presigner make_presigner() {
  auto presigner = sigv4::Presigner::open(
      {"http://127.0.0.1:9000", "us-east-1", {"AKIDEXAMPLE", "a-secret-of-the-tests"}});
  return std::move(*presigner);
}

std::vector<std::pair<std::string, std::string>> parse_query(std::string_view text) {
  auto query = std::vector<std::pair<std::string, std::string>>{};
  while (!text.empty()) {
    auto const end = std::min(text.find('&'), text.size());
    auto const pair = text.substr(0, end);
    auto const equals = std::min(pair.find('='), pair.size());
    query.emplace_back(
        pair.substr(0, equals),
        percent_decode(pair.substr(std::min(equals + 1, pair.size()))).value_or(std::string{}));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return query;
}

}  // namespace

std::string text_of(json::value const& value) {
  return std::string{value.as_string().data(), value.as_string().size()};
}

Deadline soon() {
  return deadline_in(10s);
}

Result<TenantLimits> TestLimits::limits(sql::Transaction&, TenantId const& tenant) {
  auto const found = by_tenant.find(tenant);
  return found == by_tenant.end() ? TenantLimits{} : found->second;
}

World::World(Options given, testing::TestDatabase::Kind kind)
    : options{std::move(given)},
      database{kind, clock},
      objects{{options.bucket, options.quarantine_bucket}, clock, 1},
      presigner{make_presigner()},
      follower{options},
      intake{queue.outbox(), &journal, options},
      uploads{ports_over(objects, objects), intake},
      router{net::Router::Options{}, gate, metrics} {
  auto const declared =
      queue.registry().declare(options.queue, processing_policy(QueuePolicy{}.attempts_max), &follower);
  EXPECT_TRUE(declared);
  add_routes(router, uploads.for_routes({}));
  add_ticket_routes(router, {uploads.upload_tickets, this->options});
}

Ports World::ports_over(ObjectStore& store, Multiparts& multiparts) {
  return {*database, queue.outbox(), queue.joint(), store,   multiparts, presigner, idempotency,
          audit,     wakeups,        limits,        scanner, clock,      metrics};
}

World::~World() = default;

net::Request World::request(std::string method, std::string target, std::string body, std::string who,
                            net::Headers headers) {
  auto request = net::Request{};
  request.method = std::move(method);
  request.target = target;
  auto const question = std::min(target.find('?'), target.size());
  request.path = target.substr(0, question);
  request.query = parse_query(std::string_view{target}.substr(std::min(question + 1, target.size())));
  request.headers = std::move(headers);
  auto const first = who.find(' ');
  auto const second = who.find(' ', first + 1);
  request.headers.add("x-test-tenant", who.substr(0, first));
  request.headers.add("x-test-user", who.substr(first + 1, second - first - 1));
  request.headers.add("x-test-role", who.substr(second + 1));
  if (!body.empty()) request.headers.add("Content-Type", "application/json");
  request.body = std::move(body);
  request.request_id = "request-1";
  request.deadline = soon();
  return request;
}

net::Response World::call(std::string method, std::string target, std::string body, std::string who,
                          net::Headers headers) {
  auto asked =
      request(std::move(method), std::move(target), std::move(body), std::move(who), std::move(headers));
  auto answer = run_to_end<net::Response>([&]() -> Async<net::Response> {
    auto response = co_await router.handle(std::move(asked));
    co_return co_await hoist::testing::whole(std::move(response));
  });
  return std::move(*answer);
}

json::value World::ok(int status, std::string method, std::string target, std::string body, std::string who,
                      net::Headers headers) {
  auto const response = call(std::move(method), target, std::move(body), std::move(who), std::move(headers));
  EXPECT_EQ(response.status, status) << target << "\n" << response.body;
  auto parsed = parse_json(response.body);
  EXPECT_TRUE(parsed) << response.body;
  return parsed ? *parsed : json::value{};
}

std::string World::create(std::int64_t size, std::string who, std::string query) {
  auto const body = fmt::format(
      R"({{"project_id":"site-1","filename":"a.jpg","content_type":"image/jpeg","size":{}}})", size);
  auto const answer = ok(201, "POST", "/uploads" + query, body, std::move(who));
  auto const* upload = answer.is_object() ? answer.get_object().if_contains("upload") : nullptr;
  return upload == nullptr ? std::string{} : text_of(upload->at("id"));
}

Result<void> World::put(std::string const& key, std::string bytes, std::string content_type) {
  auto object = ObjectInfo{};
  object.ref = {options.bucket, key};
  object.size = std::ssize(bytes);
  object.content_type = content_type;
  object.sha256 = sha256(bytes);
  CHECK(testing::write_now(*database,
                           [&](sql::Transaction& tx) { return intake.arrivals().on_created(tx, object); }));
  return wait([&]() -> Async<> {
    CO_TRY(auto writer, co_await objects.create(object.ref, object.size, soon()));
    CO_CHECK(co_await writer->write(bytes));
    CO_CHECK(co_await writer->commit({.content_type = content_type}));
    co_return Result<void>{};
  });
}

Result<void> World::put_upload(std::string const& id, std::string bytes, std::string tenant) {
  return put(tenant + "/site-1/uploads/" + id, std::move(bytes));
}

Result<void> World::put_part(std::string const& id, int number, std::string bytes, std::string tenant) {
  auto const upload = stored(id, tenant);
  auto const ref = ObjectRef{options.bucket, key_of(upload)};
  auto const part = PartInfo{.number = number, .size = std::ssize(bytes)};
  CHECK(testing::write_now(*database, [&](sql::Transaction& tx) {
    return intake.arrivals().on_part(tx, ref, upload.multipart_id, part);
  }));
  return wait([&]() -> Async<> {
    CO_TRY(auto writer, co_await objects.create_part(ref, upload.multipart_id, number, soon()));
    CO_CHECK(co_await writer->write(bytes));
    CO_CHECK(co_await writer->commit({}));
    co_return Result<void>{};
  });
}

Result<void> World::process(std::string const& id, std::string tenant) {
  return wait([&]() -> Async<> {
    CO_TRY(auto const job, co_await uploads.ledger.begin(TenantId{tenant}, UploadId{id}, 1, soon()));
    if (!job) co_return fail(Code::conflict, "no job");
    auto file = ProcessedFile{};
    file.sha256 = sha256(objects.bytes(job->object));
    file.scan = {Verdict::clean, "", "TestScan 1", "2026-11-20"};
    file.scanned_at = clock.now();
    file.media.content_type = "image/jpeg";
    file.media.width = 40;
    file.media.height = 30;
    file.media.gps = Gps{-12.05, -77.04, 154.0};
    file.media.camera_make = "Acme";
    file.thumbnails.push_back({256, 40, 30, {options.bucket, job->object.key + ".256"}});
    co_return co_await uploads.ledger.complete(TenantId{tenant}, UploadId{id}, std::move(file), soon());
  });
}

Result<void> World::fail_processing(std::string const& id, std::string code, std::string tenant) {
  return wait([&]() -> Async<> {
    CO_TRY(auto const job, co_await uploads.ledger.begin(TenantId{tenant}, UploadId{id}, 1, soon()));
    if (!job) co_return fail(Code::conflict, "no job");
    co_return co_await uploads.ledger.failed(TenantId{tenant}, UploadId{id}, {code, "The file is bad.", {}},
                                             soon());
  });
}

Upload World::stored(std::string const& id, std::string tenant) {
  auto upload = wait<Upload>([&] { return uploads.reading.get(TenantId{tenant}, UploadId{id}, soon()); });
  EXPECT_TRUE(upload);
  return upload ? *upload : Upload{};
}

std::string World::status(std::string const& id, std::string tenant) {
  return std::string{to_string(stored(id, std::move(tenant)).state)};
}

Account World::usage(std::string tenant) {
  auto found = Account{};
  auto const read = testing::write_now(*database, [&](sql::Transaction& tx) -> Result<void> {
    TRY(found, account(tx, TenantId{tenant}, {}));
    return {};
  });
  EXPECT_TRUE(read);
  return found;
}

std::vector<std::string> World::wrong_usage() {
  auto wrong = std::vector<std::string>{};
  auto const read = testing::read_now(*database, [&](sql::Transaction& tx) -> Result<void> {
    TRY(wrong, check_usage(tx));
    TRY(auto const counts, check_projects(tx));
    wrong.insert(wrong.end(), counts.begin(), counts.end());
    return {};
  });
  EXPECT_TRUE(read) << read.error().to_string();
  return wrong;
}

std::vector<std::string> World::messages(std::string const& id, std::string tenant) {
  auto received = std::vector<Message>{};
  auto const looked = wait([&]() -> Async<> {
    auto const request = ReceiveRequest{.queue = options.queue, .max = queue_receive_max};
    for (auto more = true; more;) {
      CO_TRY(auto messages, co_await queue.consumer().receive(request, soon()));
      more = !messages.empty();
      std::ranges::move(messages, std::back_inserter(received));
    }
    for (auto const& message : received) CO_CHECK(co_await queue.consumer().release(message.receipt, soon()));
    co_return Result<void>{};
  });
  EXPECT_TRUE(looked) << looked.error().to_string();
  auto bodies = std::vector<std::string>{};
  for (auto const& message : received)
    if (message.tenant.str() == tenant && message.group == id) bodies.push_back(message.body);
  return bodies;
}

void World::lose_messages(std::string tenant) {
  EXPECT_TRUE(
      wait<std::int64_t>([&] { return queue.upkeep().purge(options.queue, TenantId{tenant}, soon()); }));
}

Sweep World::sweep() {
  auto swept = wait<Sweep>([&] { return uploads.watchdog.sweep(soon()); });
  EXPECT_TRUE(swept) << swept.error().to_string();
  return swept ? *swept : Sweep{};
}

}  // namespace hoist::uploads

// Uploads with all they stand on, in one process, for the tests of this folder.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "adapters/memory/broadcast.hpp"
#include "adapters/memory/objects.hpp"
#include "adapters/sigv4/presigner.hpp"
#include "adapters/sql/audit.hpp"
#include "adapters/sqlite/testing.hpp"
#include "support/allow_gate.hpp"
#include "uploads/ledger.hpp"
#include "uploads/listener.hpp"
#include "uploads/routes.hpp"
#include "uploads/watchdog.hpp"

namespace hoist::uploads {

struct TestLimits final : TenantLimitsSource {
  std::map<TenantId, TenantLimits> by_tenant;
  Result<TenantLimits> limits(sql::Transaction& tx, TenantId const& tenant) override;
};

// Remembers what was sent.
class TestQueue final : public Queue {
 public:
  std::vector<Outgoing> sent;
  Result<void> declare(std::string, QueuePolicy) override { return {}; }
  Result<Sent> send(sql::Transaction& tx, Outgoing message) override {
    tx.after_commit([this, message] { sent.push_back(message); });
    return Sent{};
  }
  Result<void> acknowledge(sql::Transaction&, Receipt const&) override { return {}; }
  Result<FailureOutcome> fail(sql::Transaction&, Receipt const&, Failure const&) override { return none(); }
  Result<void> cancel(sql::Transaction&, std::string const&, TenantId const&, MessageId const&) override {
    return none();
  }
  Async<std::vector<Message>> receive(ReceiveRequest, Deadline) override { co_return none(); }
  Async<> acknowledge(Receipt, Deadline) override { co_return none(); }
  Async<> fail(Receipt, Failure, Deadline) override { co_return none(); }
  Async<> extend(Receipt, Micros, Deadline) override { co_return none(); }
  Async<> release(Receipt, Deadline) override { co_return none(); }
  Async<Settled> settle_and_receive(std::vector<Receipt>, ReceiveRequest, Deadline) override {
    co_return none();
  }
  Async<std::vector<DeadLetter>> dead_letters(std::string, TenantId, MessageId, int, Deadline) override {
    co_return none();
  }
  Async<std::int64_t> redrive(std::string, TenantId, std::vector<MessageId>, Deadline) override {
    co_return none();
  }
  Async<std::vector<RedriveItem>> plan_redrive(std::string, TenantId, std::vector<MessageId>,
                                               Deadline) override {
    co_return none();
  }
  Async<std::int64_t> discard(std::string, TenantId, std::vector<MessageId>, Deadline) override {
    co_return none();
  }
  Async<std::int64_t> purge(std::string, TenantId, Deadline) override { co_return none(); }
  Async<std::optional<MessageInfo>> find(std::string, TenantId, MessageId, Deadline) override {
    co_return none();
  }
  Async<std::vector<MessageInfo>> list(std::string, TenantId, std::string, std::int64_t, int,
                                       Deadline) override {
    co_return none();
  }
  Async<GroupInfo> group(std::string, TenantId, std::string, Deadline) override { co_return none(); }
  Async<QueueStats> stats(std::string, TenantId, Deadline) override { co_return none(); }
  Async<std::int64_t> maintain(Deadline) override { co_return none(); }

 private:
  static std::unexpected<Error> none() { return hoist::fail(Code::not_implemented); }
};

class TestIdempotency final : public Idempotency {
 public:
  Result<std::optional<StoredAnswer>> find(sql::Transaction&, IdempotentRequest const& request) override {
    auto const found = answers_.find({request.tenant.str(), request.route, request.key});
    if (request.key.empty() || found == answers_.end()) return std::optional<StoredAnswer>{};
    if (found->second.first != request.body_sha256)
      return fail(Code::key_reuse, "Another request had this key.");
    return std::optional{found->second.second};
  }
  Result<void> store(sql::Transaction&, IdempotentRequest const& request, StoredAnswer const& answer,
                     Time) override {
    if (!request.key.empty())
      answers_[{request.tenant.str(), request.route, request.key}] = {request.body_sha256, answer};
    return {};
  }

 private:
  std::map<std::vector<std::string>, std::pair<std::string, StoredAnswer>> answers_;
};

class World {
 public:
  explicit World(Options options = {});
  ~World();

  static net::Request request(std::string method, std::string target, std::string body = {},
                              std::string who = "acme ana member", net::Headers headers = {});
  // An answer of the API; `who` is "tenant user role".
  net::Response call(std::string method, std::string target, std::string body = {},
                     std::string who = "acme ana member", net::Headers headers = {});
  // The JSON of an answer that must have this status.
  json::value ok(int status, std::string method, std::string target, std::string body = {},
                 std::string who = "acme ana member", net::Headers headers = {});
  // A new upload's id.
  std::string create(std::int64_t size = 5, std::string who = "acme ana member", std::string query = {});

  // What the embedded store does when a client puts bytes: the report first, in one transaction
  // with the object.
  Result<void> put(std::string const& key, std::string bytes, std::string content_type = "image/jpeg");
  Result<void> put_upload(std::string const& id, std::string bytes = "hello", std::string tenant = "acme");
  Result<void> put_part(std::string const& id, int number, std::string bytes, std::string tenant = "acme");
  // Everything a worker does, with these outcomes.
  Result<void> process(std::string const& id, std::string tenant = "acme");
  Result<void> fail_processing(std::string const& id, std::string code = "corrupt_file",
                               std::string tenant = "acme");

  Upload stored(std::string const& id, std::string tenant = "acme");
  std::string status(std::string const& id, std::string tenant = "acme");
  Account usage(std::string tenant = "acme");
  std::vector<std::string> wrong_usage();
  Sweep sweep();

  template <class T = void>
  Result<T> wait(std::type_identity_t<std::function<Async<T>()>> body) {
    return run_to_end<T>(std::move(body));
  }

  Options options;
  ManualClock clock;
  Metrics metrics;
  testing::TestDatabase database = testing::inline_database();
  memory::Objects objects;
  memory::Broadcast broadcast;
  TestLimits limits;
  sql::AuditLog audit;
  testing::AllowGate gate;
  TestQueue queue;
  TestIdempotency idempotency;
  sigv4::Presigner presigner;
  ObjectListener listener;
  Ledger ledger;
  Service service;
  Feed feed;
  Watchdog watchdog;
  net::Router router;
};

[[nodiscard]] std::string text_of(json::value const& value);
[[nodiscard]] Deadline soon();

}  // namespace hoist::uploads

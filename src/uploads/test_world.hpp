// Uploads with all they stand on, in one process, for the tests of this folder.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "adapters/memory/objects.hpp"
#include "adapters/sigv4/presigner.hpp"
#include "adapters/sql/audit.hpp"
#include "adapters/sql/idempotency.hpp"
#include "support/allow_gate.hpp"
#include "support/test_database.hpp"
#include "support/test_queue.hpp"
#include "uploads/check.hpp"
#include "uploads/follower.hpp"
#include "uploads/services.hpp"

namespace hoist::uploads {

struct TestLimits final : TenantLimitsSource {
  std::map<TenantId, TenantLimits> by_tenant;
  Result<TenantLimits> limits(sql::Transaction& tx, TenantId const& tenant) override;
};

// Never scans, but may be away.
struct TestScanner final : Scanner {
  Async<ScanReport> scan(ByteSource&, Deadline) override { co_return fail(Code::not_implemented); }
  Async<> look(Deadline) override { co_return Result<void>{}; }
  [[nodiscard]] std::optional<std::string> away() const override { return reason; }
  std::optional<std::string> reason;
};

// What was flushed is in `entries`, what was only appended is lost.
struct TestJournal final : RecordJournal {
  void append(RecordEntry entry) override { waiting.push_back(std::move(entry)); }
  Async<> flush(Deadline) override {
    std::ranges::move(std::exchange(waiting, {}), std::back_inserter(entries));
    co_return Result<void>{};
  }
  Result<void> read(std::function<void(RecordEntry)> const& each) override {
    std::ranges::for_each(entries, each);
    return {};
  }
  [[nodiscard]] bool is_new() const override { return entries.empty(); }
  std::vector<RecordEntry> waiting;
  std::vector<RecordEntry> entries;
};

class World {
 public:
  explicit World(Options options = {},
                 testing::TestDatabase::Kind kind = testing::TestDatabase::Kind::inline_);
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
  std::vector<std::string> messages(std::string const& id, std::string tenant = "acme");  // to the workers
  void lose_messages(std::string tenant = "acme");
  Sweep sweep();

  // For services over another store.
  Ports ports_over(ObjectStore& store, Multiparts& multiparts);

  template <class T = void>
  Result<T> wait(std::type_identity_t<std::function<Async<T>()>> body) {
    return run_to_end<T>(std::move(body));
  }

  Options options;
  ManualClock clock;
  Metrics metrics;
  testing::TestDatabase database;
  memory::Objects objects;
  Wakeups& wakeups = database.wakeups();
  TestLimits limits;
  TestScanner scanner;
  TestJournal journal;
  sql_engine::AuditLog audit;
  testing::AllowGate gate;
  testing::TestQueue queue{*database, database.wakeups(), clock, metrics};
  sql_engine::SqlIdempotency idempotency;
  sigv4::Presigner presigner;
  ProcessingFollower follower;
  Intake intake;
  Services uploads;
  net::Router router;
};

[[nodiscard]] std::string text_of(json::value const& value);
[[nodiscard]] Deadline soon();

}  // namespace hoist::uploads

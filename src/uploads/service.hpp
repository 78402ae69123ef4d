// Uploads, from the grant to the end: everything a caller can ask about them.
//
// Threads  any.   Lifetime  outlives every awaitable it returned.
// Errors   not_found for what does not exist and for what is another tenant's, alike.
#pragma once

#include <functional>
#include <optional>
#include <variant>
#include <vector>

#include "base/metrics.hpp"
#include "model/caller.hpp"
#include "ports/audit.hpp"
#include "ports/broadcast.hpp"
#include "ports/idempotency.hpp"
#include "ports/joint_consumer.hpp"
#include "ports/object_events.hpp"
#include "ports/object_store.hpp"
#include "ports/outbox.hpp"
#include "ports/presigner.hpp"
#include "ports/scanner.hpp"
#include "ports/tenant_limits.hpp"
#include "sql/database.hpp"
#include "uploads/grants.hpp"
#include "uploads/options.hpp"
#include "uploads/parse.hpp"
#include "uploads/project_counts.hpp"
#include "uploads/render.hpp"
#include "uploads/rows.hpp"

namespace hoist::uploads {

struct Ports {
  sql::Database& database;
  Outbox& outbox;
  JointConsumer* joint;  // absent where the queue is not in `database`
  ObjectStore& objects;
  ObjectEvents& events;  // our listener: what the store reports, or a caller tells us
  Presigner const& presigner;
  Idempotency& idempotency;
  Audit& audit;
  Broadcast& broadcast;
  TenantLimitsSource& limits;
  Scanner const& scanner;  // only asked whether files wait for it
  Stages const& stages;
  Clock const& clock;
  Metrics& metrics;
};

// Who asks, and how.
struct Asked {
  Caller caller;
  std::string idempotency_key;  // empty: none
  std::string body_sha256;
  std::string request_id;
  Deadline deadline;
};

struct Created {
  Upload upload;
  std::optional<Transfer> transfer;  // absent when nothing is left to transfer
  bool have = false;                 // the Upload is an older one of the same file
};

struct Refusal {
  std::string code;
  std::string message;
  std::vector<FieldError> fields;
};
struct BatchItem {
  std::variant<Upload, Refusal> what;
  bool have = false;   // the bytes are stored already
  bool older = false;  // the Upload is an older one of the same file, not one of this batch
  std::optional<Transfer> transfer;
};
struct CreatedBatch {
  Batch batch;
  std::vector<StateCount> counts;
  std::vector<BatchItem> items;
};

struct Page {
  std::vector<Upload> uploads;
  std::string next_cursor;  // empty: the end
};

struct MoreParts {
  Transfer transfer;
  std::vector<int> stored;  // numbers that need not be sent again; only when none were asked for
};

class Service {
 public:
  Service(Ports ports, Options options);

  Async<Created> create(Asked asked, NewUpload wanted, std::optional<bool> multipart);
  Async<CreatedBatch> create_batch(Asked asked, NewBatch wanted);

  Async<Upload> get(TenantId tenant, UploadId id, Deadline deadline);
  Async<std::pair<Batch, std::vector<StateCount>>> get_batch(TenantId tenant, BatchId id, Deadline deadline);
  // All of them, or the one named.
  Async<std::vector<ProjectCount>> projects(TenantId tenant, ProjectId only, Deadline deadline);
  Async<Page> list(TenantId tenant, ListFilter filter, std::string cursor, int limit, Deadline deadline);

  // Fresh URLs: of these parts, of the missing ones when none are named, or of the single PUT. With a
  // part_size the file is cut anew first, also one that was granted in one piece.
  Async<MoreParts> more(TenantId tenant, UploadId id, json::object body, Deadline deadline);
  // Makes the object of the bytes that are there. Repeating it is harmless.
  Async<Upload> complete(Asked asked, UploadId id);
  Async<Upload> remove(Asked asked, UploadId id);

  // Addresses to redirect to. Errors: conflict unless the file may be served.
  Async<std::string> content_url(Asked asked, UploadId id);  // recorded in the audit trail
  Async<std::string> thumbnail_url(TenantId tenant, UploadId id, int size, Deadline deadline);

  // For the watchdog and the listener: makes a PENDING upload UPLOADED if all its bytes are there.
  // Errors: conflict when some are missing, forbidden when they are not those granted.
  Async<> settle(Upload upload, Deadline deadline);
  // Removes what a finished upload leaves in the store, unless others share it, then takes its deadline
  // away.
  Async<> clean_up(Upload upload, Deadline deadline);

  [[nodiscard]] Ports const& ports() const { return ports_; }
  [[nodiscard]] Options const& options() const { return options_; }
  [[nodiscard]] Grants const& grants() const { return grants_; }
  // What an upload looks like now.
  [[nodiscard]] View view() const {
    return {grants_, ports_.clock.now(), ports_.scanner.away().has_value(), &ports_.stages};
  }

 private:
  Upload make_upload(Caller const& caller, ProjectId const& project, BatchId const& batch,
                     NewFile const& file, bool multipart, Time now) const;
  [[nodiscard]] bool is_multipart(NewFile const& file, std::optional<bool> asked) const;
  Result<Created> insert_one(sql::Transaction& tx, Asked const& asked, Upload const& draft);
  Result<void> insert_granted(sql::Transaction& tx, Asked const& asked, Upload const& upload);
  struct BatchOutcome;
  Result<BatchOutcome> insert_many(sql::Transaction& tx, Asked const& asked, CreatedBatch const& draft);
  Result<CreatedBatch> repeat_batch(sql::Transaction& tx, TenantId const& tenant, std::string const& stored);
  Async<BatchOutcome> insert_while(Asked const& asked, CreatedBatch const& draft,
                                   std::function<void()> meanwhile);
  CreatedBatch draft_batch(Caller const& caller, NewBatch const& wanted) const;
  Async<std::optional<Transfer>> transfer_of(Upload& upload, bool with_parts, Deadline deadline);
  Async<> ensure_multipart(Upload& upload, Deadline deadline);
  Async<> cut_anew(Upload& upload, std::int64_t part_size, Deadline deadline);
  asio::awaitable<void> drop_multipart(Upload const& upload, std::string multipart_id, Deadline deadline);
  Async<std::vector<PartInfo>> stored_parts(Upload const& upload, Deadline deadline);
  Async<> assemble(Upload const& upload, Deadline deadline);
  Async<> remove_bytes(Upload const& upload, Deadline deadline);
  Async<> arrived(Upload const& upload, ObjectInfo object, Deadline deadline);

  Ports ports_;
  Options options_;
  Grants grants_;
  Counter created_;
  Counter refused_;
};

class ObjectListener;
// Multipart uploads are completed as soon as their last part has been committed, on `executor`.
// Call before the first part; `service` outlives the executor's work.
void complete_by_itself(ObjectListener& listener, Service& service, asio::any_io_executor executor);

}  // namespace hoist::uploads

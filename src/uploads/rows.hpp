// The SQL of uploads: rows in, rows out, and the one way to change an upload's state.
//
// Invariants  (1) tenant_usage is the sum over the tenant's uploads that hold quota: reserve() and
//             advance() change both in one transaction. Bytes that uploads share count once.
//             (2) `changes` is dense per tenant, in commit order.
//             (3) a row with a deadline is one the watchdog will look at again.
//             (4) the row of a file that was taken away (forgets_file) says nothing of it but its id, its
//             project and its times.
#pragma once

#include <map>
#include <optional>
#include <span>

#include "sql/database.hpp"
#include "uploads/options.hpp"
#include "uploads/upload.hpp"

namespace hoist::uploads {

// One entry of a timeline: {"at":...,"what":...,"detail":...}. That an upload was created is not stored.
[[nodiscard]] std::string timeline_entry(Time at, std::string_view what, std::string_view detail = {});

// What a transaction adds to the tenant's account, and the number of its first change.
struct Account {
  std::int64_t bytes = 0;
  std::int64_t files = 0;
  std::int64_t change_seq = 0;  // after adding

  Account operator+(Account const& other) const {
    return {bytes + other.bytes, files + other.files, change_seq + other.change_seq};
  }
  Account operator-(Account const& other) const {
    return {bytes - other.bytes, files - other.files, change_seq - other.change_seq};
  }
  Account& operator+=(Account const& other) { return *this = *this + other; }
};
// Locks the tenant's row until the transaction ends.
[[nodiscard]] Result<Account> account(sql::Transaction& tx, TenantId const& tenant, Account add);

[[nodiscard]] Result<void> insert_uploads(sql::Transaction& tx, std::span<Upload const* const> uploads);
[[nodiscard]] Result<void> insert_batch(sql::Transaction& tx, Batch const& batch);

// The uploads that `condition`, a literal of ours, holds for.
[[nodiscard]] Result<std::vector<Upload>> select_uploads(sql::Transaction& tx, std::string_view condition,
                                                         sql::Args args);
// Errors: not_found.
[[nodiscard]] Result<Upload> find_upload(sql::Transaction& tx, TenantId const& tenant, UploadId const& id);
[[nodiscard]] Result<Batch> find_batch(sql::Transaction& tx, TenantId const& tenant, BatchId const& id);
struct ListFilter {
  std::string project;  // empty: any
  std::string batch;
  std::optional<UploadState> state;
  std::string search;  // within the name or path, folded; only with a project and without a batch
};
// The list's condition, for the test that looks at how it is searched.
struct Listing {
  std::string condition;
  sql::Args args;
};
[[nodiscard]] Listing listing_of(TenantId const& tenant, ListFilter const& filter, std::string const& before,
                                 std::string const& down_to, int limit);
struct Listed {
  std::vector<Upload> uploads;
  std::string next;  // the `before` of what follows; empty: that was all
};
// Newest first; `before` is the id of the last one already seen. A search looks at so many names at a
// time, and may then answer fewer uploads than asked for although others follow.
inline constexpr std::int64_t names_searched_max = 100'000;
[[nodiscard]] Result<Listed> list_uploads(sql::Transaction& tx, TenantId const& tenant,
                                          ListFilter const& filter, std::string const& before, int limit,
                                          std::int64_t names_max = names_searched_max);
// Of all tenants: uploads in `state` whose deadline has passed, oldest first. System scope.
[[nodiscard]] Result<std::vector<Upload>> due_uploads(sql::Transaction& tx, UploadState state, Time now,
                                                      int limit);

// Of all tenants: PENDING multiparts that nothing happened to since `before`. System scope.
[[nodiscard]] Result<std::vector<Upload>> idle_multiparts(sql::Transaction& tx, Time before, int limit);

struct Step {
  UploadState to = UploadState::pending;
  Time now;
  std::optional<Time> deadline;  // of the new state
  std::string what;              // for the timeline
  std::string detail;
  std::string error_code;  // replaces what was there
  std::string error_message;
  std::int64_t requeues = 0;
};
// The transition, its quota and its change row. `upload` is as just read, and is updated. The last
// upload that holds shared bytes gives their quota back.
// Errors: conflict when the table does not allow it or another transaction was faster.
[[nodiscard]] Result<void> advance(sql::Transaction& tx, Options const& options, Upload& upload, Step step);

// Adds to the timeline and sets the deadline, without a change of state. Errors: conflict.
[[nodiscard]] Result<void> note(sql::Transaction& tx, Options const& options, Upload& upload, Time now,
                                std::string_view what, std::string_view detail, std::optional<Time> deadline);

// Notes that the watchdog has sent the upload to the workers again. Errors: conflict.
[[nodiscard]] Result<void> requeue(sql::Transaction& tx, Options const& options, Upload& upload, Time now,
                                   Time deadline);

// What a look at the bytes has found.
struct Findings {
  std::string sha256;  // hex
  std::string media;   // the others are JSON
  std::string scan;
  std::string thumbnails;
  std::string preview;  // empty: none
};
[[nodiscard]] Result<void> record_findings(sql::Transaction& tx, TenantId const& tenant, UploadId const& id,
                                           Findings const& findings);
[[nodiscard]] Result<void> record_scan(sql::Transaction& tx, Upload const& upload, std::string const& scan);
// The upload's bytes are those of the object under `key`, unless it says already whose they are.
[[nodiscard]] Result<void> record_object_key(sql::Transaction& tx, TenantId const& tenant, UploadId const& id,
                                             std::string const& key);
// Has the tenant a row of these bytes at all? Mostly not, and then this is the cheapest way to know it.
[[nodiscard]] Result<bool> knows_bytes(sql::Transaction& tx, TenantId const& tenant,
                                       std::string const& sha256);

// Of PENDING uploads in parts. mark_part() answers false when the upload has just ended, and updates
// `upload`; the other two change nothing then.
[[nodiscard]] Result<bool> mark_part(sql::Transaction& tx, Upload& upload, int number, Time now);
[[nodiscard]] Result<void> claim_multipart(sql::Transaction& tx, Upload const& upload,
                                           std::string const& multipart_id);
[[nodiscard]] Result<void> replan_parts(sql::Transaction& tx, Upload const& planned,
                                        std::int64_t old_part_size, Time now);

// What the watchdog moves without a transition: a PENDING upload to the end of its line, and the
// deadline of one whose message waits (false: it has moved on).
[[nodiscard]] Result<void> put_last(sql::Transaction& tx, Upload const& upload, Time now);
[[nodiscard]] Result<bool> put_off(sql::Transaction& tx, Upload const& upload, Time deadline);
// A COMPLETED upload leaves these objects to the watchdog; they are gone.
[[nodiscard]] Result<void> leave_objects(sql::Transaction& tx, Upload const& upload,
                                         std::string const& leftovers);
[[nodiscard]] Result<void> forget_leftovers(sql::Transaction& tx, Upload const& upload);
// The upload left nothing in the store any more.
[[nodiscard]] Result<void> forget_bytes(sql::Transaction& tx, Upload const& upload);

[[nodiscard]] Result<void> insert_change(sql::Transaction& tx, TenantId const& tenant, std::int64_t seq,
                                         Time at, ProjectId const& project, BatchId const& batch,
                                         Upload const* upload);

// Does another upload hold the quota of the bytes that `upload` shares?
[[nodiscard]] Result<bool> held_by_others(sql::Transaction& tx, Upload const& upload);

struct StateCount {
  UploadState state = UploadState::pending;
  std::int64_t files = 0;
  std::int64_t bytes = 0;
  Time last_updated;
};
[[nodiscard]] Result<std::vector<StateCount>> count_batch(sql::Transaction& tx, TenantId const& tenant,
                                                          BatchId const& batch);

struct StateNumbers {
  std::map<UploadState, std::int64_t> files;
  std::optional<Time> oldest_unsettled;  // created then
};
// Over all tenants: reads every row. System scope.
[[nodiscard]] Result<StateNumbers> count_states(sql::Transaction& tx);

// The states whose uploads count against the quota, for an IN.
[[nodiscard]] std::string quota_states();

// An account begins with this number of changes, unless there is one. For rows that are made again: a
// watcher that remembers a number from before must not take the new ones for old ones.
[[nodiscard]] Result<void> begin_account(sql::Transaction& tx, TenantId const& tenant,
                                         std::int64_t change_seq);
// One more file of a batch. false: there is no such batch.
[[nodiscard]] Result<bool> add_file_to_batch(sql::Transaction& tx, TenantId const& tenant, BatchId const& id);

}  // namespace hoist::uploads

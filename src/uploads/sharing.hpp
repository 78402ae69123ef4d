// Uploads of one tenant that share stored bytes: the same file in another project or under another
// name is a record of its own, with its own life, and nothing is sent or stored twice for it.
//
// Invariants  (1) only the bytes of a COMPLETED upload are shared, so that they are known to be clean;
//             none that are quarantined, being processed or gone.
//             (2) the references of an object are the rows that name it in `object_key`. No record joins
//             an object whose last COMPLETED record has ended, so a record that then finds itself alone
//             removes it, and a crash before that leaves a deadline on its row.
// Limits      bytes that arrive a second time before the first are COMPLETED are stored twice until they
//             are COMPLETED, too.
#pragma once

#include <optional>
#include <vector>

#include "uploads/rows.hpp"

namespace hoist::uploads {

// What a tenant has of a file that is asked for.
struct Stored {
  // This very file: same project, name, path and bytes.
  std::optional<Upload> same;
  // An upload whose bytes may be shared: it has the declared type, too, so it was inspected as what the
  // wanted file claims to be. It stays COMPLETED until the transaction ends.
  std::optional<Upload> source;
};
// Both are COMPLETED, and known by the SHA-256 that `wanted` declares; without one there is none.
[[nodiscard]] Result<Stored> find_stored(sql::Transaction& tx, Upload const& wanted);

// `wanted` as a COMPLETED upload over the bytes of `source`: to be inserted, then to be recorded.
[[nodiscard]] Upload over_bytes_of(Upload wanted, Upload const& source);
[[nodiscard]] Result<void> record_sharing(sql::Transaction& tx, Upload const& upload);

// `upload` has just become COMPLETED with these findings. If the tenant stores its bytes under another upload
// as well, it shares them from now on, with their pictures, and its own objects are left to the watchdog.
[[nodiscard]] Result<void> merge_bytes(sql::Transaction& tx, Options const& options, Upload& upload,
                                       Findings& findings);

// The uploads that share the object under `key`, but for those that are DELETED.
[[nodiscard]] Result<std::vector<Upload>> sharers_of(sql::Transaction& tx, TenantId const& tenant,
                                                     std::string const& key);
// Does another upload need the bytes of this one, which has ended?
[[nodiscard]] Result<bool> others_need_bytes(sql::Transaction& tx, Upload const& upload);

}  // namespace hoist::uploads

// The journal of records in one file beside the blobs: a line an entry, which begins with half a digest of
// the rest, so that a torn or damaged line is seen and costs only itself.
//
// Threads   any. Several processes may append to one file.
// Lifetime  the pool outlives it.
// Limits    entries that could not be written wait in memory, waiting_bytes_max of them; then they are lost,
//           with a line in the log.
#pragma once

#include <memory>

#include "base/fd.hpp"
#include "base/mutex.hpp"
#include "base/pool.hpp"
#include "ports/record_journal.hpp"

namespace hoist::disk {

class JournalFile final : public RecordJournal {
 public:
  JournalFile(std::string path, Pool& pool) : path_{std::move(path)}, pool_{pool} {}
  ~JournalFile() override;

  void append(RecordEntry entry) override;
  Async<> flush(Deadline deadline) override;
  Result<void> read(std::function<void(RecordEntry)> const& each) override;
  [[nodiscard]] bool is_new() const override;

  // Forgets the records that have ended, and of their ends those before `ends_before` whose object no other
  // record is over. Meanwhile entries wait in memory. Answers how many lines went.
  Result<std::int64_t> shorten(Time ends_before);

 private:
  Result<void> write_waiting();

  std::string const path_;
  Pool& pool_;
  Mutex writing_;  // taken before waiting_mutex_
  Mutex waiting_mutex_;
  std::string waiting_ HOIST_GUARDED_BY(waiting_mutex_);
};

}  // namespace hoist::disk

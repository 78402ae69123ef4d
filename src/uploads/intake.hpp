// What stands below the store: whom it tells of objects that arrive and leave, and what that leads to.
// Built before the store, which is opened with arrivals() and recovery().
//
// Lifetime  the ports outlive it; it outlives the store.
#pragma once

#include "uploads/arrivals.hpp"
#include "uploads/recovery.hpp"
#include "uploads/sharing_journal.hpp"

namespace hoist::uploads {

class Intake {
 public:
  // Without a journal nothing is kept of what no file tells.
  Intake(Outbox& outbox, RecordJournal* journal, Options options)
      : options_{std::move(options)},
        journal_{journal},
        handover_{outbox, options_},
        arrivals_{{handover_, whole_uploads_, stages_, journal_}, options_},
        recovery_{handover_, journal_, options_} {}

  [[nodiscard]] UploadArrivals& arrivals() { return arrivals_; }
  [[nodiscard]] Recovery& recovery() { return recovery_; }
  [[nodiscard]] SharingJournal& journal() { return journal_; }
  [[nodiscard]] Handover& handover() { return handover_; }
  [[nodiscard]] WholeUploads& whole_uploads() { return whole_uploads_; }
  [[nodiscard]] Stages& stages() { return stages_; }
  [[nodiscard]] Options const& options() const { return options_; }

 private:
  Options options_;
  SharingJournal journal_;
  Stages stages_;
  WholeUploads whole_uploads_;
  Handover handover_;
  UploadArrivals arrivals_;
  Recovery recovery_;
};

}  // namespace hoist::uploads

// A whole log as a stream, page by page: NDJSON that verify_export checks, or CSV for a spreadsheet.
//
// Threads  one reader.   Lifetime  the service and its stores outlive the stream.
// Errors   unavailable when details are still on their way and cannot be had, or when
//          exports_max run already; then the stream breaks off rather than leave something out.
#pragma once

#include <atomic>
#include <memory>

#include "events/checkpoints.hpp"
#include "events/service.hpp"
#include "net/message.hpp"

namespace hoist::events {

inline constexpr int exports_max = 4;  // at once
inline constexpr int export_page_events = 500;
inline constexpr auto export_page_timeout = std::chrono::seconds{30};

class Exports {
 public:
  struct Needs {
    sql::Database& database;
    EventIndex& index;
    Service& service;
    Checkpoints& checkpoints;
  };
  explicit Exports(Needs needs) : needs_{needs} {}

  // Covered by a checkpoint that is made now.
  Async<std::shared_ptr<net::BodySource>> ndjson(TenantId tenant, Deadline deadline);
  // `query` narrows it.
  Async<std::shared_ptr<net::BodySource>> csv(EventQuery query);

 private:
  Needs needs_;
  std::shared_ptr<std::atomic<int>> running_ = std::make_shared<std::atomic<int>>(0);
};

// One cell: quoted where needed, and no formula (threat C7).
[[nodiscard]] std::string csv_cell(std::string_view text);

}  // namespace hoist::events

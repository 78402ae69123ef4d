// What operators and browsers ask that belongs to no feature: /health, /ready, /metrics, the API
// description and the page.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "assembly/engine.hpp"
#include "net/router.hpp"

namespace hoist::hosts {

struct Operations {
  std::atomic<bool> ready{false};
  std::function<json::object()> health;  // details for /health; must not block
  std::function<std::optional<StorageSpace>()> space;
  std::function<Async<>()> reach_database;
  std::function<bool()> damaged;  // the data, as a check found while the server runs
  bool metrics_open = false;      // to other machines than this one
  std::string objects_origin;     // "http://127.0.0.1:9000": the page may talk to it
};

void add_ops_routes(net::Router& router, Operations& operations, Metrics& metrics);

}  // namespace hoist::hosts

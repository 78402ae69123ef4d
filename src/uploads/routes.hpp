// The HTTP face of uploads; shapes and codes are in api/openapi.yaml.
#pragma once

#include "net/router.hpp"
#include "uploads/batch_creation.hpp"
#include "uploads/completion.hpp"
#include "uploads/creation.hpp"
#include "uploads/downloads.hpp"
#include "uploads/reading.hpp"
#include "uploads/removal.hpp"
#include "uploads/render.hpp"
#include "uploads/retry.hpp"
#include "uploads/stream.hpp"

namespace hoist::uploads {

// All that it refers to outlives the router.
struct RouteNeeds {
  Creation& creation;
  BatchCreation& batch_creation;
  Transfers& transfers;
  Completion& completion;
  Retry& retry;
  Reading& reading;
  Downloads& downloads;
  Removal& removal;
  Views const& views;
  StreamNeeds stream;
  Options const& options;
};
void add_routes(net::Router& router, RouteNeeds needs);

}  // namespace hoist::uploads

#include "dead_letters/feature.hpp"

#include "base/hash.hpp"
#include "dead_letters/routes.hpp"

namespace hoist::dead_letters {

Feature::Feature(Records const& records)
    : admin_{{records.database, records.dead_letters, records.audit, records.clock},
             hmac_sha256(records.cursor_secret, "dead letter cursors")} {}

void Feature::add_routes(net::Router& router) {
  dead_letters::add_routes(router, admin_);
}

}  // namespace hoist::dead_letters

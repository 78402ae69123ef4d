#include "dead_letters/feature.hpp"

#include "dead_letters/routes.hpp"

namespace hoist::dead_letters {

Feature::Feature(Records const& records)
    : admin_{{records.database, records.dead_letters, records.audit},
             Cursors{records.cursor_secret, "dead letter cursors"}} {}

void Feature::add_routes(net::Router& router) {
  dead_letters::add_routes(router, admin_);
}

}  // namespace hoist::dead_letters

// POST /object-events: where S3 and its like tell of objects, or what forwards for them. Whoever tells shows
// a token, as a bearer or as the password of a basic authentication. What is told is no more than a reason to
// look; what could not be looked at is answered with an error, so that it is told again.
// Without a token configured, nobody may tell anything.
#pragma once

#include <string>

#include "net/router.hpp"
#include "ports/object_news.hpp"

namespace hoist::hosts {

void add_object_events_route(net::Router& router, ObjectNews& news, std::string token);

}  // namespace hoist::hosts

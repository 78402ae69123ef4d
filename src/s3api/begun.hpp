// A response whose first piece has been read: what is found damaged by then is an error with a status,
// where it would otherwise break off after a 200.
#pragma once

#include "net/message.hpp"

namespace hoist::s3api {

// Errors: those of the stream's first read. Does nothing without a stream of known length.
Async<> begin_stream(net::Response& response);

}  // namespace hoist::s3api

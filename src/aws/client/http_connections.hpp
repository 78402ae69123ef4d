// The HTTP client of the io_context that the caller runs on. A net::Client is of one thread and ends before
// its context, so each context owns one; all AWS calls of that thread share its connections.
//
// Threads  each gets the client of its own context.   Lifetime  the client's is the context's.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <string>

#include "net/client.hpp"

namespace hoist::aws {

// `executor` is that of an io_context. `ca_file`: PEM of the authorities to trust; "" for the system's.
[[nodiscard]] net::Client& http_client_of(boost::asio::any_io_executor const& executor,
                                          std::string const& ca_file);

}  // namespace hoist::aws

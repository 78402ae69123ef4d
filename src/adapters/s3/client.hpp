// The REST-XML calls of S3 that objects need, one request each.
//
// Errors   not_found, precondition, range_unsatisfiable, timeout, cancelled; everything else that S3 holds
//          against us, such as missing rights, is unavailable: it is no fault of who asked for the object.
// Source   Amazon S3 API Reference (2006-03-01).
#pragma once

#include <pugixml.hpp>

#include <memory>

#include "adapters/s3/address.hpp"
#include "aws/client/caller.hpp"

namespace hoist::s3 {

class Client {
 public:
  Client(Address address, std::string region, aws::Account& account, aws::CallOptions calls)
      : address_{std::move(address)}, caller_{{"s3", std::move(region)}, account, std::move(calls)} {}

  // `call` lacks only where it goes. `right` is what a policy has to allow for it.
  Async<net::Response> send(aws::HttpCall call, ObjectRef ref, std::string action, std::string right,
                            Deadline deadline);

 private:
  Address address_;
  aws::Caller caller_;
};

// The document below `root`. Errors: unavailable for what is none.
[[nodiscard]] Result<std::unique_ptr<pugi::xml_document>> parse_answer(std::string const& xml,
                                                                       std::string_view root);

}  // namespace hoist::s3

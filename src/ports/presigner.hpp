// Signs URLs that let a client talk to the object store without us. Pure computation: no I/O.
// Source   AWS Signature Version 4, query-string form.
#pragma once

#include <chrono>
#include <string>

#include "base/time.hpp"
#include "ports/object_store.hpp"

namespace hoist {

struct PresignRequest {
  std::string method;  // GET, PUT, ...
  ObjectRef ref;
  std::chrono::seconds lifetime{900};  // at most 7 days
  StringMap headers;                   // signed: the client must send exactly these
  StringMap query;                     // partNumber, uploadId, response-content-disposition, ...
};

struct PresignedUrl {
  std::string url;
  StringMap headers;  // to be sent, beside host
  Time expires_at;
};

class Presigner {
 public:
  virtual ~Presigner() = default;
  [[nodiscard]] virtual PresignedUrl presign(PresignRequest const& request, Time now) const = 0;
};

}  // namespace hoist

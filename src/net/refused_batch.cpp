#include "net/refused_batch.hpp"

#include "base/assert.hpp"

namespace hoist::net {

Response refused_batch(std::string_view answer, std::string_view request_id) {
  HOIST_ASSERT(answer.size() > 2 && answer.front() == '{');
  auto response = problem(Error{Code::invalid, "None of the items was accepted."}, request_id);
  response.body.resize(response.body.rfind('}'));
  response.body += ',';
  response.body += answer.substr(1);
  response.body += '\n';
  return response;
}

}  // namespace hoist::net

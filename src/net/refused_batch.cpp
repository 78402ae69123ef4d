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

json::object refused_item(std::size_t index, Error const& error) {
  auto fields = json::array{};
  for (auto const& field : error.fields())
    fields.push_back(json::object{{"field", field.field}, {"reason", field.reason}});
  return {{"index", index},
          {"status", info(error.code()).http_status},
          {"error", {{"code", error.slug()}, {"message", error.detail()}, {"errors", std::move(fields)}}}};
}

}  // namespace hoist::net

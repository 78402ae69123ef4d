#include "aws/client/http_connections.hpp"

#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>

#include <map>
#include <memory>

namespace hoist::aws {
namespace {

namespace asio = boost::asio;

constexpr auto connect_timeout = std::chrono::milliseconds{3'000};
// Below the 20 s after which DynamoDB and SQS close a connection that rests.
constexpr auto idle_timeout = std::chrono::milliseconds{15'000};

// A service of the context: Asio ends it with the context, before the sockets' own services.
class HttpConnections final : public asio::execution_context::service {
 public:
  static inline asio::execution_context::id id;
  explicit HttpConnections(asio::execution_context& context) : asio::execution_context::service{context} {}

  net::Client& with(std::string const& ca_file) {
    auto& client = clients_[ca_file];
    if (!client)
      client = std::make_unique<net::Client>(net::ClientOptions{
          .connect_timeout = connect_timeout, .idle_timeout = idle_timeout, .ca_file = ca_file});
    return *client;
  }

 private:
  void shutdown() override { clients_.clear(); }
  std::map<std::string, std::unique_ptr<net::Client>> clients_;
};

}  // namespace

net::Client& http_client_of(asio::any_io_executor const& executor, std::string const& ca_file) {
  auto& context = asio::query(executor, asio::execution::context);
  return asio::use_service<HttpConnections>(context).with(ca_file);
}

}  // namespace hoist::aws

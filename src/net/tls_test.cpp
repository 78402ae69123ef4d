#include <boost/asio/ssl.hpp>

#include <filesystem>

#include "net/detail/net_test_support.hpp"
#include "net/detail/test_certificate.hpp"

namespace hoist::net {
namespace {

namespace asio = boost::asio;

class TlsTest : public ServerFixture {
 protected:
  void begin(Certificate const& certificate) {
    start({.tls_certificate_file = certificate.certificate_file, .tls_key_file = certificate.key_file});
  }
  // The head of the answer to GET /hello over TLS 1.2 with these cipher suites; "" without a handshake.
  std::string get_with(char const* suites) {
    auto context = asio::ssl::context{asio::ssl::context::tlsv12_client};
    SSL_CTX_set_cipher_list(context.native_handle(), suites);
    auto io = asio::io_context{};
    auto stream = asio::ssl::stream<asio::ip::tcp::socket>{io, context};
    stream.next_layer().connect({asio::ip::address_v4::loopback(), server->port()});
    auto error = boost::system::error_code{};
    stream.handshake(asio::ssl::stream_base::client, error);
    if (error) return {};
    asio::write(stream, asio::buffer(std::string_view{"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"}), error);
    auto answer = std::string(4096, '\0');
    answer.resize(stream.read_some(asio::buffer(answer), error));
    return answer;
  }
};

TEST_F(TlsTest, OnlyForwardSecrecyAndAuthenticatedEncryptionAreOffered) {
  auto const certificate = Certificate{"IP:127.0.0.1", true};
  begin(certificate);
  for (auto const* good :
       {"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"})
    EXPECT_EQ(status_of(get_with(good)), 200) << good;
  for (auto const* weak : {"AES128-SHA", "AES256-SHA256", "AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA",
                           "ECDHE-RSA-AES256-SHA384"})
    EXPECT_EQ(get_with(weak), "") << weak;
}

TEST_F(TlsTest, BrowsersAreToldToComeByTlsOnly) {
  auto const certificate = Certificate{"IP:127.0.0.1"};
  EXPECT_EQ(RawClient{server->port()}.exchange("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").find("Strict-"),
            std::string::npos);
  begin(certificate);
  EXPECT_NE(get_with("ECDHE+AESGCM").find("Strict-Transport-Security: max-age=31536000\r\n"),
            std::string::npos);
}

TEST_F(TlsTest, AKeyFileThatOthersMayReadIsRefused) {
  auto const certificate = Certificate{"IP:127.0.0.1"};
  for (auto const mode : {0644, 0640, 0604, 0660}) {
    std::filesystem::permissions(certificate.key_file, static_cast<std::filesystem::perms>(mode));
    auto const opened = Server::open(
        {.tls_certificate_file = certificate.certificate_file, .tls_key_file = certificate.key_file}, runtime,
        router, metrics);
    ASSERT_FALSE(opened) << mode;
    EXPECT_NE(opened.error().detail().find("chmod 600"), std::string::npos);
  }
}

}  // namespace
}  // namespace hoist::net

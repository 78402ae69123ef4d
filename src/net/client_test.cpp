#include "net/client.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <filesystem>

#include "base/try.hpp"
#include "net/net_test_support.hpp"

namespace hoist::net {
namespace {

using std::chrono::milliseconds;

Deadline soon() {
  return deadline_in(std::chrono::seconds{5});
}

// A self-signed certificate for `name` in a folder of its own.
struct Certificate {
  std::filesystem::path folder;
  std::string certificate_file;
  std::string key_file;

  explicit Certificate(std::string const& name) {
    auto pattern = (std::filesystem::temp_directory_path() / "hoist-net-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    certificate_file = folder / "certificate.pem";
    key_file = folder / "key.pem";
    auto* const key = EVP_EC_gen("P-256");
    auto* const x509 = X509_new();
    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), -60);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_set_pubkey(x509, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
                               reinterpret_cast<unsigned char const*>("hoist test"), -1, -1, 0);
    X509_set_issuer_name(x509, X509_get_subject_name(x509));
    auto* const names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, name.c_str());
    X509_add_ext(x509, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(x509, key, EVP_sha256());
    auto* file = std::fopen(certificate_file.c_str(), "w");
    PEM_write_X509(file, x509);
    std::fclose(file);
    file = std::fopen(key_file.c_str(), "w");
    PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    X509_free(x509);
    EVP_PKEY_free(key);
  }
  ~Certificate() { std::filesystem::remove_all(folder); }
};

class ClientTest : public ServerFixture {
 protected:
  [[nodiscard]] std::string url(std::string_view path) const {
    return "http://127.0.0.1:" + std::to_string(server->port()) + std::string{path};
  }
  static Result<Response> send(ClientRequest request, ClientOptions options = {},
                               Deadline deadline = soon()) {
    return run_to_end<Response>([&]() -> Async<Response> {
      auto client = Client{std::move(options)};
      co_return co_await client.send(std::move(request), deadline);
    });
  }
};

TEST_F(ClientTest, SendsAndReceivesOnOneKeptConnection) {
  auto const outcome = run_to_end<int>([&]() -> Async<int> {
    auto client = Client{};
    for (auto i = 0; i < 5; ++i) {
      CO_TRY(
          auto const response,
          co_await client.send({.method = "POST", .url = url("/echo"), .body = std::to_string(i)}, soon()));
      EXPECT_EQ(response.status, 200);
      EXPECT_EQ(response.body, std::to_string(i));
      EXPECT_EQ(response.headers.get("server"), "hoist");
    }
    EXPECT_NE(metrics.render().find("hoist_http_connections{listener=\"test\"} 1\n"), std::string::npos);
    co_return 0;
  });
  EXPECT_TRUE(outcome) << outcome.error().to_string();
}

TEST_F(ClientTest, StreamsUpAndDown) {
  auto up = ClientRequest{.method = "POST", .url = url("/stream")};
  up.stream = std::make_shared<TextSource>(std::string(1'000'000, 'u'));
  up.stream_length = 1'000'000;
  EXPECT_EQ(send(std::move(up))->body, "1000000");
  for (auto const* path : {"/chunks", "/sized"}) {
    auto received = std::size_t{0};
    auto down = ClientRequest{.url = url(path)};
    down.sink = [&](std::string_view bytes) -> Async<> {
      received += bytes.size();
      co_return Result<void>{};
    };
    auto const response = send(std::move(down));
    ASSERT_TRUE(response);
    EXPECT_EQ(received, 300'000U);
    EXPECT_TRUE(response->body.empty());
  }
}

TEST_F(ClientTest, TheSinkGetsOnlyWhatSucceeded) {
  auto called = false;
  auto request = ClientRequest{.url = url("/nothing")};
  request.sink = [&](std::string_view) -> Async<> {
    called = true;
    co_return Result<void>{};
  };
  auto const response = send(std::move(request));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 404);
  EXPECT_NE(response->body.find("not_found"), std::string::npos);
  EXPECT_FALSE(called);
}

TEST_F(ClientTest, ARefusalBeforeTheEndOfTheBodyIsHeard) {
  auto request = ClientRequest{.method = "POST", .url = url("/echo")};
  request.stream = std::make_shared<TextSource>(std::string(10'000'000, 'u'));
  request.stream_length = 10'000'000;
  auto const response = send(std::move(request));
  ASSERT_TRUE(response) << response.error().to_string();
  EXPECT_EQ(response->status, 413);
}

TEST_F(ClientTest, HeadAndRedirectsAreNotFollowed) {
  EXPECT_EQ(send({.method = "HEAD", .url = url("/hello")})->headers.get("Content-Length"), "5");
  auto const response = send({.url = url("/redirect")});
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 302);
  EXPECT_EQ(response->headers.get("Location"), "/hello");
}

TEST_F(ClientTest, ResponsesOverTheLimitAreAnError) {
  for (auto const* path : {"/chunks", "/sized", "/endless"}) {
    auto const response = send({.url = url(path), .response_bytes_max = 1000});
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code(), Code::too_large);
  }
}

TEST_F(ClientTest, DeadlinesEndTheWait) {
  auto const response = send({.url = url("/slow")}, {}, deadline_in(milliseconds{100}));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Code::timeout);
  release.notify();
}

TEST_F(ClientTest, AClosedPortIsUnavailable) {
  auto const address = url("/hello");
  server.reset();
  auto const response = send({.url = address});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Code::unavailable);
}

TEST_F(ClientTest, APooledConnectionTheServerClosedIsReplaced) {
  auto const outcome = run_to_end<int>([&]() -> Async<int> {
    auto client = Client{};
    CO_TRY(auto const first, co_await client.send({.url = url("/hello")}, soon()));
    auto const port = server->port();
    server.reset();
    auto options = ServerOptions{.name = "test", .port = port};
    server = *Server::open(options, runtime, router, metrics);
    server->start();
    CO_TRY(auto const second,
           co_await client.send({.method = "POST", .url = url("/echo"), .body = "b"}, soon()));
    co_return first.status + second.status;
  });
  EXPECT_EQ(outcome, 400);
}

TEST_F(ClientTest, W1_AddressesAreVettedBeforeConnecting) {
  auto seen = std::vector<std::string>{};
  auto options = ClientOptions{};
  options.address_allowed = [&](std::string const& address) {
    seen.push_back(address);
    return false;
  };
  auto const by_name =
      send({.url = "http://localhost:" + std::to_string(server->port()) + "/hello"}, options);
  ASSERT_FALSE(by_name);
  EXPECT_EQ(by_name.error().code(), Code::forbidden);
  EXPECT_EQ(by_name.error().slug(), "address_not_allowed");
  auto const by_address = send({.url = url("/hello")}, options);
  ASSERT_FALSE(by_address);
  EXPECT_EQ(seen.back(), "127.0.0.1");
  EXPECT_EQ(hits, 0);
}

TEST_F(ClientTest, W2_OddUrlsAreRefused) {
  for (auto const* odd :
       {"http://user@127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/", "127.0.0.1"}) {
    auto const response = send({.url = odd});
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code(), Code::invalid) << odd;
  }
}

TEST_F(ClientTest, W9_ProxyVariablesAreIgnoredAndFieldsCannotBeInjected) {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  auto const response = send({.url = url("/hello")});
  ::unsetenv("http_proxy");
  EXPECT_EQ(response->status, 200);
  auto request = ClientRequest{.url = url("/hello")};
  request.headers.add("X-A", "b\r\nX-Injected: c");
  auto const refused = send(std::move(request));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::invalid);
}

TEST_F(ClientTest, TlsIsSpokenAndCertificatesAreVerified) {
  auto const certificate = Certificate{"IP:127.0.0.1"};
  start({.tls_certificate_file = certificate.certificate_file, .tls_key_file = certificate.key_file});
  auto const address = "https://127.0.0.1:" + std::to_string(server->port());
  auto const trusted = ClientOptions{.ca_file = certificate.certificate_file};
  auto const response =
      send({.method = "POST", .url = address + "/echo", .body = std::string(60'000, 't')}, trusted);
  ASSERT_TRUE(response) << response.error().to_string();
  EXPECT_EQ(response->body.size(), 60'000U);
  EXPECT_EQ(send({.url = address + "/chunks"}, trusted)->body.size(), 300'000U);
  EXPECT_FALSE(send({.url = address + "/hello"}));  // nobody we know signed it
  auto const other_name = "https://localhost:" + std::to_string(server->port());
  EXPECT_FALSE(send({.url = other_name + "/hello"}, trusted));
  EXPECT_EQ(hits, 0);
}

}  // namespace
}  // namespace hoist::net

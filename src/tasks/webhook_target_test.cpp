#include "tasks/webhook_target.hpp"

#include <gtest/gtest.h>

namespace hoist::tasks {
namespace {

TEST(PublicAddress, AnythingInsideIsNotPublic_W1) {
  for (auto const* const address : {"127.0.0.1",
                                    "127.255.255.255",
                                    "0.0.0.0",
                                    "10.1.2.3",
                                    "172.16.0.1",
                                    "172.31.255.255",
                                    "192.168.1.1",
                                    "169.254.169.254",
                                    "100.64.0.1",
                                    "100.127.255.255",
                                    "192.0.0.1",
                                    "192.0.2.1",
                                    "198.18.0.1",
                                    "198.51.100.1",
                                    "203.0.113.9",
                                    "224.0.0.1",
                                    "239.1.1.1",
                                    "240.0.0.1",
                                    "255.255.255.255",
                                    "::",
                                    "::1",
                                    "fc00::1",
                                    "fd12::1",
                                    "fe80::1",
                                    "fec0::1",
                                    "ff02::1",
                                    "::ffff:127.0.0.1",
                                    "::ffff:10.0.0.1",
                                    "::127.0.0.1",
                                    "64:ff9b::10.0.0.1",
                                    "64:ff9b:1::8.8.8.8",
                                    "2001::1",
                                    "2001:db8::1",
                                    "2002:7f00:1::1",
                                    "3fff::1",
                                    "not an address",
                                    ""})
    EXPECT_FALSE(is_public_address(address)) << address;
  for (auto const* const address :
       {"8.8.8.8", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1", "192.167.1.1",
        "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"})
    EXPECT_TRUE(is_public_address(address)) << address;
}

bool refused(std::string_view url, TargetRules const& rules = {}) {
  return !check_webhook_url(url, rules);
}

TEST(WebhookUrl, PrivateTargetsAreRefusedWhenConfigured_W1) {
  for (auto const* const url :
       {"http://127.0.0.1/x", "https://[::1]/x", "http://10.0.0.1:8080", "http://localhost/",
        "http://LOCALHOST:8080/", "http://a.localhost/", "http://169.254.169.254/latest"})
    EXPECT_TRUE(refused(url)) << url;
  EXPECT_FALSE(refused("http://127.0.0.1:9999/x", {.allow_private = true}));
  EXPECT_FALSE(refused("http://localhost:9999/x", {.allow_private = true}));
  EXPECT_FALSE(refused("https://hooks.example.com/in?a=b"));
  EXPECT_FALSE(refused("https://8.8.8.8/in"));
}

TEST(WebhookUrl, OddSpellingsAreRefusedEvenWherePrivateOnesAreAllowed_W2) {
  for (auto const* const url :
       {"http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/", "http://127.1/", "http://127.0.0.1./",
        "http://[hooks.example.com]/", "http://user@hooks.example.com/", "http://user:pw@hooks.example.com/",
        "http://hooks.example.com./", "http://１２７.0.0.1/", "http://hooks.example.com\\@10.0.0.1/",
        "http://[::ffff:7f00:1]/", "http://[0:0:0:0:0:0:0:1]/", "http://exa mple.com/", "http:///x"})
    EXPECT_TRUE(refused(url, {.allow_private = true})) << url;
}

TEST(WebhookUrl, OtherSchemesAndServicesPortsAreRefused_W4) {
  for (auto const* const url :
       {"file:///etc/passwd", "gopher://hooks.example.com/", "ftp://hooks.example.com/", "hooks.example.com",
        "http://1.1.1.1:-1/", "https://hooks.example.com:+443/", "http://1.1.1.1:8a/",
        "https://hooks.example.com:22/", "https://hooks.example.com:25/", "https://hooks.example.com:5432/",
        "https://hooks.example.com:6379/", "https://hooks.example.com:0/", "https://hooks.example.com:70000/",
        ""})
    EXPECT_TRUE(refused(url)) << url;
  EXPECT_FALSE(refused("https://hooks.example.com:8443/"));
  EXPECT_TRUE(refused("http://127.0.0.1:8080/", {.allow_private = true, .ports_refused = {8080, 9000}}));
}

}  // namespace
}  // namespace hoist::tasks

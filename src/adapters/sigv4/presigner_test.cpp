#include "adapters/sigv4/presigner.hpp"

#include <gtest/gtest.h>

namespace hoist::sigv4 {
namespace {

Presigner make(std::string base_url) {
  return *Presigner::open({std::move(base_url), "us-east-1", {"AKID", "secret"}});
}

PresignRequest put() {
  auto request = PresignRequest{};
  request.method = "PUT";
  request.ref = {"bucket", "tenant/a b"};
  request.headers = {{"Content-Type", "image/jpeg"}, {"content-length", "7"}};
  return request;
}

TEST(Presigner, TheUrlNamesBucketKeyLifetimeAndSignedHeaders) {
  auto const signed_url = make("http://127.0.0.1:9000/").presign(put(), from_us(1'700'000'000'500'000));
  EXPECT_TRUE(signed_url.url.starts_with("http://127.0.0.1:9000/bucket/tenant/a%20b?X-Amz-Algorithm="))
      << signed_url.url;
  EXPECT_NE(signed_url.url.find("X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost&"),
            std::string::npos);
  EXPECT_EQ(signed_url.headers, (StringMap{{"content-type", "image/jpeg"}, {"content-length", "7"}}));
  EXPECT_EQ(signed_url.expires_at, from_us(1'700'000'900'000'000));
}

TEST(Presigner, TheDefaultPortIsLeftOutAsClientsDo) {
  EXPECT_TRUE(make("https://files.example.com:443")
                  .presign(put(), from_us(0))
                  .url.starts_with("https://files.example.com/bucket/"));
}

TEST(Presigner, ABaseUrlThatIsNoneIsRefused) {
  for (auto const* url : {"", "ftp://x", "http://", "http://user@host", "127.0.0.1:9000"})
    EXPECT_FALSE(Presigner::open({url, "r", {"a", "b"}})) << url;
}

}  // namespace
}  // namespace hoist::sigv4

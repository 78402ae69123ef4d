#include "base/ed25519.hpp"

#include <gtest/gtest.h>

#include "base/encode.hpp"

namespace hoist {
namespace {

TEST(Ed25519, VerifiesRfc8032Test1) {
  auto const key = *unhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  auto const signature = *unhex(
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
      "d25bf5f0595bbe24655141438e7a100b");
  EXPECT_TRUE(verify_ed25519(key, "", signature));
  EXPECT_FALSE(verify_ed25519(key, "x", signature));
}

TEST(Ed25519, APemRoundTripSignsTheSame) {
  auto const key = Ed25519Key::generate();
  auto const again = Ed25519Key::from_pem(key.to_pem());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->public_key(), key.public_key());
  auto signature = again->sign("message");
  EXPECT_TRUE(verify_ed25519(key.public_key(), "message", signature));
  signature[5] ^= 1;
  EXPECT_FALSE(verify_ed25519(key.public_key(), "message", signature));
  EXPECT_FALSE(Ed25519Key::from_pem("nonsense"));
}

}  // namespace
}  // namespace hoist

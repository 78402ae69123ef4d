#include "events/merkle.hpp"

#include <gtest/gtest.h>

#include "base/encode.hpp"

namespace hoist::events {
namespace {

std::vector<std::string> leaves_of(std::size_t count) {
  auto leaves = std::vector<std::string>{};
  for (std::size_t i = 0; i < count; ++i) leaves.push_back(merkle_leaf("entry " + std::to_string(i)));
  return leaves;
}

RangeHash range_over(std::vector<std::string> const& leaves) {
  return [&leaves](std::uint64_t begin, std::uint64_t end) -> Result<std::string> {
    return merkle_root({leaves.begin() + static_cast<std::ptrdiff_t>(begin),
                        leaves.begin() + static_cast<std::ptrdiff_t>(end)});
  };
}

std::string root_of_first(std::vector<std::string> const& leaves, std::size_t count) {
  return merkle_root({leaves.begin(), leaves.begin() + static_cast<std::ptrdiff_t>(count)});
}

TEST(Merkle, KnownRootsOfCertificateTransparency) {
  EXPECT_EQ(hex(merkle_root({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(merkle_root({merkle_leaf("")})),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

TEST(Merkle, EveryInclusionProofUpTo40LeavesVerifiesAndNoOtherDoes) {
  auto const leaves = leaves_of(40);
  auto const range = range_over(leaves);
  auto checked = 0;
  for (std::size_t size = 1; size <= leaves.size(); ++size) {
    auto const root = root_of_first(leaves, size);
    for (std::size_t index = 0; index < size; ++index, ++checked) {
      auto proof = *inclusion_proof(index, size, range);
      ASSERT_TRUE(verify_inclusion(leaves[index], index, size, proof, root)) << index << " of " << size;
      ASSERT_FALSE(verify_inclusion(leaves[(index + 1) % 40], index, size, proof, root));
      if (size > 1) {
        ASSERT_FALSE(verify_inclusion(leaves[index], (index + 1) % size, size, proof, root));
        proof.back()[0] ^= 1;
        ASSERT_FALSE(verify_inclusion(leaves[index], index, size, proof, root));
      }
    }
  }
  std::printf("inclusion proofs checked: %d\n", checked);
}

TEST(Merkle, EveryConsistencyProofUpTo40LeavesVerifiesAndARewriteDoesNot) {
  auto const leaves = leaves_of(40);
  auto const range = range_over(leaves);
  auto checked = 0;
  for (std::size_t second = 1; second <= leaves.size(); ++second) {
    for (std::size_t first = 1; first <= second; ++first, ++checked) {
      auto const proof = *consistency_proof(first, second, range);
      auto const first_root = root_of_first(leaves, first);
      auto const second_root = root_of_first(leaves, second);
      ASSERT_TRUE(verify_consistency(first, second, first_root, second_root, proof))
          << first << " " << second;
      auto rewritten = leaves;
      rewritten[0] = merkle_leaf("forged");
      ASSERT_FALSE(verify_consistency(first, second, first_root, root_of_first(rewritten, second),
                                      *consistency_proof(first, second, range_over(rewritten))));
    }
  }
  std::printf("consistency proofs checked: %d\n", checked);
}

}  // namespace
}  // namespace hoist::events

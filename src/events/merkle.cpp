#include "events/merkle.hpp"

#include <bit>
#include <span>

#include "base/hash.hpp"
#include "base/try.hpp"

namespace hoist::events {
namespace {

std::string root_of(std::span<std::string const> leaves) {
  if (leaves.size() == 1) return leaves[0];
  auto const left = merkle_split(leaves.size());
  return merkle_node(root_of(leaves.first(left)), root_of(leaves.subspan(left)));
}

Result<void> add_path(std::uint64_t index, std::uint64_t begin, std::uint64_t end, RangeHash const& range,
                      std::vector<std::string>& proof) {
  if (end - begin == 1) return {};
  auto const middle = begin + merkle_split(end - begin);
  auto const in_left = index < middle;
  CHECK(in_left ? add_path(index, begin, middle, range, proof) : add_path(index, middle, end, range, proof));
  TRY(auto sibling, in_left ? range(middle, end) : range(begin, middle));
  proof.push_back(std::move(sibling));
  return {};
}

// SUBPROOF of RFC 9162: `whole` says that [begin, first) is a complete subtree the verifier knows.
Result<void> add_subproof(std::uint64_t first, std::uint64_t begin, std::uint64_t end, bool whole,
                          RangeHash const& range, std::vector<std::string>& proof) {
  if (first == end) {
    if (whole) return {};
    TRY(auto hash, range(begin, end));
    proof.push_back(std::move(hash));
    return {};
  }
  auto const middle = begin + merkle_split(end - begin);
  auto const in_left = first <= middle;
  CHECK(in_left ? add_subproof(first, begin, middle, whole, range, proof)
                : add_subproof(first, middle, end, false, range, proof));
  TRY(auto sibling, in_left ? range(middle, end) : range(begin, middle));
  proof.push_back(std::move(sibling));
  return {};
}

}  // namespace

std::string merkle_leaf(std::string_view entry) {
  auto hasher = Hasher{Hasher::Algorithm::sha256};
  hasher.update(std::string_view{"\x00", 1});
  hasher.update(entry);
  return hasher.finish();
}

std::string merkle_node(std::string_view left, std::string_view right) {
  auto joined = std::string{"\x01"};
  joined += left;
  joined += right;
  return sha256(joined);
}

std::uint64_t merkle_split(std::uint64_t count) {
  return std::bit_floor(count - 1);
}

std::string merkle_root(std::vector<std::string> const& leaves) {
  return leaves.empty() ? sha256("") : root_of(leaves);
}

Result<std::vector<std::string>> inclusion_proof(std::uint64_t index, std::uint64_t size,
                                                 RangeHash const& range) {
  if (index >= size) return fail(Code::invalid, "The entry is not in a list of that size.");
  auto proof = std::vector<std::string>{};
  CHECK(add_path(index, 0, size, range, proof));
  return proof;
}

Result<std::vector<std::string>> consistency_proof(std::uint64_t first, std::uint64_t second,
                                                   RangeHash const& range) {
  if (first == 0 || first > second)
    return fail(Code::invalid, "The first size must be 1 to the second size.");
  auto proof = std::vector<std::string>{};
  CHECK(add_subproof(first, 0, second, true, range, proof));
  return proof;
}

bool verify_inclusion(std::string_view leaf, std::uint64_t index, std::uint64_t size,
                      std::vector<std::string> const& proof, std::string_view root) {
  if (index >= size) return false;
  auto node = index;
  auto last = size - 1;
  auto hash = std::string{leaf};
  for (auto const& sibling : proof) {
    if (last == 0) return false;
    if ((node & 1) != 0 || node == last) {
      hash = merkle_node(sibling, hash);
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      hash = merkle_node(hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && hash == root;
}

bool verify_consistency(std::uint64_t first, std::uint64_t second, std::string_view first_root,
                        std::string_view second_root, std::vector<std::string> const& proof) {
  if (first == 0 || first > second) return false;
  if (first == second) return proof.empty() && first_root == second_root;
  auto path = std::span{proof};
  auto start = std::string{first_root};
  if (!std::has_single_bit(first)) {
    if (path.empty()) return false;
    start = path[0];
    path = path.subspan(1);
  }
  auto node = first - 1;
  auto last = second - 1;
  for (; (node & 1) != 0; node >>= 1) last >>= 1;
  auto first_hash = start;
  auto second_hash = start;
  for (auto const& sibling : path) {
    if (last == 0) return false;
    if ((node & 1) != 0 || node == last) {
      first_hash = merkle_node(sibling, first_hash);
      second_hash = merkle_node(sibling, second_hash);
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      second_hash = merkle_node(second_hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && first_hash == first_root && second_hash == second_root;
}

}  // namespace hoist::events

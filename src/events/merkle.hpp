// A Merkle tree over an append-only list, as Certificate Transparency has it: anybody who holds a
// signed root can check that an entry is in the list, and that a later list only added to it,
// with a few hashes instead of the list.
//
// The tree itself is not held: callers give the hash of any range of leaves (RangeHash), from a
// table of complete subtrees or by computing it.
// Units    hashes are 32 raw bytes; indices and sizes count leaves from 0.
// Source   RFC 9162 sections 2.1.1 to 2.1.4.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace hoist::events {

// Hash of the subtree over leaves [begin, end); end - begin is at least 1.
using RangeHash = std::function<Result<std::string>(std::uint64_t begin, std::uint64_t end)>;

[[nodiscard]] std::string merkle_leaf(std::string_view entry);
[[nodiscard]] std::string merkle_node(std::string_view left, std::string_view right);
// The size of the left subtree over `count` leaves: the largest power of two below it.
[[nodiscard]] std::uint64_t merkle_split(std::uint64_t count);

// Root of these leaf hashes; that of an empty list is SHA-256 of nothing.
[[nodiscard]] std::string merkle_root(std::vector<std::string> const& leaves);

// The path from leaf `index` to the root of the first `size` leaves. Requires index < size.
[[nodiscard]] Result<std::vector<std::string>> inclusion_proof(std::uint64_t index, std::uint64_t size,
                                                               RangeHash const& range);
// That the first `first` leaves are a prefix of the first `second`. Requires 0 < first <= second.
[[nodiscard]] Result<std::vector<std::string>> consistency_proof(std::uint64_t first, std::uint64_t second,
                                                                 RangeHash const& range);

[[nodiscard]] bool verify_inclusion(std::string_view leaf, std::uint64_t index, std::uint64_t size,
                                    std::vector<std::string> const& proof, std::string_view root);
[[nodiscard]] bool verify_consistency(std::uint64_t first, std::uint64_t second, std::string_view first_root,
                                      std::string_view second_root, std::vector<std::string> const& proof);

}  // namespace hoist::events

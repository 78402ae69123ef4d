#include "aws/chunk_signer.hpp"

#include <fmt/format.h>

#include "aws/canonical.hpp"

namespace hoist::aws {

ChunkSigner::ChunkSigner(std::shared_ptr<SigningKey const> key, std::string date, std::string scope,
                         std::string seed)
    : key_{std::move(key)}, date_{std::move(date)}, scope_{std::move(scope)}, previous_{std::move(seed)} {}

std::string ChunkSigner::next_chunk(std::string_view chunk_sha256_hex) {
  previous_ = key_->sign(fmt::format("{}-PAYLOAD\n{}\n{}\n{}\n{}\n{}", algorithm_name, date_, scope_,
                                     previous_, empty_payload_sha256, chunk_sha256_hex));
  return previous_;
}

std::string ChunkSigner::trailer(std::string_view canonical_trailer) {
  previous_ = key_->sign(fmt::format("{}-TRAILER\n{}\n{}\n{}\n{}", algorithm_name, date_, scope_, previous_,
                                     sha256_hex(canonical_trailer)));
  return previous_;
}

}  // namespace hoist::aws

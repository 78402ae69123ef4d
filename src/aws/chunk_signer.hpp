// The chain of signatures of an aws-chunked body: each chunk signs the signature before it, so no
// chunk can be changed, moved, dropped or added.
//
// Source   AWS Signature Version 4 for Amazon S3, "chunked upload" with and without trailers.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "aws/signing_key.hpp"

namespace hoist::aws {

class ChunkSigner {
 public:
  // `seed` is the signature of the request's headers.
  ChunkSigner(std::shared_ptr<SigningKey const> key, std::string date, std::string scope, std::string seed);

  // Each returns the signature due and moves on to the next link.
  [[nodiscard]] std::string next_chunk(std::string_view chunk_sha256_hex);
  [[nodiscard]] std::string trailer(std::string_view canonical_trailer);  // "name:value\n" lines

 private:
  std::shared_ptr<SigningKey const> key_;
  std::string date_;
  std::string scope_;
  std::string previous_;
};

}  // namespace hoist::aws

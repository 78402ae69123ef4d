// What operators set for objects in S3.
#pragma once

#include <string>

namespace hoist::s3 {

struct Options {
  std::string endpoint;         // "https://s3.eu-west-1.amazonaws.com"; empty: objects are kept by the engine
  std::string public_endpoint;  // as clients reach it; empty: the same
  std::string region = "us-east-1";
  bool path_style = false;  // ENDPOINT/bucket/key instead of bucket.ENDPOINT/key
};

}  // namespace hoist::s3

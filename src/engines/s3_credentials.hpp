// The access keys of an engine that keeps objects itself, made at its first start.
//
// Errors   invalid when what was written is damaged, and those of Secrets.
#pragma once

#include "assembly/engine.hpp"

namespace hoist {

// Where they are kept; there once a server has started.
inline constexpr auto s3_credentials_secret = "keys/s3.json";

// `region` and `bucket` are written beside them, for operators' S3 tools.
[[nodiscard]] Result<S3Credentials> load_or_create_s3_credentials(Secrets& secrets, std::string const& region,
                                                                  std::string const& bucket);

}  // namespace hoist

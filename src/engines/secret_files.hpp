// The Secrets port over files that only their owner can read.
#pragma once

#include "base/secret_file.hpp"
#include "engines/data_folder.hpp"
#include "ports/secrets.hpp"

namespace hoist {

class SecretFiles final : public Secrets {
 public:
  explicit SecretFiles(DataFolder const& folder) : folder_{folder} {}
  [[nodiscard]] Result<std::string> read(std::string_view name) const override {
    return read_secret_file(folder_.path(name));
  }
  Result<void> replace(std::string_view name, std::string_view text) override {
    return write_secret_file(folder_.path(name), text);
  }

 private:
  DataFolder const& folder_;
};

}  // namespace hoist

// The folder of a server that keeps nothing: for keys, the private clamd, files while they are processed, and
// what the command line of this machine needs. It is emptied at the start and gone at the end.
//
// Errors   conflict for a folder that holds anything else: another engine may keep it there. unavailable
//          while another server has it.
#pragma once

#include <memory>

#include "engines/data_folder.hpp"

namespace hoist::memory {

class Scratch {
 public:
  static Result<std::unique_ptr<Scratch>> open(std::string const& path);
  ~Scratch();
  Scratch(Scratch const&) = delete;

  [[nodiscard]] DataFolder const& folder() const { return folder_; }
  [[nodiscard]] std::string path(std::string_view name) const { return folder_.path(name); }

 private:
  explicit Scratch(DataFolder folder) : folder_{std::move(folder)} {}
  DataFolder folder_;
};

}  // namespace hoist::memory

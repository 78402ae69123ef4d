// What `hoist put` has begun, kept on disk so that the next run goes on where a killed one stopped.
//
// One file per server under $XDG_STATE_HOME/hoist (or ~/.local/state/hoist), readable by its owner:
// a line per begun upload with its presigned URLs (they end by themselves within minutes), a line per
// finished one. A file is recognised by path, size, time of change and project.
// Threads  one.   Errors  none: a folder that cannot be written only costs the ability to resume.
// Locking  a second run against the same server works without a journal.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/json.hpp"
#include "bin/cli/files.hpp"

namespace hoist::cli {

struct Begun {
  std::string upload_id;
  std::string batch_id;
  json::object transfer;
};

[[nodiscard]] std::string journal_key(LocalFile const& file, std::string_view project);

class Journal {
 public:
  explicit Journal(std::string_view server);
  ~Journal();  // removes the file when nothing begun is left
  Journal(Journal const&) = delete;

  [[nodiscard]] std::optional<Begun> find(std::string const& key) const;
  void begin(std::vector<std::pair<std::string, Begun>> entries);
  void end(std::string const& key);

 private:
  void load();
  void append(std::string const& lines);

  std::string path_;
  Fd file_;
  std::map<std::string, Begun> begun_;
};

}  // namespace hoist::cli

// The files that `hoist put` was asked for: found, described, and read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "net/message.hpp"

namespace hoist::cli {

struct LocalFile {
  std::filesystem::path path;
  std::string name;   // last part of the path, as UTF-8
  std::string place;  // from the folder that was named on, "site/floor-1/a.jpg"; empty: named itself
  std::string content_type;
  std::int64_t size = 0;
  std::int64_t modified_us = 0;
};

// Is it a file that no person put there: one whose name begins with a dot, Thumbs.db, desktop.ini?
[[nodiscard]] bool is_hidden(std::string_view name);

// Every regular file under `paths`, folders walked through, symbolic links to folders not followed, hidden
// files and folders left out unless they are named themselves.
// What cannot be read is reported to `problem` and left out. Order: as named, folders by name.
[[nodiscard]] std::vector<LocalFile> find_files(
    std::vector<std::string> const& paths,
    std::function<void(std::filesystem::path const&, std::string)> const& problem);

// By the name's extension; "application/octet-stream" when unknown.
[[nodiscard]] std::string guess_content_type(std::string_view name);

// Blocks; hexadecimal. Errors: not_found (cannot be opened), conflict (another size than `file` says).
[[nodiscard]] Result<std::string> sha256_of(LocalFile const& file);

// `length` bytes from `offset`. `on_read` hears of every piece as it is handed out.
// Errors of read(): conflict when the file became shorter.
[[nodiscard]] Result<std::shared_ptr<net::BodySource>> open_file(LocalFile const& file, std::int64_t offset,
                                                                 std::int64_t length,
                                                                 std::function<void(std::size_t)> on_read);

}  // namespace hoist::cli

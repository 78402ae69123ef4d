// File descriptors and the few durable operations the store is built on.
//
// Invariant  a failed fsync ends the process: the kernel may have dropped the pages, and asking
//            again would report success for data that is gone. Running out of space is the one
//            exception, because the file it happened to is thrown away.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/fd.hpp"

namespace hoist::disk {

// The error for errno after `what`. Errors: storage_full, unavailable (too many files), internal.
[[nodiscard]] std::unexpected<Error> errno_error(std::string_view what);

// Creates `path` and every missing folder above it, each durable before this returns.
[[nodiscard]] Result<Fd> make_folder(std::string const& path);
// A folder `name` in `parent`, durable.
[[nodiscard]] Result<Fd> make_folder_in(Fd const& parent, std::string const& name);
[[nodiscard]] Result<Fd> open_folder_in(Fd const& parent, std::string const& name);

// A new empty file, 0600. Its name is durable only after sync_folder().
[[nodiscard]] Result<Fd> create_file_in(Fd const& folder, std::string const& name);
// An existing regular file and its size. Errors: corrupt for anything else under that name.
struct OpenFile {
  Fd file;
  std::int64_t size = 0;
};
[[nodiscard]] Result<OpenFile> open_file_in(Fd const& folder, std::string const& name);

[[nodiscard]] Result<void> write_at(Fd const& file, std::string_view bytes, std::int64_t offset);
// Fills the buffer. Errors: corrupt when the file ends before.
[[nodiscard]] Result<void> read_at(Fd const& file, std::span<char> buffer, std::int64_t offset);
void start_writeback(Fd const& file, std::int64_t offset, std::int64_t size);
[[nodiscard]] Result<void> sync_file(Fd const& file);
void sync_folder(Fd const& folder);
[[nodiscard]] std::int64_t free_bytes(Fd const& folder);

}  // namespace hoist::disk

#include "bin/cli/bench.hpp"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "base/id.hpp"
#include "base/try.hpp"
#include "bin/cli/put.hpp"
#include "bin/cli/report.hpp"

namespace hoist::cli {
namespace {

// Files of random bytes, so that no two runs send what the server already has.
class RandomFiles {
 public:
  static Result<RandomFiles> make(std::int64_t count, std::int64_t bytes) {
    auto pattern = (std::filesystem::temp_directory_path() / "hoist-bench-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr)
      return fail(Code::unavailable, "No temporary folder can be made.");
    auto files = RandomFiles{pattern};
    for (auto i = std::int64_t{0}; i < count; ++i) {
      auto file = std::ofstream{fmt::format("{}/{:06}.bin", pattern, i), std::ios::binary};
      file << random_bytes(static_cast<std::size_t>(bytes));
      if (!file.flush()) return fail(Code::storage_full, "The temporary folder is full.");
    }
    return files;
  }
  RandomFiles(RandomFiles&& other) noexcept : folder_{std::exchange(other.folder_, {})} {}
  ~RandomFiles() {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }
  [[nodiscard]] std::string const& folder() const { return folder_; }

 private:
  explicit RandomFiles(std::string folder) : folder_{std::move(folder)} {}
  std::string folder_;
};

int timed_put(BenchOptions const& options, RandomFiles const& files) {
  auto put = PutOptions{};
  put.connection = options.connection;
  put.paths = {files.folder()};
  put.project = options.project;
  put.parallel = options.parallel;
  auto const started = std::chrono::steady_clock::now();
  auto const code = put_command(put);
  auto const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  auto const megabytes = static_cast<double>(options.files * options.kilobytes) / 1000.0;
  fmt::print("{} files of {} kB until COMPLETED: {:.2f} s, {:.0f} files/s, {:.1f} MB/s\n", options.files,
             options.kilobytes, seconds, static_cast<double>(options.files) / seconds, megabytes / seconds);
  return code;
}

}  // namespace

int bench_command(BenchOptions const& options) {
  auto const files = RandomFiles::make(options.files, options.kilobytes * 1000);
  return files ? timed_put(options, *files) : report(files.error());
}

}  // namespace hoist::cli

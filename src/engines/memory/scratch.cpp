#include "engines/memory/scratch.hpp"

#include <filesystem>

#include "base/secret_file.hpp"
#include "base/try.hpp"

namespace hoist::memory {
namespace {

namespace fs = std::filesystem;

constexpr auto mark = "nothing-is-kept";
constexpr auto lock = "lock";

bool is_of_others(std::string const& path) {
  auto ignored = std::error_code{};
  return fs::exists(path, ignored) && !fs::is_empty(path, ignored) && !fs::exists(path + "/" + mark, ignored);
}

void remove_all_but_the_lock(std::string const& path) {
  auto ignored = std::error_code{};
  for (auto const& entry : fs::directory_iterator{path, ignored})
    if (entry.path().filename() != lock) fs::remove_all(entry.path(), ignored);
}

}  // namespace

Result<std::unique_ptr<Scratch>> Scratch::open(std::string const& path) {
  if (is_of_others(path))
    return fail(Code::conflict, path +
                                    " is not empty, and the memory engine needs a folder of its own, which "
                                    "it empties; choose another --data");
  TRY(auto folder, DataFolder::open(path));
  CHECK(folder.lock());
  remove_all_but_the_lock(path);  // of a server that did not come to its end
  CHECK(write_secret_file(folder.path(mark), {}));
  CHECK(DataFolder::open(path));
  return std::unique_ptr<Scratch>{new Scratch{std::move(folder)}};
}

Scratch::~Scratch() {
  auto const path = folder_.path("");
  remove_all_but_the_lock(path);
  auto ignored = std::error_code{};
  fs::remove(path + lock, ignored);
  fs::remove(path, ignored);
}

}  // namespace hoist::memory

#include "adapters/disk/blob_folders.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <iterator>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.hpp"
#include "base/encode.hpp"
#include "base/id.hpp"
#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/try.hpp"

namespace hoist::disk {
namespace {

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};
using Listing = std::unique_ptr<DIR, CloseFolder>;

Result<Listing> list(Fd const& parent, char const* name) {
  auto const number = ::openat(parent.number(), name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (number < 0) return errno_error(std::string{"list "} + name);
  auto* const folder = ::fdopendir(number);
  if (folder == nullptr) {
    ::close(number);
    return errno_error(std::string{"list "} + name);
  }
  return Listing{folder};
}

// folder and name of "folder/name".
std::pair<std::string, std::string> split(std::string const& blob) {
  auto const slash = blob.find('/');
  HOIST_ASSERT(slash != blob.npos);
  return {blob.substr(0, slash), blob.substr(slash + 1)};
}

constexpr auto lost_and_found = "lost+found";

Time time_of(struct timespec const& at) {
  return from_us(at.tv_sec * 1'000'000 + at.tv_nsec / 1'000);
}

Result<std::vector<std::string>> folders_in(Fd const& parent) {
  TRY(auto listing, list(parent, "."));
  auto names = std::vector<std::string>{};
  while (auto const* entry = ::readdir(listing.get()))
    if (is_uuid(entry->d_name)) names.emplace_back(entry->d_name);
  return names;
}

Result<std::vector<BlobFolders::Entry>> files_in(Fd const& parent, std::string const& folder) {
  TRY(auto listing, list(parent, folder.c_str()));
  auto entries = std::vector<BlobFolders::Entry>{};
  while (auto const* entry = ::readdir(listing.get())) {
    if (!is_uuid(entry->d_name)) continue;
    struct stat status{};
    if (::fstatat(::dirfd(listing.get()), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    entries.push_back({.name = folder + "/" + entry->d_name,
                       .size = status.st_size,
                       .modified_at = time_of(status.st_mtim),
                       .moved_at = time_of(status.st_ctim)});
  }
  return entries;
}

// Renames `name` from below `from` to below `to`; its folder there is made where it is missing.
Result<void> move_file(Fd const& from, Fd const& to, std::string const& name) {
  auto const folder = split(name).first;
  TRY(auto const target, make_folder_in(to, folder));
  if (::renameat(from.number(), name.c_str(), to.number(), name.c_str()) != 0)
    return errno_error("move " + name);
  sync_folder(target);
  TRY(auto const source, open_folder_in(from, folder));
  sync_folder(source);
  return {};
}

}  // namespace

Blob::Blob(std::shared_ptr<BlobFolders> folders, std::string name, Fd file, EtagKind etag)
    : folders_{std::move(folders)}, name_{std::move(name)}, file_{std::move(file)} {
  if (etag == EtagKind::md5) md5_.emplace(Hasher::Algorithm::md5);
}

Blob::~Blob() {
  if (!kept_)
    if (auto removed = folders_->remove(name_); !removed)
      log::warn("an unfinished file stays until the next scan", {{"cause", removed.error().to_string()}});
  folders_->release(name_);
}

Result<void> Blob::append(std::string_view bytes) {
  CHECK(write_at(file_, bytes, size_));
  start_writeback(file_, size_, static_cast<std::int64_t>(bytes.size()));
  hasher_.update(bytes);
  if (md5_) md5_->update(bytes);
  size_ += static_cast<std::int64_t>(bytes.size());
  return {};
}

Result<void> Blob::finish(Label label) {
  sha256_ = hasher_.finish();
  etag_ = hex(md5_ ? md5_->finish() : sha256_);
  if (label.segments.empty()) {
    label.size = size_;
    label.etag = etag_;
    label.sha256 = hex(sha256_);
  }
  CHECK(write_at(file_, to_bytes(label, name_), size_));
  CHECK(sync_file(file_));
  file_.reset();
  return {};
}

Result<std::shared_ptr<BlobFolders>> BlobFolders::open(std::string const& root, Clock const& clock,
                                                       Pool& pool) {
  TRY(auto above, make_folder(root));
  TRY(auto blobs, make_folder_in(above, "blobs"));
  return std::shared_ptr<BlobFolders>{new BlobFolders{std::move(above), std::move(blobs), clock, pool}};
}

BlobFolders::~BlobFolders() {
  for (auto const& spare : spares_) static_cast<void>(remove(spare.name));
}

Result<std::unique_ptr<Blob>> BlobFolders::take(EtagKind etag) {
  while (true) {
    auto low = false;
    auto spare = pop(low);
    if (low) refill_later();
    if (spare)
      return std::make_unique<Blob>(shared_from_this(), std::move(spare->name), std::move(spare->file), etag);
    CHECK(refill(1));
  }
}

std::optional<BlobFolders::Spare> BlobFolders::pop(bool& low) {
  auto const lock = Lock{spares_mutex_};
  low = spares_.size() < folders_low_files;
  if (spares_.empty()) return std::nullopt;
  auto spare = std::move(spares_.back());
  spares_.pop_back();
  return spare;
}

void BlobFolders::refill_later() {
  if (refilling_.exchange(true)) return;
  auto work = [self = shared_from_this()] {
    // No caller waits for this; a writer that finds the folders empty meets the same error.
    static_cast<void>(self->refill(folders_low_files));
    self->refilling_ = false;
  };
  if (!pool_.try_post(std::move(work))) refilling_ = false;
}

Result<void> BlobFolders::refill(std::size_t enough) {
  auto const making = Lock{refill_mutex_};
  {
    auto const lock = Lock{spares_mutex_};
    if (spares_.size() >= enough) return {};
  }
  if (folder_files_ + folders_batch_files > folder_files_max) CHECK(begin_folder());
  auto made = std::vector<Spare>{};
  for (std::size_t i = 0; i < folders_batch_files; ++i) {
    auto const id = new_uuid7(clock_.now());
    auto file = create_file_in(folder_, id);
    if (!file && made.empty()) return std::unexpected{file.error()};
    if (!file) break;
    auto name = folder_name_ + "/" + id;
    hold(name);
    made.push_back(Spare{std::move(name), std::move(*file)});
    ++folder_files_;
  }
  sync_folder(folder_);
  auto const lock = Lock{spares_mutex_};
  std::ranges::move(made, std::back_inserter(spares_));
  return {};
}

Result<void> BlobFolders::begin_folder() {
  auto name = new_uuid7(clock_.now());
  TRY(folder_, make_folder_in(blobs_, name));
  folder_name_ = std::move(name);
  folder_files_ = 0;
  return {};
}

Result<OpenFile> BlobFolders::open_file(std::string const& blob) const {
  auto const [folder_name, name] = split(blob);
  auto folder = open_folder_in(blobs_, folder_name);
  if (!folder)
    return fail(Error{Code::corrupt, "The stored file is damaged."}.with_cause(folder.error().to_string()));
  return open_file_in(*folder, name);
}

Result<Fd> BlobFolders::open_blob(std::string const& blob, std::int64_t size) const {
  TRY(auto opened, open_file(blob));
  if (opened.size == size || ends_in_label(opened.file, size, opened.size)) return std::move(opened.file);
  auto cause = fmt::format("{} bytes instead of {}: {}", opened.size, size, blob);
  return fail(Error{Code::corrupt, "The stored file is damaged."}.with_cause(std::move(cause)));
}

Result<Label> BlobFolders::label(std::string const& blob) const {
  TRY(auto const opened, open_file(blob));
  return read_label(opened.file, blob);
}

Result<void> BlobFolders::remove(std::string const& blob) const {
  if (::unlinkat(blobs_.number(), blob.c_str(), 0) == 0 || errno == ENOENT) return {};
  return errno_error("unlink " + blob);
}

Result<std::vector<std::string>> BlobFolders::folders() const {
  return folders_in(blobs_);
}

Result<std::vector<BlobFolders::Entry>> BlobFolders::files(std::string const& folder) const {
  return files_in(blobs_, folder);
}

Result<void> BlobFolders::set_aside(std::string const& name) {
  TRY(auto const lost, make_folder_in(root_, lost_and_found));
  return move_file(blobs_, lost, name);
}

Result<std::vector<BlobFolders::Entry>> BlobFolders::set_aside_files() const {
  auto const lost = open_folder_in(root_, lost_and_found);
  if (!lost) return std::vector<Entry>{};
  TRY(auto const folders, folders_in(*lost));
  auto all = std::vector<Entry>{};
  for (auto const& folder : folders) {
    TRY(auto files, files_in(*lost, folder));
    std::ranges::move(files, std::back_inserter(all));
  }
  return all;
}

Result<void> BlobFolders::put_back(std::string const& name) {
  TRY(auto const lost, open_folder_in(root_, lost_and_found));
  return move_file(lost, blobs_, name);
}

Result<void> BlobFolders::remove_set_aside(std::string const& name) {
  TRY(auto const lost, open_folder_in(root_, lost_and_found));
  if (::unlinkat(lost.number(), name.c_str(), 0) != 0 && errno != ENOENT)
    return errno_error("unlink " + name);
  // Fails as long as there is another file in it.
  static_cast<void>(::unlinkat(lost.number(), split(name).first.c_str(), AT_REMOVEDIR));
  return {};
}

void BlobFolders::remove_folder_if_empty(std::string const& folder) {
  auto const making = Lock{refill_mutex_};
  if (folder == folder_name_) return;
  static_cast<void>(::unlinkat(blobs_.number(), folder.c_str(), AT_REMOVEDIR));
}

bool BlobFolders::in_use(std::string const& name) const {
  auto const lock = Lock{holds_mutex_};
  return holds_.contains(name);
}

void BlobFolders::hold(std::string const& name) {
  auto const lock = Lock{holds_mutex_};
  ++holds_[name];
}

void BlobFolders::release(std::string const& name) {
  auto const lock = Lock{holds_mutex_};
  auto const found = holds_.find(name);
  HOIST_ASSERT(found != holds_.end());
  if (--found->second == 0) holds_.erase(found);
}

}  // namespace hoist::disk

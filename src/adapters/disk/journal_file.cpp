#include "adapters/disk/journal_file.hpp"

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <set>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/disk/files.hpp"
#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "base/try.hpp"

namespace hoist::disk {
namespace {

constexpr std::size_t digest_digits = 32;
constexpr std::size_t waiting_bytes_max = std::size_t{8} << 20;
constexpr std::size_t copied_bytes = std::size_t{1} << 20;
constexpr auto text_max = std::size_t{1} << 20;
constexpr auto file_mode = mode_t{0600};

std::string digest_of(std::string_view text) {
  return hex(sha256(text)).substr(0, digest_digits);
}

std::string to_line(RecordEntry const& entry) {
  auto object = json::object{{"record", entry.record}, {"object", entry.object}, {"at_us", to_us(entry.at)}};
  if (entry.ended) object["ended"] = true;
  if (!entry.note.empty()) object["note"] = entry.note;
  auto const text = json::serialize(object);
  return digest_of(text) + " " + text + "\n";
}

std::optional<RecordEntry> parse_line(std::string_view line) {
  if (line.size() <= digest_digits || line[digest_digits] != ' ') return std::nullopt;
  auto const text = line.substr(digest_digits + 1);
  if (digest_of(text) != line.substr(0, digest_digits)) return std::nullopt;
  auto const value = parse_json(text);
  if (!value || !value->is_object()) return std::nullopt;
  auto fields = Fields{value->get_object()};
  auto const any = Fields::TextRule{.min = 0, .max = text_max, .line_breaks = true};
  auto entry = RecordEntry{};
  entry.record = fields.text("record", any);
  entry.object = fields.text("object", any);
  entry.at = from_us(fields.number("at_us", {}));
  entry.ended = fields.optional_bool("ended").value_or(false);
  entry.note = fields.optional_text("note", any).value_or("");
  if (!fields.finish()) return std::nullopt;
  return entry;
}

// `each` gets the line and its entry.
template <class F>
Result<void> read_lines(std::string const& path, F each) {
  auto file = std::ifstream{path, std::ios::binary};
  auto damaged = std::int64_t{0};
  for (auto line = std::string{}; std::getline(file, line);) {
    if (line.empty()) continue;
    auto entry = parse_line(line);
    if (!entry)
      ++damaged;
    else
      each(line, std::move(*entry));
  }
  if (damaged > 0)
    log::warn("lines of the journal of records are damaged and were passed over",
              {{"lines", std::to_string(damaged)}});
  if (file.bad()) return fail(Error{Code::internal, "The journal of records could not be read."});
  return {};
}

void sync_folder_of(std::string const& path) {
  auto const folder = std::filesystem::path{path}.parent_path();
  auto const opened = Fd{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (opened.open()) sync_folder(opened);
}

// The file under `path`, locked against every other process until it is closed. The process that shortens it
// puts another in its place, so the one that was opened may be out of use when the lock is there.
Result<Fd> open_locked(std::string const& path) {
  while (true) {
    auto file = Fd{::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, file_mode)};
    if (!file.open()) return errno_error("open " + path);
    if (::flock(file.number(), LOCK_EX) != 0) return errno_error("lock " + path);
    struct stat status{};
    if (::fstat(file.number(), &status) != 0) return errno_error("stat " + path);
    if (status.st_nlink > 0) return file;
  }
}

Result<void> append_all(Fd const& file, std::string_view bytes) {
  while (!bytes.empty()) {
    auto const written = ::write(file.number(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno_error("append to the journal of records");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// What decides which lines are needed no more.
struct Ends {
  std::set<std::string, std::less<>> records;  // that have ended
  std::set<std::string, std::less<>> objects;  // that a record is over which has not
  std::int64_t unneeded = 0;

  [[nodiscard]] bool needed(RecordEntry const& entry, Time ends_before) const {
    if (!entry.ended) return !records.contains(entry.record);
    return entry.at >= ends_before || objects.contains(entry.object);
  }
};

Result<Ends> find_ends(std::string const& path, Time ends_before) {
  auto ends = Ends{};
  CHECK(read_lines(path, [&](std::string const&, RecordEntry entry) {
    if (entry.ended) ends.records.insert(std::move(entry.record));
  }));
  CHECK(read_lines(path, [&](std::string const&, RecordEntry entry) {
    if (!entry.ended && !ends.records.contains(entry.record)) ends.objects.insert(std::move(entry.object));
  }));
  CHECK(read_lines(path, [&](std::string const&, RecordEntry const& entry) {
    if (!ends.needed(entry, ends_before)) ++ends.unneeded;
  }));
  return ends;
}

Result<void> write_needed(std::string const& path, std::string const& to, Ends const& ends,
                          Time ends_before) {
  auto const file = Fd{::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, file_mode)};
  if (!file.open()) return errno_error("create " + to);
  auto buffer = std::string{};
  auto written = Result<void>{};
  CHECK(read_lines(path, [&](std::string const& line, RecordEntry const& entry) {
    if (!written || !ends.needed(entry, ends_before)) return;
    buffer += line + "\n";
    if (buffer.size() >= copied_bytes) written = append_all(file, std::exchange(buffer, {}));
  }));
  CHECK(written);
  CHECK(append_all(file, buffer));
  return sync_file(file);
}

}  // namespace

JournalFile::~JournalFile() {
  if (auto const written = write_waiting(); !written)
    log::error("the last lines of the journal of records are lost", {{"cause", written.error().to_string()}});
}

void JournalFile::append(RecordEntry entry) {
  auto const line = to_line(entry);
  auto const lock = Lock{waiting_mutex_};
  if (waiting_.size() + line.size() > waiting_bytes_max) {
    log::error("a line of the journal of records is lost, because none can be written");
    return;
  }
  waiting_ += line;
}

Async<> JournalFile::flush(Deadline) {
  auto work = [this] { return write_waiting(); };
  co_return co_await run_blocking<void>(pool_, work);
}

// Who waits for the lock may find its lines written by who held it, with one sync for all of them.
Result<void> JournalFile::write_waiting() {
  auto const writing = Lock{writing_};
  auto lines = std::string{};
  {
    auto const lock = Lock{waiting_mutex_};
    lines.swap(waiting_);
  }
  if (lines.empty()) return {};
  auto const fresh = is_new();
  auto write = [&]() -> Result<void> {
    TRY(auto const file, open_locked(path_));
    CHECK(append_all(file, lines));
    return sync_file(file);
  };
  auto const written = write();
  if (written && fresh) sync_folder_of(path_);
  if (written) return {};
  // A part of them may be there: an empty line parts them from the rest, and what comes twice does no harm.
  auto const lock = Lock{waiting_mutex_};
  waiting_.insert(0, "\n" + lines);
  return written;
}

Result<void> JournalFile::read(std::function<void(RecordEntry)> const& each) {
  return read_lines(path_, [&](std::string const&, RecordEntry entry) { each(std::move(entry)); });
}

bool JournalFile::is_new() const {
  struct stat status{};
  return ::stat(path_.c_str(), &status) != 0 || status.st_size == 0;
}

Result<std::int64_t> JournalFile::shorten(Time ends_before) {
  auto const writing = Lock{writing_};
  if (is_new()) return 0;
  TRY(auto const locked, open_locked(path_));
  TRY(auto const ends, find_ends(path_, ends_before));
  if (ends.unneeded == 0) return 0;
  auto const fresh = path_ + ".new";
  CHECK(write_needed(path_, fresh, ends, ends_before));
  if (::rename(fresh.c_str(), path_.c_str()) != 0) return errno_error("rename " + fresh);
  sync_folder_of(path_);
  return ends.unneeded;
}

}  // namespace hoist::disk

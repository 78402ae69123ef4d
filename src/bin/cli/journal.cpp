#include "bin/cli/journal.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/file.h>
#include <unistd.h>

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "bin/cli/api.hpp"

namespace hoist::cli {
namespace {

namespace fs = std::filesystem;

// By then the server has given up what did not arrive.
constexpr auto kept_for = std::chrono::hours{48};

std::optional<fs::path> state_folder() {
  if (auto const* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/')
    return fs::path{state} / "hoist";
  if (auto const* home = std::getenv("HOME"); home != nullptr && *home == '/')
    return fs::path{home} / ".local" / "state" / "hoist";
  return std::nullopt;
}

// When the grant's URLs ended; the beginning of time when it does not say.
Time ended_at(json::object const& transfer) {
  auto const& multipart = object_of(transfer, "multipart");
  auto const ends = parse_rfc3339(text_of(multipart.empty() ? transfer : multipart, "expires_at"));
  return ends ? *ends : Time{};
}

std::string line_of(std::string const& key, Begun const& begun) {
  return json::serialize(json::object{{"key", key},
                                      {"upload", begun.upload_id},
                                      {"batch", begun.batch_id},
                                      {"transfer", begun.transfer}}) +
         "\n";
}

}  // namespace

std::string journal_key(LocalFile const& file, std::string_view project) {
  auto error = std::error_code{};
  auto const absolute = fs::weakly_canonical(file.path, error);
  auto text = std::string{project};
  for (auto const& part : {absolute.string(), std::to_string(file.size), std::to_string(file.modified_us)})
    text += '\0' + part;
  return hex(sha256(text)).substr(0, 32);
}

Journal::Journal(std::string_view server) {
  auto const folder = state_folder();
  if (!folder) return;
  auto error = std::error_code{};
  fs::create_directories(*folder, error);
  path_ = *folder / ("put-" + hex(sha256(server)).substr(0, 16) + ".jsonl");
  file_ = Fd{::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
  if (!file_.open()) return;
  if (::flock(file_.number(), LOCK_EX | LOCK_NB) == 0)
    load();
  else
    file_.reset();
}

Journal::~Journal() {
  if (!file_.open()) return;
  if (begun_.empty()) ::unlink(path_.c_str());
}

// Lines that do not parse are the end of a killed run. What is still open is written anew, so the
// file does not grow from run to run.
void Journal::load() {
  auto stream = std::ifstream{path_};
  for (auto line = std::string{}; std::getline(stream, line);) {
    auto const value = parse_json(line);
    if (!value || !value->is_object()) continue;
    auto const& entry = value->get_object();
    auto const key = text_of(entry, "key");
    if (entry.contains("end"))
      begun_.erase(key);
    else
      begun_[key] = Begun{text_of(entry, "upload"), text_of(entry, "batch"), object_of(entry, "transfer")};
  }
  auto const oldest = SystemClock{}.now() - kept_for;
  std::erase_if(begun_, [&](auto const& entry) { return ended_at(entry.second.transfer) < oldest; });
  auto open_lines = std::string{};
  for (auto const& [key, begun] : begun_) open_lines += line_of(key, begun);
  if (::ftruncate(file_.number(), 0) == 0) append(open_lines);
}

std::optional<Begun> Journal::find(std::string const& key) const {
  auto const found = begun_.find(key);
  if (found == begun_.end()) return std::nullopt;
  return found->second;
}

void Journal::begin(std::vector<std::pair<std::string, Begun>> entries) {
  auto lines = std::string{};
  for (auto& [key, begun] : entries) {
    lines += line_of(key, begun);
    begun_.insert_or_assign(key, std::move(begun));
  }
  append(lines);
}

void Journal::end(std::string const& key) {
  if (begun_.erase(key) != 0) append(json::serialize(json::object{{"key", key}, {"end", true}}) + "\n");
}

void Journal::append(std::string const& lines) {
  auto rest = std::string_view{lines};
  while (file_.open() && !rest.empty()) {
    auto const written = ::write(file_.number(), rest.data(), rest.size());
    if (written <= 0) return;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace hoist::cli

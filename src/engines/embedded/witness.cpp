#include "engines/embedded/witness.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <filesystem>

#include "adapters/sqlite/wal_check.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "base/secret_file.hpp"
#include "base/try.hpp"

namespace hoist::embedded {
namespace {

constexpr auto file_name = "witness.json";
constexpr auto marker = "running";
constexpr auto time_max = std::chrono::seconds{30};
// Tokens are not among them: an operator ends tokens by removing the key that signed them.
constexpr auto keys_watched = std::array{"keys/event_log.pem", "keys/s3.json"};

bool is_empty(std::string const& path) {
  auto missing = std::error_code{};
  auto const size = std::filesystem::file_size(path, missing);
  return missing || size == 0;
}

Result<void> make_table(sql::Transaction& tx) {
  CHECK(tx.execute(
      "CREATE TABLE IF NOT EXISTS storage_witness (id TEXT NOT NULL, generation BIGINT NOT NULL)"));
  CHECK(
      tx.execute("INSERT INTO storage_witness (id, generation) SELECT $1, 0"
                 " WHERE NOT EXISTS (SELECT 1 FROM storage_witness)",
                 {new_uuid7(SystemClock{}.now())}));
  return {};
}

}  // namespace

Result<std::unique_ptr<Witness>> Witness::open(DataFolder const& folder) {
  auto witness = std::unique_ptr<Witness>{new Witness{folder}};
  auto const text = read_secret_file(folder.path(file_name));
  if (!text && text.error().code() != Code::not_found) return std::unexpected{text.error()};
  if (text) {
    witness->found_ = true;
    CHECK(witness->parse(*text));
  }
  witness->unclean_ = std::filesystem::exists(folder.path(marker));
  return witness;
}

Result<void> Witness::parse(std::string const& text) {
  auto const value = parse_json(text);
  if (!value || !value->is_object())
    return fail(Code::corrupt, folder_.path(file_name) + " is damaged; remove it to start without it");
  auto fields = Fields{value->get_object()};
  if (auto const* keys = fields.any("keys"); keys != nullptr && keys->is_array())
    for (auto const& key : keys->get_array())
      if (auto const* name = key.if_string()) keys_.emplace_back(name->data(), name->size());
  if (auto const* marks = fields.object("databases"))
    for (auto const& [name, mark] : *marks) {
      if (!mark.is_object()) continue;
      auto members = Fields{mark.get_object(), std::string{name}};
      marks_[name] = {members.text("id", {}), members.number("generation", {})};
      CHECK(members.finish());
    }
  return fields.finish();
}

Result<Witness::Problems> Witness::look_at_files() const {
  auto problems = Problems{};
  auto const no_database = is_empty(folder_.path("hoist.db"));
  if (!found_ && no_database && folder_.holds_objects())
    problems.emplace_back("hoist.db is missing, but files are stored beside it");
  for (auto const& [name, mark] : marks_) {
    auto const path = folder_.path(name);
    if (is_empty(path)) {
      problems.push_back(fmt::format("{} is missing or empty", name));
      continue;
    }
    TRY(auto const damage, sqlite::find_wal_damage(path));
    if (damage) problems.push_back(*damage);
    // A server that runs has committed a generation since it opened the database, and only closing empties
    // the WAL.
    if (!damage && unclean_ && is_empty(path + "-wal"))
      problems.push_back(
          fmt::format("{}-wal is missing, which the server that did not come to its end had; "
                      "unless another program has closed the database since, commits are lost",
                      name));
  }
  for (auto const& key : keys_)
    if (is_empty(folder_.path(key))) problems.push_back(fmt::format("{} is missing", key));
  return problems;
}

Result<Witness::Problems> Witness::look_at(std::string name, sql::Database& database) {
  auto problems = Problems{};
  auto now = Mark{};
  auto look = std::function<Async<>()>{[&]() -> Async<> {
    auto work = [&](sql::Transaction& tx) -> Result<void> {
      CHECK(make_table(tx));
      TRY(auto const rows, tx.query("SELECT id, generation FROM storage_witness"));
      now = {rows.at(0).text(0), rows.at(0).integer(1)};
      return {};
    };
    co_return co_await database.write(Scope::system(), work, deadline_in(time_max));
  }};
  CHECK(run_to_end<void>(look));
  if (auto const left = marks_.find(name); left != marks_.end()) {
    if (left->second.id != now.id)
      problems.push_back(fmt::format("{} is another database than the one that was here", name));
    else if (left->second.generation > now.generation)
      problems.push_back(
          fmt::format("{} is older than the data folder: it was put back from a backup, or its "
                      "newest commits are lost",
                      name));
  }
  databases_[std::move(name)] = &database;
  return problems;
}

Result<Witness::Mark> Witness::raise(sql::Transaction& tx) {
  CHECK(tx.execute("UPDATE storage_witness SET generation = generation + 1"));
  TRY(auto const rows, tx.query("SELECT id, generation FROM storage_witness"));
  return Mark{rows.at(0).text(0), rows.at(0).integer(1)};
}

Async<> Witness::note(Pool& files, Deadline deadline) {
  for (auto const& [name, database] : databases_) {
    CO_TRY(auto mark, co_await database->write(Scope::system(), raise, deadline));
    marks_[name] = std::move(mark);
  }
  auto save = [this] { return write(); };
  co_return co_await run_blocking<void>(files, save);
}

Result<void> Witness::write() const {
  auto marks = json::object{};
  for (auto const& [name, mark] : marks_)
    marks[name] = json::object{{"id", mark.id}, {"generation", mark.generation}};
  auto keys = json::array{};
  for (auto const* key : keys_watched)
    if (!is_empty(folder_.path(key))) keys.emplace_back(key);
  auto const text = json::serialize(json::object{{"databases", std::move(marks)}, {"keys", std::move(keys)}});
  return write_secret_file(folder_.path(file_name), text + "\n");
}

Witness::Use::Use(DataFolder const& folder) : folder_{folder} {
  if (auto const written = write_secret_file(folder_.path(marker), {}); !written)
    log::warn("the mark of a running server could not be made", {{"cause", written.error().to_string()}});
}

// Removing takes no space, so that a full disk does not make an orderly end look like a crash.
Witness::Use::~Use() {
  auto ignored = std::error_code{};
  std::filesystem::remove(folder_.path(marker), ignored);
  sync_folder(folder_.path(""));
}

Result<void> refuse(Witness::Problems const& problems, DataFolder const& folder) {
  if (problems.empty()) return {};
  return fail(Code::corrupt,
              fmt::format("the data folder is not as it was left: {}. Nothing was changed. Put back what is "
                          "missing, or make lost records again from the stored files with: hoist doctor "
                          "--recover --data {}. To go on without what is lost: hoist serve --accept-loss",
                          fmt::join(problems, "; "), folder.path("")));
}

}  // namespace hoist::embedded

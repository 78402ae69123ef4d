#include "support/postgres_server.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <sys/wait.h>
#include <unistd.h>

#include "adapters/memory/wakeups.hpp"
#include "adapters/postgres/connection.hpp"
#include "adapters/postgres/database.hpp"
#include "adapters/postgres/dialect.hpp"
#include "adapters/postgres/schema.hpp"
#include "base/metrics.hpp"
#include "sql/migrations.hpp"

namespace hoist::testing {
namespace {

using namespace std::chrono_literals;

constexpr auto template_name = "hoist_template";
constexpr auto not_installed = 77;

template <class T>
T must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "test server: %s\n", result.error().to_string().c_str());
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

void run(std::string const& url, std::initializer_list<postgres::Command> commands) {
  auto const connection = must(postgres::Connection::open({.url = url, .prepares = false}));
  for (auto const& command : commands)
    if (auto const done = connection->run({command}, deadline_in(60s)); !done) {
      std::fprintf(stderr, "test server: %s\n", done.error().error.to_string().c_str());
      std::abort();
    }
}

}  // namespace

PostgresServer& PostgresServer::shared() {
  static auto server = PostgresServer{};
  return server;
}

PostgresServer::PostgresServer() {
  auto pattern = (std::filesystem::temp_directory_path() / "hoist-postgres-XXXXXX").string();
  folder_ = ::mkdtemp(pattern.data());
  start();
  if (installed_) make_template();
}

void PostgresServer::start() {
  auto in = std::array<int, 2>{};
  auto out = std::array<int, 2>{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) std::abort();
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(in[0], 0);
    ::dup2(out[1], 1);
    ::execl(HOIST_POSTGRES_SCRIPT, HOIST_POSTGRES_SCRIPT, folder_.c_str(), "-c", "fsync=off", nullptr);
    ::_exit(127);
  }
  ::close(in[0]);
  ::close(out[1]);
  keep_ = in[1];
  auto said = std::array<char, 4096>{};
  auto const count = ::read(out[0], said.data(), said.size() - 1);
  ::close(out[0]);
  installed_ = count > 0 && std::string_view{said.data()}.starts_with("ready");
  if (installed_) return;
  auto status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  if (WIFEXITED(status) && WEXITSTATUS(status) == not_installed) return;
  std::fprintf(stderr, "test server: %s\n", said.data());
  std::abort();
}

void PostgresServer::stop() {
  ::close(keep_);
  if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

PostgresServer::~PostgresServer() {
  stop();
  auto ignored = std::error_code{};
  std::filesystem::remove_all(folder_, ignored);
}

std::string PostgresServer::url(std::string const& role, std::string const& name) const {
  return "postgresql://" + role + "@/" + name + "?host=" + folder_;
}

void PostgresServer::make_template() {
  run(url("admin", "postgres"), {{"CREATE ROLE owner LOGIN"},
                                 {"CREATE ROLE app LOGIN"},
                                 {"CREATE DATABASE hoist_template OWNER owner"}});
  auto const owner = url("owner", template_name);
  must(postgres::prepare(owner));
  auto metrics = Metrics{};
  auto wakeups = memory::Wakeups{};
  auto const database = must(postgres::open_database(
      {.url = owner, .writers = 1, .readers = 1, .pooled = true}, {wakeups, metrics}));
  must(sql::migrate(*database, postgres::dialect));
  must(postgres::secure(owner, "app"));
}

std::string PostgresServer::new_database() {
  auto name = "test_" + std::to_string(made_++);
  run(url("admin", "postgres"), {{"CREATE DATABASE " + name + " TEMPLATE hoist_template OWNER owner"}});
  return name;
}

void PostgresServer::drop(std::string const& name) {
  run(url("admin", "postgres"), {{"DROP DATABASE " + name + " WITH (FORCE)"}});
}

}  // namespace hoist::testing

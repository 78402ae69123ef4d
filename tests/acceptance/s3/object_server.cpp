// The object endpoint alone, for measuring it and for trying clients against it: the same listener,
// protocol, store and database as `hoist serve`, and nothing else.
//
//   object_server DATA    prints "ready objects=URL" and runs until it is stopped
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

#include "adapters/disk/object_store.hpp"
#include "adapters/memory/wakeups.hpp"
#include "adapters/sqlite/database.hpp"
#include "base/encode.hpp"
#include "base/id.hpp"
#include "net/server.hpp"
#include "s3api/s3api.hpp"
#include "sql/migrations.hpp"

namespace {

template <class T>
T must(hoist::Result<T> result) {
  if (result) return *std::move(result);
  fmt::print(stderr, "{}\n", result.error().to_string());
  std::exit(1);
}

constexpr auto region = "us-east-1";
constexpr auto bucket = "hoist";

hoist::s3api::AccessKey new_key(std::string const& folder) {
  auto key = hoist::s3api::AccessKey{
      "ROOT" + hoist::hex(hoist::random_bytes(6)), hoist::hex(hoist::random_bytes(20)), {}};
  std::filesystem::create_directories(folder + "/keys");
  auto file = std::ofstream{folder + "/keys/s3.json"};
  file << fmt::format(R"({{"access_key_id":"{}","secret_access_key":"{}","region":"{}","bucket":"{}"}})",
                      key.id, key.secret, region, bucket);
  return key;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    fmt::print(stderr, "usage: object_server DATA\n");
    return 2;
  }
  auto const folder = std::string{arguments[1]};
  std::filesystem::create_directories(folder);
  auto signals = sigset_t{};
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  auto metrics = hoist::Metrics{};
  auto clock = hoist::SystemClock{};
  auto wakeups = hoist::memory::Wakeups{};
  auto runtime = hoist::Runtime{2};
  auto files = hoist::Pool{{.name = "files", .threads = 8, .queue_max = 4096}};
  auto database =
      must(hoist::sqlite::open_database({.path = folder + "/hoist.db"}, {clock, wakeups}, metrics));
  must(hoist::sql::migrate(*database, "sqlite"));
  auto store = must(hoist::disk::Objects::open({.root = folder + "/objects", .buckets = {bucket}}, *database,
                                               files, clock, metrics));
  auto const keyring = must(hoist::s3api::AccessKeys::make({new_key(folder)}));
  auto api = hoist::s3api::S3Api{*store, keyring, {.region = region, .cors_origins = {"*"}}, clock, metrics};
  auto options = hoist::net::ServerOptions{};
  options.name = "objects";
  options.request_timeout = std::chrono::milliseconds{0};
  auto server = must(hoist::net::Server::open(options, runtime, api, metrics));
  runtime.start();
  server->start();
  fmt::print("ready objects=http://127.0.0.1:{}\n", server->port());
  std::fflush(stdout);
  auto signal = 0;
  sigwait(&signals, &signal);
  server->stop(std::chrono::milliseconds{1000});
  runtime.stop();
}

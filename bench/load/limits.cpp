// What this machine's disk allows, measured in the same run as everything held against it.
//
//   bench_limits --what group-commit --folder F --seconds S --waiters N
//   bench_limits --what fdatasync    --folder F --seconds S
//   bench_limits --what sqlite       --folder F --seconds S --rows ROWS_PER_COMMIT
//
// group-commit: N threads each wait for their 300-byte record to be on disk; one writer writes whatever
// waits and calls fdatasync once. The log is preallocated. sqlite: WAL, synchronous=FULL. Prints JSON.
#include <sqlite3.h>

#include <condition_variable>
#include <cstdio>
#include <fcntl.h>
#include <mutex>
#include <thread>
#include <unistd.h>

#include "support.hpp"

namespace {

constexpr auto record_bytes = std::size_t{300};
constexpr auto log_bytes = std::size_t{256} << 20;

int preallocated_log(std::string const& folder) {
  auto const path = folder + "/limit.log";
  auto const fd = open(path.c_str(), O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) bench::die(path);
  unlink(path.c_str());
  auto const zeros = std::string(std::size_t{4} << 20, '\0');
  for (auto at = std::size_t{0}; at < log_bytes; at += zeros.size())
    if (write(fd, zeros.data(), zeros.size()) < 0) bench::die("write");
  if (fsync(fd) != 0) bench::die("fsync");
  return fd;
}

void append_durably(int fd, std::size_t& at, std::string_view bytes) {
  if (at + bytes.size() > log_bytes) at = 0;
  if (pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at)) < 0 || fdatasync(fd) != 0)
    bench::die("fdatasync");
  at += bytes.size();
}

void print_rate(char const* what, std::uint64_t count, std::uint64_t syncs, double seconds) {
  std::printf("{\"what\": \"%s\", \"count\": %llu, \"syncs\": %llu, \"seconds\": %.6f, \"per_s\": %.1f}\n",
              what, static_cast<unsigned long long>(count), static_cast<unsigned long long>(syncs), seconds,
              static_cast<double>(count) / seconds);
}

void measure_fdatasync(std::string const& folder, double seconds) {
  auto const fd = preallocated_log(folder);
  auto const record = std::string(record_bytes, 'r');
  auto at = std::size_t{0};
  auto count = std::uint64_t{0};
  auto const began = bench::now_s();
  for (; bench::now_s() - began < seconds; ++count) append_durably(fd, at, record);
  print_rate("fdatasync", count, count, bench::now_s() - began);
}

class GroupLog {
 public:
  void add(std::string_view record) {
    auto lock = std::unique_lock{mutex_};
    waiting_ += record;
    auto const mine = ++accepted_;
    work_.notify_one();
    durable_.wait(lock, [&] { return written_ >= mine || stopped_; });
  }

  // Writes until the time is over; answers how many syncs that took.
  std::uint64_t write(int fd, double until) {
    auto at = std::size_t{0};
    auto syncs = std::uint64_t{0};
    for (; bench::now_s() < until; ++syncs) {
      auto lock = std::unique_lock{mutex_};
      work_.wait(lock, [&] { return !waiting_.empty(); });
      auto batch = std::string{};
      batch.swap(waiting_);
      auto const last = accepted_;
      lock.unlock();
      append_durably(fd, at, batch);
      lock.lock();
      written_ = last;
      durable_.notify_all();
    }
    auto const lock = std::scoped_lock{mutex_};
    stopped_ = true;
    durable_.notify_all();
    return syncs;
  }

  bool stopped() {
    auto const lock = std::scoped_lock{mutex_};
    return stopped_;
  }
  std::uint64_t written() const { return written_; }

 private:
  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable durable_;
  std::string waiting_;
  std::uint64_t accepted_ = 0;
  std::uint64_t written_ = 0;
  bool stopped_ = false;
};

void measure_group_commit(std::string const& folder, double seconds, std::int64_t waiters) {
  auto const fd = preallocated_log(folder);
  auto const record = std::string(record_bytes, 'r');
  auto log = GroupLog{};
  auto threads = std::vector<std::jthread>{};
  for (auto i = std::int64_t{0}; i < waiters; ++i)
    threads.emplace_back([&] {
      while (!log.stopped()) log.add(record);
    });
  auto const began = bench::now_s();
  auto const syncs = log.write(fd, began + seconds);
  print_rate("group-commit", log.written(), syncs, bench::now_s() - began);
  std::fflush(stdout);
  _exit(0);
}

void run_sql(sqlite3* db, char const* sql) {
  if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK) bench::die(sqlite3_errmsg(db));
}

void measure_sqlite(std::string const& folder, double seconds, std::int64_t rows) {
  auto const path = folder + "/limit.db";
  auto const remove = [&path] {
    for (auto const* suffix : {"", "-wal", "-shm"}) unlink((path + suffix).c_str());
  };
  remove();
  auto db = static_cast<sqlite3*>(nullptr);
  if (sqlite3_open(path.c_str(), &db) != SQLITE_OK) bench::die("sqlite3_open");
  run_sql(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  run_sql(db, "CREATE TABLE t (id INTEGER PRIMARY KEY, key TEXT, body BLOB)");
  auto insert = static_cast<sqlite3_stmt*>(nullptr);
  sqlite3_prepare_v2(db, "INSERT INTO t (key, body) VALUES (?, ?)", -1, &insert, nullptr);
  auto const body = std::string(record_bytes, 'b');
  auto count = std::int64_t{0};
  auto const began = bench::now_s();
  while (bench::now_s() - began < seconds) {
    run_sql(db, "BEGIN");
    for (auto i = std::int64_t{0}; i < rows; ++i, ++count) {
      auto const key = "task-" + std::to_string(count);
      sqlite3_bind_text(insert, 1, key.c_str(), -1, SQLITE_TRANSIENT);
      sqlite3_bind_blob(insert, 2, body.data(), static_cast<int>(body.size()), SQLITE_STATIC);
      if (sqlite3_step(insert) != SQLITE_DONE) bench::die(sqlite3_errmsg(db));
      sqlite3_reset(insert);
    }
    run_sql(db, "COMMIT");
  }
  auto const took = bench::now_s() - began;
  print_rate("sqlite", static_cast<std::uint64_t>(count), static_cast<std::uint64_t>(count / rows), took);
  sqlite3_finalize(insert);
  sqlite3_close(db);
  remove();
}

}  // namespace

int main(int count, char** arguments) {
  auto const options = bench::parse_options(
      count, arguments,
      {{"what", ""}, {"folder", "."}, {"seconds", "3"}, {"waiters", "32"}, {"rows", "100"}});
  auto const seconds = static_cast<double>(bench::number(options, "seconds"));
  auto const& what = options.at("what");
  if (what == "group-commit")
    measure_group_commit(options.at("folder"), seconds, bench::number(options, "waiters"));
  else if (what == "fdatasync")
    measure_fdatasync(options.at("folder"), seconds);
  else if (what == "sqlite")
    measure_sqlite(options.at("folder"), seconds, bench::number(options, "rows"));
  else
    bench::die("unknown --what");
}

// One small program per habit of writing files, right and wrong. Each ends as if killed; the test
// then looks at what the power cut left. `sure` means: the program would have acknowledged the data.
#include <sqlite3.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <map>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

auto const payload = std::string(3000, 'x');

void must(bool ok, char const* what) {
  if (ok) return;
  std::perror(what);
  _exit(1);
}

int open_new(char const* path, int flags = 0) {
  auto fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | flags, 0600);
  must(fd >= 0, path);
  return fd;
}

void put(int fd, std::string const& bytes) {
  must(write(fd, bytes.data(), bytes.size()) == ssize_t(bytes.size()), "write");
}

void sync_directory(char const* path) {
  auto fd = open(path, O_RDONLY | O_DIRECTORY);
  must(fd >= 0 && fsync(fd) == 0, path);
  close(fd);
}

void store(bool file, bool directory) {
  auto fd = open_new("part");
  put(fd, payload);
  must(!file || fsync(fd) == 0, "fsync");
  close(fd);
  must(rename("part", "object") == 0, "rename");
  if (directory) sync_directory(".");
}

void store_below(bool parent) {
  must(mkdir("new", 0700) == 0, "mkdir");
  auto fd = open_new("new/object");
  put(fd, payload);
  must(fdatasync(fd) == 0, "fdatasync");
  sync_directory("new");
  if (parent) sync_directory(".");
}

void overwrite(bool synced) {
  store(true, true);
  auto fd = open("object", O_RDWR);
  must(pwrite(fd, "new", 3, 1000) == 3, "pwrite");
  must(ftruncate(fd, 2000) == 0, "ftruncate");
  must(!synced || fdatasync(fd) == 0, "fdatasync");
}

void write_mapped(bool synced) {
  store(true, true);
  auto fd = open("object", O_RDWR);
  auto at = static_cast<char*>(mmap(nullptr, 3000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  must(at != MAP_FAILED, "mmap");
  close(fd);
  std::memcpy(at + 1000, "new", 3);
  must(!synced || msync(at, 3000, MS_SYNC) == 0, "msync");
}

void run_sql(sqlite3* db, char const* sql) {
  must(sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK, sql);
}

void fill_database(char const* synchronous) {
  sqlite3* db = nullptr;
  must(sqlite3_open("test.db", &db) == SQLITE_OK, "sqlite3_open");
  run_sql(db, ("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=20; PRAGMA synchronous=" +
               std::string{synchronous})
                  .c_str());
  run_sql(db, "CREATE TABLE t (n INTEGER PRIMARY KEY, body TEXT)");
  for (auto n = 0; n < 200; ++n) run_sql(db, "INSERT INTO t (body) VALUES (hex(randomblob(400)))");
}

void retry_after_failed_sync() {
  auto fd = open_new("object");
  sync_directory(".");
  put(fd, payload);
  auto first = fsync(fd);
  auto second = fsync(fd);
  std::printf("first=%d second=%d\n", first, second);
  std::fflush(stdout);
}

auto const habits = std::map<std::string, std::function<void()>>{
    {"stores_well", [] { store(true, true); }},
    {"forgets_the_directory", [] { store(true, false); }},
    {"forgets_the_file", [] { store(false, true); }},
    {"syncs_the_new_parent", [] { store_below(true); }},
    {"forgets_the_new_parent", [] { store_below(false); }},
    {"overwrites_and_syncs", [] { overwrite(true); }},
    {"overwrites_unsynced", [] { overwrite(false); }},
    {"maps_and_syncs", [] { write_mapped(true); }},
    {"maps_unsynced", [] { write_mapped(false); }},
    {"appends_with_o_sync",
     [] {
       put(open_new("object", O_DSYNC), payload);
       sync_directory(".");
     }},
    {"starts_writeback_only",
     [] {
       auto fd = open_new("object");
       put(fd, payload);
       must(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER) == 0,
            "sync_file_range");
       sync_directory(".");
     }},
    {"removes_and_syncs",
     [] {
       store(true, true);
       must(unlink("object") == 0, "unlink");
       sync_directory(".");
     }},
    {"removes_unsynced",
     [] {
       store(true, true);
       must(unlink("object") == 0, "unlink");
       put(open_new("other"), "takes the inode number");  // must not shine through
     }},
    {"links_and_syncs",
     [] {
       store(true, true);
       must(link("object", "second") == 0, "link");
       sync_directory(".");
     }},
    {"writes_a_stream",
     [] {
       auto file = std::fopen("object", "w");
       std::fwrite(payload.data(), 1, payload.size(), file);
       std::fflush(file);
       must(fsync(fileno(file)) == 0, "fsync");
       sync_directory(".");
     }},
    {"commits_full", [] { fill_database("FULL"); }},
    {"commits_off", [] { fill_database("OFF"); }},
    {"retries_a_failed_sync", retry_after_failed_sync},
};

}  // namespace

int main(int count, char** arguments) {
  auto habit = count == 3 ? habits.find(arguments[1]) : habits.end();
  if (habit == habits.end() || chdir(arguments[2]) != 0) return 2;
  habit->second();
  _exit(0);
}

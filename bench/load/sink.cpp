// The least a durable, checksummed upload can cost: the ceiling that the object endpoint is held against.
//
//   bench_sink --port P --folder F
//
// One thread a connection. Each PUT is hashed with SHA-256 on the way into a temporary file, which is synced,
// renamed and its directory synced before the 200. No authentication, no parsing beyond the length.
#include <openssl/evp.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "support.hpp"

namespace {

constexpr auto buffer_bytes = std::size_t{512} << 10;
constexpr auto ok = std::string_view{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"};

struct Sink {
  std::string folder;
  int directory = -1;
  std::atomic<std::uint64_t> next = 0;
};

class Session {
 public:
  Session(Sink& sink, int fd) : sink_{sink}, fd_{fd}, hash_{EVP_MD_CTX_new()} {}
  ~Session() {
    EVP_MD_CTX_free(hash_);
    close(fd_);
  }

  void serve() {
    while (true) {
      auto end = static_cast<char*>(nullptr);
      while ((end = static_cast<char*>(memmem(buffer_.get(), have_, "\r\n\r\n", 4))) == nullptr)
        if (!read_more(have_)) return;
      *end = '\0';
      auto const length = strcasestr(buffer_.get(), "content-length:");
      auto const body = static_cast<std::size_t>(length != nullptr ? std::atoll(length + 15) : 0);
      auto const head = static_cast<std::size_t>(end + 4 - buffer_.get());
      if (!store(head, body)) return;
      if (write(fd_, ok.data(), ok.size()) < 0) return;
    }
  }

 private:
  bool read_more(std::size_t at) {
    auto const got = read(fd_, buffer_.get() + at, buffer_bytes - at);
    if (got <= 0) return false;
    have_ = at + static_cast<std::size_t>(got);
    return true;
  }

  void take(int file, char const* from, std::size_t bytes) {
    EVP_DigestUpdate(hash_, from, bytes);
    if (write(file, from, bytes) != static_cast<ssize_t>(bytes)) bench::die("write");
  }

  bool store(std::size_t head, std::size_t left) {
    auto const id = std::to_string(sink_.next++);
    auto const part = sink_.folder + "/.part" + id;
    auto const file = open(part.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0) bench::die(part);
    EVP_DigestInit_ex(hash_, EVP_sha256(), nullptr);
    auto const first = std::min(left, have_ - head);
    take(file, buffer_.get() + head, first);
    left -= first;
    while (left > 0) {
      have_ = 0;
      auto const want = std::min(left, buffer_bytes);
      while (have_ < want)
        if (!read_more(have_)) return false;
      take(file, buffer_.get(), want);
      left -= want;
    }
    have_ = 0;
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_DigestFinal_ex(hash_, digest, nullptr);
    auto const whole = sink_.folder + "/o" + id;
    if (fdatasync(file) != 0 || close(file) != 0 || rename(part.c_str(), whole.c_str()) != 0 ||
        fsync(sink_.directory) != 0)
      bench::die(whole);
    return true;
  }

  Sink& sink_;
  int fd_;
  EVP_MD_CTX* hash_;
  std::unique_ptr<char[]> buffer_ = std::make_unique<char[]>(buffer_bytes + 1);
  std::size_t have_ = 0;
};

}  // namespace

int main(int count, char** arguments) {
  auto const options = bench::parse_options(count, arguments, {{"port", "0"}, {"folder", ""}});
  auto sink = Sink{options.at("folder")};
  sink.directory = open(sink.folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  auto const listener = bench::listen_on(static_cast<int>(bench::number(options, "port")));
  auto sessions = std::vector<std::jthread>{};
  while (true) {
    auto const fd = accept(listener, nullptr, nullptr);
    if (fd < 0) bench::die("accept");
    sessions.emplace_back([&sink, fd] { Session{sink, fd}.serve(); });
  }
}

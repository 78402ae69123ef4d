// Children that misbehave: `faulty` is a decoder that has been taken over and does what the file says;
// `probe` tries to get out. (The real child is `hoist` itself.)
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

#include "adapters/vips/media_test_probe.hpp"
#include "adapters/vips/sandbox.hpp"
#include "adapters/vips/wire.hpp"

namespace {

using namespace hoist;
using namespace hoist::vips;

std::string content(Job const& job) {
  auto text = std::string(static_cast<std::size_t>(job.size), '\0');
  text.resize(static_cast<std::size_t>(std::max(0L, ::pread(job.file, text.data(), text.size(), 0))));
  ::close(job.file);
  return text;
}

auto jobs = 0;

void misbehave(std::string const& how) {
  ++jobs;
  if (how == "abort unless fresh" && jobs > 1) std::abort();
  static auto eaten = std::vector<std::string>{};
  while (how == "eat") eaten.emplace_back(1 << 20, 'x');
  if (how == "abort") std::abort();
  if (how == "exit") ::_exit(0);
  if (how == "hang") ::pause();
  if (how == "spin")
    while (true) asm volatile("");
  if (how == "garbage") (void)send_all(0, std::string(1000, '\xff'), Deadline::max());
  if (how == "not json") (void)send_all(0, std::string{"\x03\0\0\0xyz", 7}, Deadline::max());
  if (how == "huge thumbnail")
    (void)send_frame(0, json::parse(R"({"content_type":"image/jpeg","make":"","model":"",
                                     "thumbnails":[[256,256,256,4000000000]]})"),
                     Deadline::max());
  if (how == "html thumbnail") {
    (void)send_frame(0, json::parse(R"({"content_type":"image/jpeg","make":"","model":"",
                                     "thumbnails":[[256,256,256,6]]})"),
                     Deadline::max());
    (void)send_all(0, "<html>", Deadline::max());
  }
  if (how == "unknown slug")
    (void)send_frame(0, json::object{{"error", "<script>"}, {"cause", ""}}, Deadline::max());
  if (how == "header injection")
    (void)send_frame(
        0, json::parse(R"({"content_type":"text/html\r\nx: y","make":"","model":"","thumbnails":[]})"),
        Deadline::max());
  if (how.starts_with("fine") || how == "abort unless fresh") {
    auto report = Result<MediaReport>{MediaReport{.content_type = "text/plain"}};
    report->preview.reason = "unsupported_type";
    (void)send_report(0, report);
  }
}

int faulty() {
  (void)send_frame(0, json::object{{"ready", true}}, Deadline::max());
  while (auto const job = receive_job(0)) misbehave(content(*job));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  auto const mode = std::string_view{argc > 1 ? argv[1] : ""};
  if (mode == "faulty") return faulty();
  if (mode == "probe") return probe_the_box();
  return 2;
}

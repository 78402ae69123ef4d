#include "adapters/vips/pdf.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include "adapters/vips/limits.hpp"
#include "adapters/vips/memory.hpp"
#include "adapters/vips/slugs.hpp"
#include "base/encode.hpp"
#include "base/fd.hpp"
#include "base/process.hpp"
#include "base/try.hpp"

namespace hoist::vips {
namespace {

class Pipe {
 public:
  Pipe() {
    auto ends = std::array{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return;
    reading_ = Fd{ends[0]};
    writing_ = Fd{ends[1]};
  }
  [[nodiscard]] bool ok() const { return reading_.open(); }
  [[nodiscard]] int reading() const { return reading_.number(); }
  [[nodiscard]] int writing() const { return writing_.number(); }
  void close_writing() { writing_.reset(); }

 private:
  Fd reading_;
  Fd writing_;
};

struct Output {
  std::string out;
  std::string err;
};

std::unexpected<Error> no_preview(std::string_view reason, std::string cause) {
  return fail(Error{Code::invalid}.with_slug(reason).with_cause(std::move(cause)));
}

// Reads both pipes of `process` until they close. Errors: too_large in output or memory, timeout.
Result<Output> drain(Process const& process, Pipe const& out, Pipe const& err, std::size_t out_max,
                     Deadline deadline) {
  auto output = Output{};
  auto watched = std::array{pollfd{.fd = out.reading(), .events = POLLIN, .revents = 0},
                            pollfd{.fd = err.reading(), .events = POLLIN, .revents = 0}};
  auto buffer = std::array<char, 16384>{};
  while (watched[0].fd >= 0 || watched[1].fd >= 0) {
    auto const left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return fail(Code::timeout);
    if (resident_bytes(process.pid()) > limits::memory_bytes_max) return fail(Code::too_large);
    auto const patience = static_cast<int>(std::min(left, limits::memory_look_every).count());
    if (::poll(watched.data(), watched.size(), patience) < 0 && errno != EINTR) return fail(Code::internal);
    for (auto i = std::size_t{0}; i < 2; ++i) {
      if (watched[i].fd < 0 || watched[i].revents == 0) continue;
      auto const count = ::read(watched[i].fd, buffer.data(), buffer.size());
      if (count <= 0) {
        watched[i].fd = -1;
        continue;
      }
      auto& text = i == 0 ? output.out : output.err;
      text.append(buffer.data(), static_cast<std::size_t>(count));
      if (output.out.size() > out_max) return fail(Code::too_large);
      if (output.err.size() > 4096) output.err.resize(4096);  // a document can make poppler talk for ever
    }
  }
  return output;
}

std::string printable(std::string text) {
  std::ranges::replace_if(text, [](char c) { return c < ' ' || c > '~'; }, ' ');
  return text.substr(0, 300);
}

Result<std::string> run(PdfTools const& tools, char const* what, int file, std::size_t out_max,
                        Deadline deadline) {
  auto out = Pipe{};
  auto err = Pipe{};
  if (!out.ok() || !err.ok()) return fail(Error{Code::unavailable}.with_cause("pipe2"));
  ::lseek(file, 0, SEEK_SET);  // the program before left it at the end
  auto command = tools.child_command;
  command.emplace_back(what);
  auto options =
      ProcessOptions{.command = std::move(command), .in = file, .out = out.writing(), .err = err.writing()};
  TRY(auto process, Process::start(std::move(options)));
  out.close_writing();
  err.close_writing();
  auto const limit = std::min(deadline, tools.until);
  auto const output = drain(process, out, err, out_max, limit);
  if (!output && limit == deadline && output.error().code() == Code::timeout)
    return std::unexpected{output.error()};
  if (!output)
    return no_preview(slug::decoder_limit, std::string{what} + ": too much output, memory or time");
  auto const status = process.wait(std::chrono::seconds{1});
  auto const cause = std::string{what} + ": " + printable(output->err);
  if (!status) return no_preview(slug::decoder_limit, cause);
  if (WIFSIGNALED(*status)) {
    auto const limited = WTERMSIG(*status) == SIGXCPU || WTERMSIG(*status) == SIGKILL;
    return no_preview(limited ? slug::decoder_limit : slug::decoder_crashed, cause);
  }
  if (WEXITSTATUS(*status) >= 126)
    return fail(Error{Code::unavailable, "PDF documents cannot be read now."}.with_cause(cause));
  if (output->err.find("Incorrect password") != std::string::npos) return no_preview(slug::locked, cause);
  if (output->err.find("emory") != std::string::npos) return no_preview(slug::decoder_limit, cause);
  if (WEXITSTATUS(*status) != 0) return no_preview(slug::corrupt_file, cause);
  return output->out;
}

}  // namespace

Result<int> pdf_pages(PdfTools const& tools, int file, Deadline deadline) {
  TRY(auto const text, run(tools, "pdf-info", file, limits::pdf_info_bytes_max, deadline));
  constexpr auto label = std::string_view{"Pages:"};
  // A title with a line break could pretend to be this line; poppler prints its own after those.
  auto const at = text.rfind(std::string{"\n"} + std::string{label});
  auto pages = 0;
  if (at != std::string::npos) {
    auto const rest = std::string_view{text}.substr(at + 1 + label.size());
    auto const number = trim(rest.substr(0, rest.find('\n')));
    std::from_chars(number.data(), number.data() + number.size(), pages);
  }
  if (pages < 1 || pages > limits::pages_max) return no_preview(slug::corrupt_file, "no page count");
  return pages;
}

Result<std::string> pdf_first_page(PdfTools const& tools, int file, Deadline deadline) {
  return run(tools, "pdf-page", file, limits::pdf_page_bytes_max, deadline);
}

}  // namespace hoist::vips

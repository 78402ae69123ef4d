#include "adapters/vips/child.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <new>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

#include "adapters/vips/limits.hpp"
#include "adapters/vips/picture.hpp"
#include "adapters/vips/sandbox.hpp"
#include "adapters/vips/slugs.hpp"
#include "adapters/vips/sniff.hpp"
#include "adapters/vips/wire.hpp"
#include "base/try.hpp"

namespace hoist::vips {
namespace {

constexpr auto channel = 0;
constexpr auto never = Deadline::max();

// The file, mapped: decoders read it in place. It cannot shrink under us: no other process writes it.
class Mapping {
 public:
  Mapping(int file, std::size_t size)
      : data_{::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0)}, size_{size} {}
  Mapping(Mapping const&) = delete;
  ~Mapping() {
    if (ok()) ::munmap(data_, size_);
  }
  [[nodiscard]] bool ok() const { return data_ != MAP_FAILED; }
  [[nodiscard]] std::string_view bytes() const { return {static_cast<char const*>(data_), size_}; }

 private:
  void* data_;
  std::size_t size_;
};

Result<MediaReport> inspect(Sniffer const& sniffer, Job const& job) {
  auto const mapping = Mapping{job.file, static_cast<std::size_t>(job.size)};
  if (!mapping.ok()) ::abort();  // the parent gives the file to another child
  auto const content = sniffer.type_of(mapping.bytes());
  auto const declared = canonical_type(job.declared_type);
  if (contradicts(declared, content))
    return fail(Error{Code::invalid, content}.with_slug(slug::type_mismatch));
  auto report = MediaReport{.content_type = settled_type(declared, content)};
  // The parent draws the pages of documents, and knows what to say when only the type was asked for.
  if (job.depth == Depth::type || report.content_type == "application/pdf") return report;
  auto const without = [&](std::string_view reason, std::string_view cause) {
    report.preview = {.reason = std::string{reason}, .note = {}, .message = std::string{cause}};
    return report;
  };
  auto const type = picture_type(report.content_type, content);
  if (type.empty()) return without(slug::unsupported_type, {});
  try {
    auto found =
        job.depth == Depth::header ? read_header(mapping.bytes(), type) : read_picture(mapping.bytes(), type);
    found.content_type = report.content_type;
    return found;
  } catch (std::bad_alloc const&) {
    return without(slug::decoder_limit, "bad_alloc");
  } catch (std::exception const& thrown) {
    return without(slug::corrupt_file, thrown.what());
  }
}

// Everything libraries read from disk is read here, then the box closes and proves itself.
Result<Sniffer> prepare() {
  CHECK(start_pictures());
  TRY(auto sniffer, Sniffer::open());
  TRY(auto const box, enter_box(Box::decoder));
  auto escapes = std::string{};
  for (auto const& escape : escapes_from_decoder_box()) escapes += escape + " ";
  if (!escapes.empty()) return fail(Error{Code::internal}.with_cause("possible in the sandbox: " + escapes));
  CHECK(send_frame(channel,
                   json::object{{"ready", true}, {"landlock", box.landlock}, {"namespaces", box.namespaces}},
                   never));
  return sniffer;
}

int become_poppler(bool whole_document) {
  auto const* const program = whole_document ? "/usr/bin/pdfinfo" : "/usr/bin/pdftocairo";
  if (!enter_box(Box::program, {program})) return 126;
  auto const edge = std::to_string(limits::thumbnail_sizes[0]);
  auto words = whole_document ? std::vector<std::string>{program, "-"}
                              : std::vector<std::string>{program, "-png",      "-singlefile", "-f", "1", "-l",
                                                         "1",     "-scale-to", edge,          "-",  "-"};
  auto arguments = std::vector<char*>{};
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  char* const environment[] = {nullptr};
  ::execve(program, arguments.data(), environment);
  return 127;
}

}  // namespace

int serve_pictures() {
  auto const sniffer = prepare();
  if (!sniffer) {
    (void)send_frame(channel, json::object{{"ready", false}, {"cause", sniffer.error().to_string()}}, never);
    return 1;
  }
  while (auto const job = receive_job(channel)) {
    auto const report = inspect(*sniffer, *job);
    ::close(job->file);
    if (!send_report(channel, report)) return 1;
  }
  return 0;
}

int media_child_main(int argc, char** argv) {
  auto const mode = std::string_view{argv[argc - 1]};
  if (mode == "pdf-info") return become_poppler(true);
  if (mode == "pdf-page") return become_poppler(false);
  auto const status = serve_pictures();
  ::_exit(status);  // no destructors of libraries in here
}

}  // namespace hoist::vips

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <unistd.h>

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/try.hpp"
#include "bin/cli/look.hpp"
#include "bin/cli/progress.hpp"
#include "bin/cli/report.hpp"

namespace hoist::cli {
namespace {

namespace fs = std::filesystem;

constexpr auto download_timeout = std::chrono::hours{6};

// The stored name as a name here: never a path, never hidden by accident of its origin.
std::string local_name(std::string name, std::string const& id) {
  for (auto& byte : name)
    if (byte == '/' || byte == '\0') byte = '_';
  return name.empty() || name == "." || name == ".." ? id : name;
}

class Target {
 public:
  static Result<std::unique_ptr<Target>> open(std::string path) {
    auto target = std::unique_ptr<Target>{new Target{std::move(path)}};
    if (target->path_ == "-")
      target->stream_ = stdout;
    else
      target->stream_ = std::fopen(target->partial().c_str(), "wb");
    if (target->stream_ == nullptr) return fail(Code::invalid, "Cannot write " + target->path_ + ".");
    return target;
  }
  ~Target() {
    if (stream_ == nullptr || path_ == "-") return;
    std::fclose(stream_);
    ::unlink(partial().c_str());
  }
  Result<void> write(std::string_view bytes) {
    hasher_.update(bytes);
    if (std::fwrite(bytes.data(), 1, bytes.size(), stream_) != bytes.size())
      return fail(Code::storage_full, "Cannot write " + path_ + "; is the disk full?");
    return {};
  }
  // `expected` may be empty: nothing is known to compare with.
  Result<void> finish(std::string const& expected) {
    auto const flushed = std::fflush(stream_) == 0;
    if (path_ != "-") {
      std::fclose(stream_);
      stream_ = nullptr;
    }
    if (!flushed) return fail(Code::storage_full, "Cannot write " + path_ + "; is the disk full?");
    auto const digest = hex(hasher_.finish());
    auto const good = expected.empty() || digest == expected;
    auto error = std::error_code{};
    if (path_ != "-" && good) fs::rename(partial(), path_, error);
    if (path_ != "-" && !good) ::unlink(partial().c_str());
    if (!good) return fail(Code::corrupt, "The received bytes do not have the stored SHA-256.");
    if (error) return fail(Code::invalid, "Cannot write " + path_ + ": " + error.message() + ".");
    return {};
  }

 private:
  explicit Target(std::string path) : path_{std::move(path)} {}
  [[nodiscard]] std::string partial() const { return path_ + ".part"; }

  std::string path_;
  std::FILE* stream_ = nullptr;
  Hasher hasher_{Hasher::Algorithm::sha256};
};

// The API answers with a redirect to a presigned URL, which must not see our token.
Async<> download(Api& api, std::string path, Target& target) {
  auto ask = net::ClientRequest{};
  ask.url = api.connection().api + path;
  CO_TRY(auto const answer, co_await api.send(std::move(ask)));
  if (answer.status != 302) co_return fail(error_of(answer));
  auto fetch = net::ClientRequest{};
  fetch.url = answer.headers.get("Location");
  auto written = Result<void>{};
  fetch.sink = [&](std::string_view bytes) -> Async<> {
    if (written) written = target.write(bytes);
    co_return written;
  };
  auto response = co_await api.client().send(std::move(fetch), deadline_in(download_timeout));
  CO_CHECK(std::move(written));
  if (!response) co_return fail(response.error());
  if (response->status != 200) co_return fail(error_of(*response));
  co_return Result<void>{};
}

Async<> get(GetOptions const& options, Connection connection) {
  auto client = net::Client{};
  auto api = Api{client, std::move(connection), brief};
  auto const base = "/uploads/" + percent_encode(options.id);
  CO_TRY(auto const upload, co_await api.get(base));
  auto const name = local_name(text_of(upload, "filename"), options.id);
  auto output = options.output;
  if (output.empty())
    output = options.thumbnail == 0 ? name : fmt::format("{}.{}.jpg", name, options.thumbnail);
  auto error = std::error_code{};
  auto const into_folder = output != "-" && fs::is_directory(output, error);
  if (into_folder) output = fs::path{output} / name;
  // The user who uploaded it chose the name, ".bashrc" perhaps: it replaces nothing.
  if ((options.output.empty() || into_folder) && fs::exists(output, error))
    co_return fail(Code::conflict, output + " exists already; name another with -o.");
  CO_TRY(auto target, Target::open(output));
  auto const path =
      options.thumbnail == 0 ? base + "/content" : fmt::format("{}/thumbnails/{}", base, options.thumbnail);
  CO_CHECK(co_await download(api, path, *target));
  auto const expected =
      options.thumbnail == 0 ? text_of(object_of(upload, "checksum"), "sha256") : std::string{};
  CO_CHECK(target->finish(expected));
  if (output != "-") fmt::print(stderr, "{}\n", printable(output));
  co_return Result<void>{};
}

}  // namespace

int get_command(GetOptions const& options) {
  auto connection = connect_with(options.connection);
  if (!connection) return report(connection.error());
  auto const done = run_to_end<void>([&] { return get(options, *connection); });
  return done ? 0 : report(done.error());
}

}  // namespace hoist::cli

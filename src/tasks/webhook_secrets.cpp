#include "tasks/webhook_secrets.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <sys/stat.h>

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/try.hpp"

namespace hoist::tasks {
namespace {

constexpr auto prefix = std::string_view{"whsec_"};
constexpr std::size_t key_bytes_min = 16;
constexpr std::size_t key_bytes_max = 128;
constexpr std::size_t secrets_max = 8;

Result<WebhookSecret> parse_line(std::string_view line) {
  auto secret = WebhookSecret{};
  auto const space = line.find_first_of(" \t");
  auto const text = line.substr(0, space);
  if (!text.starts_with(prefix)) return fail(Code::invalid, "must begin with whsec_");
  auto key = unbase64(text.substr(prefix.size()));
  if (!key || key->size() < key_bytes_min || key->size() > key_bytes_max)
    return fail(Code::invalid, "must be the base64 of 16 to 128 bytes after whsec_");
  secret.key = *std::move(key);
  if (space == line.npos) return secret;
  constexpr auto until = std::string_view{"until="};
  auto const rest = trim(line.substr(space));
  if (!rest.starts_with(until)) return fail(Code::invalid, "may be followed by until=TIME only");
  auto const time = parse_rfc3339(rest.substr(until.size()));
  if (!time) return fail(Code::invalid, "has an end that is not a time such as 2026-12-01T00:00:00Z");
  secret.until = *time;
  return secret;
}

std::int64_t stamp_of(struct stat const& status) {
  return static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec +
         status.st_size;
}

}  // namespace

Result<std::vector<WebhookSecret>> parse_webhook_secrets(std::string_view text) {
  auto secrets = std::vector<WebhookSecret>{};
  for (auto number = 1; !text.empty(); ++number) {
    auto const end = text.find('\n');
    auto const line = trim(text.substr(0, end));
    text = end == text.npos ? std::string_view{} : text.substr(end + 1);
    if (line.empty() || line.starts_with('#')) continue;
    auto secret = parse_line(line);
    if (!secret) return fail(Code::invalid, fmt::format("line {} {}", number, secret.error().detail()));
    secrets.push_back(*std::move(secret));
  }
  if (secrets.empty()) return fail(Code::invalid, "there is no secret in it");
  if (secrets.size() > secrets_max)
    return fail(Code::invalid, fmt::format("it has more than {} secrets", secrets_max));
  return secrets;
}

std::string sign_webhook(std::vector<WebhookSecret> const& secrets, Time now, std::string_view id,
                         std::int64_t timestamp_s, std::string_view body) {
  auto const content = fmt::format("{}.{}.{}", id, timestamp_s, body);
  auto signatures = std::string{};
  for (auto const& secret : secrets) {
    if (secret.until && now >= *secret.until) continue;
    if (!signatures.empty()) signatures += ' ';
    signatures += "v1," + base64(hmac_sha256(secret.key, content));
  }
  return signatures;
}

Result<std::shared_ptr<WebhookSecrets>> WebhookSecrets::open(std::string path) {
  auto secrets = std::shared_ptr<WebhookSecrets>{new WebhookSecrets{std::move(path)}};
  auto const lock = Lock{secrets->mutex_};
  CHECK(secrets->read());
  return secrets;
}

Result<void> WebhookSecrets::read() {
  struct stat status{};
  auto const about = "The file of webhook secrets, " + path_ + ": ";
  if (::stat(path_.c_str(), &status) != 0) return fail(Code::invalid, about + "it cannot be read.");
  if (stamp_of(status) == stamp_) return {};
  stamp_ = stamp_of(status);
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return fail(Code::invalid, about + "others may read it; make its mode 0600.");
  auto stream = std::ifstream{path_};
  auto const text = std::string{std::istreambuf_iterator<char>{stream}, {}};
  auto parsed = parse_webhook_secrets(text);
  if (!stream.good() && !stream.eof()) return fail(Code::invalid, about + "it cannot be read.");
  if (!parsed) return fail(Code::invalid, about + parsed.error().detail() + ".");
  secrets_ = *std::move(parsed);
  return {};
}

std::vector<WebhookSecret> WebhookSecrets::current() {
  auto const lock = Lock{mutex_};
  if (auto const read_again = read(); !read_again)
    log::error("webhook secrets stay as they were", {{"cause", read_again.error().detail()}});
  return secrets_;
}

}  // namespace hoist::tasks

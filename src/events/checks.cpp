#include "events/checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <istream>
#include <iterator>
#include <streambuf>

#include "base/try.hpp"
#include "events/export.hpp"
#include "events/feature.hpp"
#include "events/verify.hpp"

namespace hoist::events {
namespace {

constexpr auto time_max = std::chrono::hours{6};
constexpr auto buffer_bytes = std::size_t{65'536};

using Problems = std::vector<std::string>;

// Reads a stream of the server's where a plain std::istream is wanted. It blocks.
class Pulled final : public std::streambuf {
 public:
  explicit Pulled(net::BodySource& source) : source_{source} {}
  [[nodiscard]] Result<void> const& outcome() const { return outcome_; }

 protected:
  int_type underflow() override {
    auto const got = run_to_end<std::size_t>([&] { return source_.read(buffer_); });
    if (!got) outcome_ = std::unexpected{got.error()};
    auto const count = got.value_or(0);
    setg(buffer_.data(), buffer_.data(), buffer_.data() + count);
    return count == 0 ? traits_type::eof() : traits_type::to_int_type(buffer_.front());
  }

 private:
  net::BodySource& source_;
  std::array<char, buffer_bytes> buffer_{};
  Result<void> outcome_;
};

Async<Problems> check_log(Exports& exports, TenantId const& tenant, std::string const& key) {
  CO_TRY(auto const source, co_await exports.ndjson(tenant, deadline_in(time_max)));
  auto pulled = Pulled{*source};
  auto lines = std::istream{&pulled};
  auto const verdict = verify_export(lines, key);
  CO_CHECK(pulled.outcome());
  auto problems = Problems{};
  if (!verdict.ok())
    problems.push_back(
        fmt::format("log of {}: event {}: {}", tenant.str(), verdict.problem_sequence, verdict.problem));
  co_return problems;
}

// A server that was killed right after its first checkpoint has no marks yet.
Async<Problems> check_against_marks(Records const& records, Ed25519Key const& key) {
  auto problems = Problems{};
  auto const text = records.secrets.read(marks_secret);
  if (!text && text.error().code() == Code::not_found) co_return problems;
  if (!text) co_return std::unexpected{text.error()};
  auto const marks = Marks::make(*text, {});
  if (!marks) {
    problems.push_back(fmt::format("{}: {}", marks_secret, marks.error().detail()));
    co_return problems;
  }
  co_return co_await check_marks(records.database, records.event_index, **marks, key.public_key(),
                                 deadline_in(time_max));
}

Async<Problems> check_logs(Records records, Metrics& metrics) {
  auto problems = Problems{};
  auto const pem = records.secrets.read(key_secret);
  if (!pem && pem.error().code() != Code::not_found) co_return std::unexpected{pem.error()};
  if (!pem) {
    problems.push_back(fmt::format("{} is missing", key_secret));
    co_return problems;
  }
  CO_TRY(auto const key, Ed25519Key::from_pem(*pem));
  auto service =
      Service{records.database, records.event_index, records.event_details, records.wakeups, metrics};
  auto checkpoints = Checkpoints{{records.database, records.event_index, metrics}, key};
  auto exports = Exports{{records.database, records.event_index, service, checkpoints}};
  auto find = [&](sql::Transaction& tx) { return records.event_index.tenants(tx); };
  CO_TRY(auto const tenants, co_await records.database.read(Scope::system(), find, deadline_in(time_max)));
  for (auto const& tenant : tenants) {
    CO_TRY(auto found, co_await check_log(exports, tenant, key.public_key()));
    std::ranges::move(found, std::back_inserter(problems));
  }
  CO_TRY(auto found, co_await check_against_marks(records, key));
  std::ranges::move(found, std::back_inserter(problems));
  co_return problems;
}

}  // namespace

std::vector<Check> checks(Records const& records, Metrics& metrics) {
  return {{"events", [records, &metrics] { return check_logs(records, metrics); }}};
}

}  // namespace hoist::events

#include "adapters/postgres/connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <poll.h>

#include "adapters/postgres/dialect.hpp"
#include "adapters/postgres/url.hpp"
#include "base/try.hpp"

namespace hoist::postgres {
namespace {

using std::chrono::steady_clock;

constexpr auto connect_timeout_s = "5";
// The server gives up by itself at the deadline. Who hears nothing for so long after it hears no more.
constexpr auto silence_max = std::chrono::seconds{3};
constexpr Oid int8_type = 20;
constexpr Oid float8_type = 701;

// A statement's arguments as libpq takes them.
struct Parameters {
  explicit Parameters(Command const& command) {
    auto const count = std::min(command.args.size(), parameters_of(command.sql));
    texts.reserve(count);
    for (auto const& value : std::span{command.args}.first(count)) add(value);
    for (std::size_t i = 0; i < texts.size(); ++i)
      pointers.push_back(is_null[i] ? nullptr : texts[i].c_str());
  }
  [[nodiscard]] int count() const { return static_cast<int>(texts.size()); }
  // The types are part of what is prepared.
  [[nodiscard]] std::string key(std::string_view sql) const {
    auto text = std::string{sql};
    for (auto const type : types) text += type == int8_type ? 'i' : type == float8_type ? 'r' : 't';
    return text;
  }
  [[nodiscard]] bool sendable() const {
    return std::ranges::none_of(texts, [](auto const& text) { return text.find('\0') != text.npos; });
  }

  std::vector<std::string> texts;
  std::vector<Oid> types;  // 0: the server finds it out
  std::vector<char const*> pointers;
  std::vector<bool> is_null;

 private:
  void add(sql::Value const& value) {
    is_null.push_back(std::holds_alternative<std::monostate>(value));
    if (auto const* number = std::get_if<std::int64_t>(&value)) {
      types.push_back(int8_type);
      texts.push_back(fmt::format("{}", *number));
    } else if (auto const* real = std::get_if<double>(&value)) {
      types.push_back(float8_type);
      texts.push_back(fmt::format("{}", *real));
    } else {
      auto const* text = std::get_if<std::string>(&value);
      types.push_back(0);
      texts.push_back(text != nullptr ? *text : std::string{});
    }
  }
};

int left_ms(Deadline until) {
  auto const left = std::chrono::ceil<std::chrono::milliseconds>(until - steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

Deadline end_of_patience(Deadline deadline) {
  return deadline == Deadline::max() ? deadline : std::max(deadline, steady_clock::now()) + silence_max;
}

constexpr char const* parameter_names[] = {
    "connect_timeout",      "tcp_user_timeout", "keepalives_idle", "application_name",
    "target_session_attrs", "dbname",           "client_encoding", nullptr};

// Those after `dbname`, which holds the URL, win over it; those before it are what holds where it is silent.
auto parameter_values(Connection::Options const& options) {
  return std::array<char const*, std::size(parameter_names)>{
      connect_timeout_s,   "30000", "15",   "hoist", options.writable ? "read-write" : "any",
      options.url.c_str(), "UTF8",  nullptr};
}

// The SQLSTATE with which the server refuses the connection. libpq tells it only in a message that is asked
// for before the server speaks, and the server's own words are in its language. Empty: it does not answer.
std::string state_of_refusal(Connection::Options const& options) {
  auto const values = parameter_values(options);
  auto const handle = std::unique_ptr<PGconn, decltype([](PGconn* open) { PQfinish(open); })>{
      PQconnectStartParams(parameter_names, values.data(), 1)};
  PQsetErrorVerbosity(handle.get(), PQERRORS_SQLSTATE);
  auto const until = deadline_in(silence_max);
  auto state = PQstatus(handle.get()) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (state == PGRES_POLLING_READING || state == PGRES_POLLING_WRITING) {
    auto look = pollfd{.fd = PQsocket(handle.get()),
                       .events = static_cast<short>(state == PGRES_POLLING_READING ? POLLIN : POLLOUT),
                       .revents = 0};
    if (::poll(&look, 1, left_ms(until)) <= 0 && steady_clock::now() >= until) return {};
    state = PQconnectPoll(handle.get());
  }
  auto said = std::string_view{PQerrorMessage(handle.get())};
  while (said.ends_with('\n')) said.remove_suffix(1);
  constexpr auto state_length = std::size_t{5};
  return std::string{said.substr(said.size() - std::min(said.size(), state_length))};
}

Error cannot_connect(Connection::Options const& options, PGconn* handle) {
  auto cause = fmt::format("{}: {}", public_part(options.url), PQerrorMessage(handle));
  if (!options.first) return away(std::move(cause));
  if (PQconnectionNeedsPassword(handle) != 0)
    return Error{Code::forbidden, "The database wants a password, and its address has none."}.with_cause(
        std::move(cause));
  // These are libpq's own words.
  for (auto const* word : {"certificate", "SSL"})
    if (cause.contains(word))
      return Error{Code::forbidden, "TLS with the database fails as its address wants it."}.with_cause(
          std::move(cause));
  return refusal_of(state_of_refusal(options), std::move(cause));
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open(Options const& options) {
  CHECK(check_url(options.url));
  auto const values = parameter_values(options);
  auto connection = std::unique_ptr<Connection>{
      new Connection{PQconnectdbParams(parameter_names, values.data(), 1), options.prepares}};
  auto* const handle = connection->handle();
  if (PQstatus(handle) != CONNECTION_OK || PQsetnonblocking(handle, 1) != 0 ||
      PQenterPipelineMode(handle) != 1)
    return fail(cannot_connect(options, handle));
  PQsetNoticeProcessor(handle, [](void*, char const*) {}, nullptr);
  return connection;
}

std::unexpected<Failure> Connection::lose(std::string_view cause) {
  lost_ = true;
  return std::unexpected{Failure{Fate::lost, away(std::string{cause})}};
}

std::expected<Answer, Failure> Connection::run(std::span<Command const> commands, Deadline deadline) {
  if (!usable()) return lose("the connection is closed");
  auto expected = std::vector<Expected>{};
  for (auto const& command : commands)
    if (!send(command, expected)) {
      if (!expected.empty()) return lose("the commands before it are not answered yet");
      return std::unexpected{failure_of("22021", "a zero byte")};
    }
  if (lost_ || PQpipelineSync(handle()) != 1) return lose(PQerrorMessage(handle()));
  return receive(expected, deadline);
}

// Answers false when one of the arguments cannot be sent.
bool Connection::send(Command const& command, std::vector<Expected>& expected) {
  auto const parameters = Parameters{command};
  if (!parameters.sendable()) return false;
  auto const sent = [this](int ok) { lost_ = lost_ || ok != 1; };
  auto const text = adapted(command.sql);
  if (!prepares_ || !worth_preparing(command.sql)) {
    sent(PQsendQueryParams(handle(), text.c_str(), parameters.count(), parameters.types.data(),
                           parameters.pointers.data(), nullptr, nullptr, 0));
    expected.push_back({});
    return true;
  }
  auto key = parameters.key(command.sql);
  auto const found = statements_.find(key);
  auto const name = found != statements_.end() ? found->second : fmt::format("s{}", named_++);
  if (found == statements_.end()) {
    sent(PQsendPrepare(handle(), name.c_str(), text.c_str(), parameters.count(), parameters.types.data()));
    expected.push_back({std::move(key), name});
  }
  sent(PQsendQueryPrepared(handle(), name.c_str(), parameters.count(), parameters.pointers.data(), nullptr,
                           nullptr, 0));
  expected.push_back({});
  return true;
}

// Waits until something can be read, sending meanwhile what is not sent yet. false: the patience ended, or
// the connection did.
bool Connection::wait(Deadline until) {
  while (PQisBusy(handle()) != 0) {
    auto const unsent = PQflush(handle());
    if (unsent < 0) return false;
    auto look = pollfd{.fd = PQsocket(handle()), .events = POLLIN, .revents = 0};
    if (unsent > 0) look.events |= POLLOUT;
    auto const ready = ::poll(&look, 1, left_ms(until));
    if (ready == 0 && steady_clock::now() >= until) return false;
    if (ready > 0 && (look.revents & ~POLLOUT) != 0 && PQconsumeInput(handle()) != 1) return false;
  }
  return true;
}

// The next thing that the server says; null: the end of what one command answers.
std::expected<Answer, Failure> Connection::next(Deadline until) {
  if (!wait(until)) {
    auto const late = PQstatus(handle()) == CONNECTION_OK;
    return lose(late ? "the server does not answer" : PQerrorMessage(handle()));
  }
  return Answer{PQgetResult(handle())};
}

// Every command answers something and then nothing; the end of all is a word of its own.
std::expected<Answer, Failure> Connection::receive(std::vector<Expected> const& expected, Deadline deadline) {
  auto const until = end_of_patience(deadline);
  auto last = Answer{};
  auto failed = std::optional<Failure>{};
  for (auto const& awaited : expected) {
    auto answer = next(until);
    if (!answer) return failed ? std::unexpected{std::move(*failed)} : std::move(answer);
    auto const status = PQresultStatus(answer->get());
    if (status == PGRES_FATAL_ERROR && !failed) {
      auto const* state = PQresultErrorField(answer->get(), PG_DIAG_SQLSTATE);
      failed = failure_of(state != nullptr ? state : "", PQresultErrorMessage(answer->get()));
      lost_ = lost_ || failed->fate == Fate::lost;
    }
    if (status == PGRES_COMMAND_OK && !awaited.key.empty()) statements_.emplace(awaited.key, awaited.name);
    last = std::move(*answer);
    if (PQstatus(handle()) != CONNECTION_OK) break;
    if (auto end = next(until); !end) return failed ? std::unexpected{std::move(*failed)} : std::move(end);
  }
  if (failed && lost_) return std::unexpected{std::move(*failed)};
  auto const end = next(until);
  if (!end || PQresultStatus(end->get()) != PGRES_PIPELINE_SYNC) return lose("the server lost its place");
  if (failed) return std::unexpected{std::move(*failed)};
  return last;
}

}  // namespace hoist::postgres

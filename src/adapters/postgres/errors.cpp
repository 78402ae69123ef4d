#include "adapters/postgres/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace hoist::postgres {
namespace {

constexpr auto retry_after_s = std::uint32_t{1};
constexpr auto full_retry_after_s = std::uint32_t{30};

bool is_one_of(std::string_view state, std::initializer_list<std::string_view> states) {
  return std::ranges::find(states, state) != states.end();
}

}  // namespace

Error away(std::string cause) {
  return Error{Code::unavailable, "The database is temporarily unavailable."}
      .with_retry_after(retry_after_s)
      .with_cause(std::move(cause));
}

Error refusal_of(std::string_view state, std::string cause) {
  auto const said = [&](Code code, std::string text) {
    return Error{code, std::move(text)}.with_cause(std::move(cause));
  };
  if (state == "28P01")
    return said(Code::forbidden, "The database refuses the user or the password of its address.");
  if (state.starts_with("28"))
    return said(Code::forbidden, "The database refuses the user of its address, from here or at all.");
  if (state == "3D000")
    return said(Code::not_found, "The server has no database of the name in its address.");
  if (state == "42501")
    return said(Code::forbidden, "The user of the address may not connect to the database.");
  return away(std::move(cause));
}

Error unknown_whether_committed(std::string cause) {
  return Error{Code::unavailable,
               "The connection to the database was lost while it stored this, so it is not known whether it "
               "did. Look before you send it again, or send it again with the same Idempotency-Key."}
      .with_retry_after(retry_after_s)
      .with_cause(std::move(cause));
}

Error too_late(std::string cause) {
  return Error{Code::timeout, "The database is too busy."}.with_cause(std::move(cause));
}

Failure failure_of(std::string_view state, std::string_view message) {
  auto cause = fmt::format("postgres {}: {}", state, message);
  if (is_one_of(state, {"23505", "23503"}))  // unique, foreign key
    return {Fate::kept,
            Error{Code::conflict, "It already exists, or it refers to something that does not."}.with_cause(
                std::move(cause))};
  if (is_one_of(state, {"40001", "40P01"}))  // serialization failure, deadlock
    return {Fate::again, away(std::move(cause))};
  if (state == "57014") return {Fate::kept, too_late(std::move(cause))};        // statement_timeout
  if (state == "55P03") return {Fate::locked_out, too_late(std::move(cause))};  // lock_timeout
  if (is_one_of(state, {"53100", "53200"}))                                     // disk full, out of memory
    return {Fate::kept, Error{Code::storage_full, "The database has no space left."}
                            .with_retry_after(full_retry_after_s)
                            .with_cause(std::move(cause))};
  if (is_one_of(state, {"22021", "22P05"}))  // a zero byte, or no UTF-8
    return {Fate::kept, Error{Code::invalid, "It contains characters that cannot be stored."}.with_cause(
                            std::move(cause))};
  if (is_one_of(state, {"XX001", "XX002"}))
    return {Fate::kept, Error{Code::corrupt, "The database is damaged."}.with_cause(std::move(cause))};
  if (state == "54000" || state == "22001")
    return {Fate::kept, Error{Code::too_large, "The value is too large."}.with_cause(std::move(cause))};
  // Closed by an operator, starting or stopping, no connections left, gone; a plan that a migration made
  // useless, or that a pooler gave to another connection.
  if (state.empty() || state.starts_with("08") || state.starts_with("57P") || state.starts_with("58") ||
      is_one_of(state, {"53300", "25P03", "0A000", "26000"}))
    return {Fate::lost, away(std::move(cause))};
  return {Fate::kept,
          Error{Code::internal, "The database refused a statement."}.with_cause(std::move(cause))};
}

}  // namespace hoist::postgres

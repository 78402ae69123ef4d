// One file on its way through `hoist put`.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "bin/cli/api.hpp"
#include "bin/cli/files.hpp"

namespace hoist::cli {

struct Item {
  enum class Outcome { open, sent, have, final, failed };

  LocalFile file;
  std::string key;     // in the journal
  std::string sha256;  // hexadecimal
  std::string upload_id;
  std::string batch_id;

  // How the bytes travel, as the server granted it.
  std::string method = "PUT";
  std::string url;  // empty: to be asked for
  net::Headers headers;
  std::int64_t part_size = 0;  // 0: one request carries the whole file
  std::int64_t part_count = 1;
  std::map<std::int64_t, std::string> part_urls;
  std::set<std::int64_t> parts_sent;
  bool signing = false;  // a worker is asking for more part URLs
  bool cutting = false;  // a worker is having the file cut anew
  int plan = 0;          // counts the plans of parts; what belongs to an earlier one is void

  Outcome outcome = Outcome::open;
  std::string status;      // the server's word for it, once known
  std::string error_code;  // when failed
  std::string error;
  int error_exit = 1;
};

// Takes over the `transfer` of an answer. Errors: internal for one that makes no sense.
[[nodiscard]] Result<void> accept_transfer(Item& item, json::object const& transfer);
// Notes the part URLs of an answer, and the parts it says are stored.
void accept_parts(Item& item, json::object const& answer);
// Takes over a plan that replaces the one before. Errors: as accept_transfer.
[[nodiscard]] Result<void> accept_new_plan(Item& item, json::object const& answer);
// What is wrong with the file at `index` of a batch, in words; empty when the fields do not say.
[[nodiscard]] std::string refusal_of(std::size_t index, std::vector<FieldError> const& fields);
void mark_failed(Item& item, Error const& error);

// Numbers begin at 1; the last part holds what is left.
struct PartRange {
  std::int64_t offset;
  std::int64_t length;
};
[[nodiscard]] PartRange part_range(Item const& item, std::int64_t number);

}  // namespace hoist::cli

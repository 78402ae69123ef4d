#include "bin/cli/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "bin/cli/progress.hpp"

namespace hoist::cli {
namespace {

constexpr auto failures_shown_max = std::size_t{50};

struct Totals {
  std::int64_t completed = 0;
  std::int64_t sent = 0;
  std::int64_t have = 0;
  std::int64_t failed = 0;
  std::int64_t not_sent = 0;
  std::int64_t bytes = 0;  // of files that are on the server now
};

Totals count(std::vector<Item> const& items) {
  auto totals = Totals{};
  for (auto const& item : items) {
    switch (item.outcome) {
      case Item::Outcome::final: ++totals.completed; break;
      case Item::Outcome::sent: ++totals.sent; break;
      case Item::Outcome::have: ++totals.have; break;
      case Item::Outcome::failed: ++totals.failed; break;
      case Item::Outcome::open: ++totals.not_sent; break;
    }
    if (item.outcome != Item::Outcome::failed && item.outcome != Item::Outcome::open)
      totals.bytes += item.file.size;
  }
  return totals;
}

std::string_view outcome_name(Item const& item) {
  switch (item.outcome) {
    case Item::Outcome::final: return "completed";
    case Item::Outcome::sent: return "uploaded";
    case Item::Outcome::have: return "have";
    case Item::Outcome::failed: return "failed";
    case Item::Outcome::open: return "not_sent";
  }
  return "not_sent";
}

// Columns that a terminal needs: one per code point, which is right for all but wide scripts.
std::size_t width(std::string_view text) {
  return count_code_points(text);
}

}  // namespace

int report(Error const& error) {
  auto text = error.detail().empty() ? std::string{info(error.code()).title} + "." : error.detail();
  for (auto const& field : error.fields()) {
    auto const part = field.field + " " + field.reason + ".";
    if (!text.contains(part)) text += " " + part;
  }
  fmt::print(stderr, "hoist: {}\n", printable(text));
  return info(error.code()).cli_exit;
}

std::string stage_of(json::object const& upload) {
  auto stage = text_of(upload, "stage");
  auto const& received = object_of(upload, "received");
  if (received.empty()) return stage;
  return fmt::format("{}: {} of {} parts, {}", stage, number_of(received, "parts"),
                     number_of(received, "part_count"), human_bytes(number_of(received, "bytes")));
}

void print_line(json::object const& object) {
  fmt::print("{}\n", json::serialize(object));
  std::fflush(stdout);
}

void print_json(Item const& item) {
  auto object = json::object{
      {"path", item.file.path.string()}, {"outcome", outcome_name(item)}, {"bytes", item.file.size}};
  if (!item.upload_id.empty()) object["id"] = item.upload_id;
  if (!item.batch_id.empty()) object["batch_id"] = item.batch_id;
  if (!item.sha256.empty()) object["sha256"] = item.sha256;
  if (!item.status.empty()) object["status"] = item.status;
  if (item.outcome == Item::Outcome::failed)
    object["error"] = json::object{{"code", item.error_code}, {"message", item.error}};
  print_line(object);
}

void print_json_summary(std::vector<Item> const& items, bool waited) {
  auto const totals = count(items);
  print_line({{"summary",
               {{"files", items.size()},
                {"bytes", totals.bytes},
                {"completed", totals.completed},
                {"uploaded", totals.sent},
                {"have", totals.have},
                {"failed", totals.failed},
                {"not_sent", totals.not_sent},
                {"waited", waited}}}});
}

void print_summary(std::vector<Item> const& items, bool waited) {
  auto const totals = count(items);
  auto shown = std::size_t{0};
  for (auto const& item : items) {
    if (item.outcome != Item::Outcome::failed || ++shown > failures_shown_max) continue;
    fmt::print("failed  {}: {}\n", printable(item.file.path.string()), printable(item.error));
  }
  if (shown > failures_shown_max) fmt::print("        and {} more\n", shown - failures_shown_max);
  auto rows = std::vector<std::vector<std::string>>{
      {"files", "bytes", waited ? "completed" : "uploaded", "had already", "failed"},
      {fmt::format("{}", items.size()), human_bytes(totals.bytes),
       fmt::format("{}", waited ? totals.completed : totals.sent), fmt::format("{}", totals.have),
       fmt::format("{}", totals.failed)}};
  if (waited && totals.sent > 0) {
    rows[0].push_back("being checked");
    rows[1].push_back(fmt::format("{}", totals.sent));
  }
  if (totals.not_sent > 0) {
    rows[0].push_back("not sent");
    rows[1].push_back(fmt::format("{}", totals.not_sent));
  }
  print_table(rows, {0, 1, 2, 3, 4, 5, 6});
}

void print_table(std::vector<std::vector<std::string>> const& rows, std::vector<std::size_t> const& numbers) {
  auto widths = std::vector<std::size_t>{};
  for (auto const& row : rows)
    for (auto column = std::size_t{0}; column < row.size(); ++column) {
      if (widths.size() <= column) widths.push_back(0);
      widths[column] = std::max(widths[column], width(printable(row[column])));
    }
  for (auto const& row : rows) {
    auto line = std::string{};
    for (auto column = std::size_t{0}; column < row.size(); ++column) {
      auto const cell = printable(row[column]);
      auto const padding = std::string(widths[column] - width(cell), ' ');
      if (column > 0) line += "  ";
      line += std::ranges::find(numbers, column) != numbers.end() ? padding + cell : cell + padding;
    }
    while (line.ends_with(' ')) line.pop_back();
    fmt::print("{}\n", line);
  }
}

}  // namespace hoist::cli

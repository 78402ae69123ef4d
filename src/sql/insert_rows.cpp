#include "sql/insert_rows.hpp"

#include <fmt/format.h>

#include <iterator>
#include <span>

#include "base/try.hpp"

namespace hoist::sql {
namespace {

// ($1, $2), ($3, $4)
std::string placeholders(std::size_t rows, std::size_t columns) {
  auto text = std::string{};
  for (std::size_t i = 0; i < rows * columns; ++i) {
    auto const first = i % columns == 0;
    text += fmt::format("{}{}${}", i == 0 ? "" : first ? "), " : ", ", first ? "(" : "", i + 1);
  }
  return text + ")";
}

Args joined(std::span<Args> rows) {
  if (rows.size() == 1) return std::move(rows.front());
  auto all = Args{};
  all.reserve(rows.size() * rows.front().size());
  for (auto& row : rows) std::ranges::move(row, std::back_inserter(all));
  return all;
}

}  // namespace

InsertRows::InsertRows(std::string_view into, std::size_t columns, std::string_view after) {
  for (std::size_t i = 0; i < sizes.size(); ++i)
    texts_[i] = fmt::format("{} VALUES {} {}", into, placeholders(sizes[i], columns), after);
}

Result<void> InsertRows::operator()(Transaction& tx, std::vector<Args> rows) const {
  auto left = std::span{rows};
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    for (; left.size() >= sizes[i]; left = left.subspan(sizes[i]))
      CHECK(tx.execute(texts_[i], joined(left.first(sizes[i]))));
  }
  return {};
}

}  // namespace hoist::sql

#include <algorithm>

#include "adapters/disk/object_table.hpp"
#include "base/try.hpp"

namespace hoist::disk {

bool ObjectTable::is_configured(std::string const& bucket) const {
  return std::ranges::find(configured, bucket) != configured.end();
}

Result<void> ObjectTable::check_bucket(std::string const& name) const {
  if (is_configured(name)) return {};
  TRY(auto const rows, tx.query("SELECT 1 FROM buckets WHERE name = $1", {name}));
  if (rows.empty()) return no_such_bucket();
  return {};
}

Result<bool> ObjectTable::create_bucket(std::string const& name) {
  auto const there = check_bucket(name);
  if (there) return false;
  if (there.error().code() != Code::not_found) return std::unexpected{there.error()};
  TRY(auto const rows, tx.query("SELECT count(*) FROM buckets"));
  if (rows[0].integer(0) >= std::int64_t{buckets_max}) return too_many_buckets();
  CHECK(tx.execute("INSERT INTO buckets (name, created_us) VALUES ($1, $2)", {name, sql::value(now)}));
  return true;
}

Result<void> ObjectTable::remove_bucket(std::string const& name) {
  if (is_configured(name)) return bucket_configured();
  TRY(auto const rows, tx.query("SELECT 1 FROM objects WHERE bucket = $1"
                                " UNION ALL SELECT 1 FROM multiparts WHERE bucket = $1 AND state = 'open'"
                                " LIMIT 1",
                                {name}));
  if (!rows.empty()) return bucket_not_empty();
  TRY(auto const removed, tx.execute("DELETE FROM buckets WHERE name = $1", {name}));
  if (removed == 0) return no_such_bucket();
  return {};
}

Result<std::vector<BucketInfo>> ObjectTable::list_buckets() const {
  TRY(auto const rows, tx.query("SELECT name, created_us FROM buckets"));
  auto buckets = std::vector<BucketInfo>{};
  for (auto const& name : configured) buckets.push_back({name, Time{}});
  for (auto const& row : rows)
    if (!is_configured(row.text(0))) buckets.push_back({row.text(0), row.time(1)});
  std::ranges::sort(buckets, {}, &BucketInfo::name);
  return buckets;
}

}  // namespace hoist::disk

#include "dead_letters/admin.hpp"

#include <fmt/format.h>

#include "base/try.hpp"

namespace hoist::dead_letters {
namespace {

constexpr auto redrive_chunk = 500;

}  // namespace

DeadLetterAdmin::DeadLetterAdmin(Ports ports, Cursors cursors)
    : ports_{ports}, cursors_{std::move(cursors)} {}

Async<Page> DeadLetterAdmin::list(TenantId tenant, std::string queue, std::string cursor, int limit,
                                  Deadline deadline) {
  auto const scope = fmt::format("dead-letters\n{}\n{}", tenant.str(), queue);
  auto after = MessageId{};
  if (!cursor.empty()) {
    CO_TRY(auto position, cursors_.read(scope, cursor));
    after = MessageId{std::move(position)};
  }
  auto page = Page{};
  // One more tells whether there is a next page.
  CO_TRY(page.letters, co_await ports_.letters.list(queue, tenant, std::move(after), limit + 1, deadline));
  if (std::ssize(page.letters) > limit) {
    page.letters.resize(static_cast<std::size_t>(limit));
    page.next_cursor = cursors_.make(scope, page.letters.back().id.str());
  }
  co_return page;
}

Async<std::vector<RedriveItem>> DeadLetterAdmin::plan(TenantId tenant, std::string queue,
                                                      std::vector<MessageId> ids, Deadline deadline) {
  co_return co_await ports_.letters.plan(std::move(queue), std::move(tenant), std::move(ids), deadline);
}

Async<std::int64_t> DeadLetterAdmin::redrive(RedriveOrder order) {
  if (!order.ids.empty()) co_return co_await redrive_some(order, order.ids);
  auto total = std::int64_t{0};
  for (auto after = MessageId{};;) {
    CO_TRY(auto const page, co_await ports_.letters.list(order.queue, order.call.caller.tenant, after,
                                                         redrive_chunk, order.call.deadline));
    if (page.empty()) co_return total;
    auto ids = std::vector<MessageId>{};
    for (auto const& letter : page) ids.push_back(letter.id);
    CO_TRY(auto const count, co_await redrive_some(order, ids));
    total += count;
    after = ids.back();
  }
}

Async<std::int64_t> DeadLetterAdmin::redrive_some(RedriveOrder const& order,
                                                  std::vector<MessageId> const& ids) {
  auto const& tenant = order.call.caller.tenant;
  auto const work = [&](sql::Transaction& tx) -> Result<std::int64_t> {
    TRY(auto const count, ports_.letters.redrive(tx, order.queue, tenant, ids));
    if (count == 0) return count;
    auto details = json::object{{"queue", order.queue}, {"count", count}, {"all", order.ids.empty()}};
    CHECK(ports_.audit.record(
        tx, audit_entry(order.call, "dead_letters.redriven", order.queue, std::move(details))));
    return count;
  };
  co_return co_await ports_.database.write(Scope::tenant(tenant), work, order.call.deadline);
}

}  // namespace hoist::dead_letters

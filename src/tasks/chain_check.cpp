#include "tasks/chain_check.hpp"

#include <fmt/format.h>

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/json_members.hpp"
#include "model/chain.hpp"
#include "model/task.hpp"

namespace hoist::tasks {
namespace {

constexpr std::size_t problems_max = 100;

bool has_ended(std::string_view status) {
  auto const state = parse_task_state(status);
  return state && is_final(*state);
}

}  // namespace

void ChainCheck::add(std::string problem) {
  if (problems_.size() < problems_max) problems_.push_back(std::move(problem));
}

void ChainCheck::check_chain(json::object const& link) {
  auto const sequence = number_of(link, "sequence");
  if (links_ > 1 && sequence != sequence_ + 1)
    add(fmt::format("after {} comes {}: something is missing", sequence_, sequence));
  auto const previous = text_of(link, "previous_chain");
  if (links_ > 1 && sequence == sequence_ + 1 && previous != chain_)
    add(fmt::format("{} does not follow the receipt of {}", sequence, sequence_));
  if (sequence == 1 && previous != first_chain()) add("1 is not the beginning of the chain");
  auto const body_sha256 = hex(sha256(text_of(link, "body")));
  if (body_sha256 != text_of(link, "body_sha256"))
    add(fmt::format("the content of {} was changed", sequence));
  // The oldest link that is kept has nothing to be computed from.
  if (previous.empty()) return;
  auto const queue = text_of(link, "queue");
  auto const tenant = text_of(link, "tenant");
  auto const group = text_of(link, "group");
  auto const id = text_of(link, "task_id");
  auto const computed = next_chain(previous, {.queue = queue,
                                              .tenant = tenant,
                                              .group = group,
                                              .sequence = sequence,
                                              .id = id,
                                              .sent_at = from_us(number_of(link, "sent_us")),
                                              .body_sha256 = body_sha256});
  if (computed != text_of(link, "chain")) add(fmt::format("the receipt of {} is wrong", sequence));
}

// What was asked is shown from columns of its own, and the receipt is over the content.
void ChainCheck::check_columns(json::object const& link) {
  auto const body = parse_json(text_of(link, "body"));
  auto const* content = body ? body->if_object() : nullptr;
  if (content == nullptr) return;
  for (auto const* name : {"title", "due_date", "created_by"}) {
    if (!link.contains(name)) continue;
    auto const* asked = content->if_contains(name);
    // Tasks of before did not name who asked.
    auto const same = asked == nullptr ? link.at(name).is_null() || std::string_view{name} == "created_by"
                                       : link.at(name) == *asked;
    if (!same) add(fmt::format("the {} of {} was changed", name, number_of(link, "sequence")));
  }
}

void ChainCheck::check_processing(json::object const& link) {
  auto const sequence = number_of(link, "sequence");
  auto const status = text_of(link, "status");
  // A redriven task comes back to its place after others have gone on: that is no disorder.
  if (number_of(link, "redriven") > 0) return;
  auto const delivery = number_of(link, "delivery");
  if (delivery > 0) {
    if (delivery < delivery_) add(fmt::format("{} was started before {}", sequence, delivered_sequence_));
    if (unsettled_ > 0) add(fmt::format("{} was started although {} has not ended", sequence, unsettled_));
    delivery_ = std::max(delivery_, delivery);
    delivered_sequence_ = sequence;
  }
  if (!has_ended(status) && unsettled_ == 0) unsettled_ = sequence;
}

void ChainCheck::take(json::object const& link) {
  ++links_;
  check_chain(link);
  check_columns(link);
  check_processing(link);
  sequence_ = number_of(link, "sequence");
  chain_ = text_of(link, "chain");
}

void ChainCheck::end(json::object const& group) {
  auto const newest = number_of(group, "last_sequence");
  if (links_ > 0 && sequence_ < newest)
    add(fmt::format("the receipts end at {}, but {} tasks were accepted: the end is missing", sequence_,
                    newest));
  auto const signed_sequence = number_of(group, "signed_sequence");
  if (std::max(sequence_, newest) < signed_sequence)
    add(fmt::format("the receipts end at {}, but {} tasks were accepted and signed: the end is missing",
                    sequence_, signed_sequence));
  if (sequence_ == signed_sequence && sequence_ > 0 && chain_ != text_of(group, "signed_chain"))
    add(fmt::format("the receipt of {} is not the one that was signed", sequence_));
  if (sequence_ == newest && chain_ != text_of(group, "chain"))
    add(fmt::format("the group's newest receipt is not that of {}", sequence_));
}

}  // namespace hoist::tasks

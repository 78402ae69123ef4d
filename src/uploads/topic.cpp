#include "uploads/topic.hpp"

#include <algorithm>

#include "base/id.hpp"
#include "base/json.hpp"
#include "base/try.hpp"
#include "uploads/parse.hpp"

namespace hoist::uploads {

bool Topic::takes(FeedEvent const& event) const {
  switch (kind) {
    case Kind::tenant: return true;
    case Kind::project: return event.project == id;
    case Kind::batch: return event.batch == id;
    case Kind::upload: return event.upload == id;
  }
  return false;
}

bool any_takes(std::span<Topic const> topics, FeedEvent const& event) {
  return std::ranges::any_of(topics, [&](Topic const& topic) { return topic.takes(event); });
}

Result<Topic> parse_topic(std::string_view text) {
  if (text == "tenant") return Topic{};
  auto const colon = text.find(':');
  auto const kind = text.substr(0, colon);
  auto id = colon == text.npos ? std::string{} : std::string{text.substr(colon + 1)};
  if (kind == "project" && is_project_id(id)) return Topic{Topic::Kind::project, std::move(id)};
  if (kind == "batch" && is_uuid(id)) return Topic{Topic::Kind::batch, std::move(id)};
  if (kind == "upload" && is_uuid(id)) return Topic{Topic::Kind::upload, std::move(id)};
  return invalid_field("topic", "must be tenant, project:ID, batch:ID or upload:ID");
}

}  // namespace hoist::uploads

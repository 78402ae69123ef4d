#include "uploads/stages.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "uploads/render.hpp"

namespace hoist::uploads {
namespace {

std::string_view name_of(ProcessingStage stage) {
  switch (stage) {
    case ProcessingStage::none: return {};
    case ProcessingStage::scanning: return "scanning";
    case ProcessingStage::inspecting: return "inspecting";
    case ProcessingStage::previewing: return "previewing";
  }
  return {};
}

std::string message(UploadId const& id, ProjectId const& project, BatchId const& batch, UploadState state,
                    std::string_view more) {
  return fmt::format(R"({{"id":"{}","project_id":"{}","batch_id":{},"status":"{}",{}}})", id.str(),
                     project.str(), batch.empty() ? "null" : json_string(batch.str()), to_string(state),
                     more);
}

}  // namespace

Received received_of(Upload const& upload) {
  auto received = Received{};
  for (auto number = 1; number <= upload.part_count(); ++number) {
    if (upload.parts_seen[static_cast<std::size_t>(number) - 1] != '1') continue;
    received.bytes += upload.size_of_part(number);
    ++received.parts;
  }
  return received;
}

void Stages::processing(UploadJob const& job, ProcessingStage stage, Time now) {
  auto const lock = Lock{mutex_};
  if (stage == ProcessingStage::none) {
    stages_.erase(job.id);
    return;
  }
  stages_.insert_or_assign(job.id, stage);
  tell({job.tenant, job.project.str(), job.batch.str(), job.id.str(), now,
        message(job.id, job.project, job.batch, UploadState::processing,
                fmt::format(R"("stage":"{}")", name_of(stage)))});
}

void Stages::received(Upload const& upload, Time now) {
  auto const lock = Lock{mutex_};
  tell({upload.tenant, upload.project.str(), upload.batch.str(), upload.id.str(), now,
        message(upload.id, upload.project, upload.batch, UploadState::pending,
                R"("stage":"uploading",)" + render_received(upload))});
}

std::string_view Stages::of(UploadId const& id) const {
  auto const lock = Lock{mutex_};
  auto const found = stages_.find(id);
  return found == stages_.end() ? std::string_view{} : name_of(found->second);
}

std::uint64_t Stages::head() const {
  auto const lock = Lock{mutex_};
  return told_;
}

std::vector<Stages::News> Stages::after(TenantId const& tenant, std::uint64_t& mark) const {
  auto const lock = Lock{mutex_};
  auto const behind = std::min<std::uint64_t>(told_ - mark, news_.size());
  auto found = std::vector<News>{};
  for (auto i = news_.size() - behind; i < news_.size(); ++i)
    if (news_[i].tenant == tenant) found.push_back(news_[i]);
  mark = told_;
  return found;
}

void Stages::tell(News news) {
  news_.push_back(std::move(news));
  ++told_;
  if (news_.size() > news_max) news_.pop_front();
}

}  // namespace hoist::uploads

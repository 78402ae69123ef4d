#include "hosts/host.hpp"

#include <algorithm>
#include <thread>
#include <utility>

namespace hoist::hosts {

std::size_t cores() {
  return std::max(1U, std::thread::hardware_concurrency());
}

namespace {

Job when_leading(Job job, std::function<bool()> leads) {
  job.run = [run = std::move(job.run), leads = std::move(leads)]() mutable -> Async<bool> {
    if (!leads()) co_return false;
    co_return co_await run();
  };
  return job;
}

}  // namespace

Host::Host(std::size_t threads)
    : runtime_{threads > 0 ? threads : cores()}, periodic_{runtime_.next_executor()} {}

void Host::add(std::vector<Job> jobs) {
  for (auto& job : jobs) jobs_.push_back(std::move(job));
}

std::vector<asio::any_io_executor> Host::executors() {
  auto all = std::vector<asio::any_io_executor>(runtime_.threads());
  std::ranges::generate(all, [this] { return runtime_.next_executor(); });
  return all;
}

void Host::start(bool with_jobs, std::function<bool()> leads) {
  runtime_.start();
  for (auto* feature : features_) feature->start(executors());
  if (!with_jobs) return;
  for (auto* feature : features_)
    for (auto& job : feature->jobs())
      jobs_.push_back(leads ? when_leading(std::move(job), leads) : std::move(job));
  for (auto& job : std::exchange(jobs_, {}))
    periodic_.add(std::move(job.name), job.every, std::move(job.run));
}

void Host::stop(std::chrono::milliseconds grace) {
  for (auto* feature : features_) (void)run_to_end<bool>([&] { return feature->stop(grace); });
  periodic_.stop();
  runtime_.stop();
}

}  // namespace hoist::hosts

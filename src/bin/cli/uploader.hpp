// Sends the bytes of items to the object endpoint over several connections.
//
// A job is a whole small file or one part of a large one, so one large file uses every connection.
// Retries  connection failures, 5xx and 429 until the link is given up; a URL past its time is asked for
//          anew; any other refusal ends the file, unless the server turns out to have it after all. A full
//          storage stops everything at once.
// Parts    a file that breaks off on its way goes on in parts, and parts that keep breaking in smaller ones.
// Threads  one.
#pragma once

#include <deque>

#include "bin/cli/api.hpp"
#include "bin/cli/item.hpp"
#include "bin/cli/progress.hpp"
#include "bin/cli/workers.hpp"

namespace hoist::cli {

class Uploader {
 public:
  struct Options {
    std::size_t parallel = 8;
  };
  // `on_done` hears of each item once, when its outcome is sent, final or failed; `on_cut` of each that
  // goes on in other parts than before.
  Uploader(Api& api, Link& link, Counters& counters, Options options, std::function<void(Item&)> on_done,
           std::function<void(Item const&)> on_cut);

  void start(asio::any_io_executor const& executor);
  // Waits while enough work is queued already. The item must stay where it is until join().
  Async<> add(Item& item);
  Async<> join();  // nothing more will be added; waits for what was
  // Set when the server stopped answering: what is left was not sent.
  [[nodiscard]] std::optional<Error> const& stopped() const { return stopped_; }

 private:
  struct Job {
    Item* item;
    std::int64_t number;  // 0: the whole file
    int plan;
  };

  [[nodiscard]] static bool is_void(Job job);
  [[nodiscard]] static PartRange range_of(Job job);
  void enqueue(Item& item);
  asio::awaitable<void> work();
  asio::awaitable<void> run(Job job);
  Async<bool> transfer(Job job);  // false: the job is void, its file goes on in other parts
  Async<bool> broke_off(Job job, int times);
  Async<> cut(Item& item, std::int64_t part_size);
  Async<> cut_is_over(Item& item);
  Async<net::Response> attempt(Job job, std::int64_t& counted);
  Async<> ensure_url(Job job);
  Async<> sign_single(Job job);
  Async<> sign_parts(Item& item, std::int64_t from);
  Async<> refused(Job job, Error error);
  Async<> finish_parts(Item& item);
  void done(Item& item);

  Api& api_;
  Link& link_;
  Counters& counters_;
  Options options_;
  std::function<void(Item&)> on_done_;
  std::function<void(Item const&)> on_cut_;
  Workers workers_;
  std::deque<Job> queue_;
  Signal changed_;
  bool closed_ = false;
  std::optional<Error> stopped_;
};

}  // namespace hoist::cli

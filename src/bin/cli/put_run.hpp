// One run of `hoist put`: finds the files, announces them in batches, sends them, and waits until the
// server has finished with each.
//
//   collect -> take_up_begun -> (hash -> announce -> Uploader) per group -> wait_until_final
//
// Threads  one, beside the pool that hashes.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/pool.hpp"
#include "bin/cli/journal.hpp"
#include "bin/cli/put.hpp"
#include "bin/cli/uploader.hpp"

namespace hoist::cli {

class PutRun {
 public:
  PutRun(PutOptions const& options, Connection connection);

  Async<int> run();

 private:
  using Items = std::vector<Item*>;

  void collect();
  asio::awaitable<void> show();
  [[nodiscard]] std::string notice() const;
  Async<> send_and_wait();
  Async<> send_all();
  Async<Items> take_up_begun(Items items);
  Async<> hash(Items const& items);
  Async<bool> take_up(Item& item, Begun const& begun, std::string const& status);
  void note_cut(Item const& item);
  Async<> announce(Items const& items);
  void refuse_all(Items const& items, Error const& error);
  void take_answer(Item& item, json::object const& answer, std::string const& batch_id);
  Async<> wait_until_final();
  Async<bool> batch_is_quiet(std::string batch_id);
  void count_final(std::string const& batch_id, std::int64_t files);
  Async<std::map<std::string, json::object>> uploads_of(Api& api, std::string batch_id);
  Async<> read_outcomes(std::string batch_id);
  void take_end(Item& item, json::object const& upload);
  asio::awaitable<void> ask_what_is_there();
  void settled(Item& item);
  [[nodiscard]] bool is_told(Item const& item) const;
  int finish(bool complete);

  PutOptions const& options_;
  net::Client client_;
  Link to_api_;
  Link to_objects_;
  Api api_;
  Journal journal_;
  std::vector<Item> items_;
  Counters counters_;
  Progress progress_;
  Uploader uploader_;
  Pool hashing_;
  std::string phase_ = "Hashing";
  bool over_ = false;
  std::map<std::string, std::int64_t> counted_final_;  // by batch: part of counters_.files_final
};

}  // namespace hoist::cli

// Where an installation keeps everything, and what it does by itself to keep it: connections, adapters,
// periodic jobs and checks. The engines are in engines/; hosts/open_engine.cpp chooses one. Features know
// only its Stores.
//
// Threads   opened, asked and started by one thread; what it hands out says itself.
// Lifetime  outlives the features made of it. The runtime of start() and the metrics outlive it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assembly/maintenance.hpp"
#include "assembly/stores.hpp"
#include "base/async.hpp"
#include "ports/arrivals.hpp"
#include "ports/object_notes.hpp"

namespace hoist {

// docs/adr/0014-a-second-process.md
enum class Mode {
  serve,   // the one server: brings the tables up to date and leads the clock of leases
  beside,  // next to a server or without one: tables, checkpoints and that clock are the server's
  repair,  // alone, with what may be lost or damaged
};

// What a host tells any engine. What only one of them knows are its own Settings.
struct EngineOptions {
  std::string data;                  // folder of this installation, or of this process
  std::string region = "us-east-1";  // told to operators' S3 tools, with the first bucket
  std::vector<std::string> buckets;
  bool accept_loss = false;  // with Mode::serve: start although the data is not as it was left
};

struct S3Credential {
  std::string access_key_id;
  std::string secret_access_key;
};

// Two credentials: `root` is for operators' S3 tools, `signer` is in presigned URLs only.
struct S3Credentials {
  S3Credential root;
  S3Credential signer;
};

// What is left for objects.
struct StorageSpace {
  std::int64_t free_bytes = 0;
  std::int64_t reserve_bytes = 0;                                                 // left for the rest
  [[nodiscard]] std::int64_t room() const { return free_bytes - reserve_bytes; }  // below zero: none
};

class Engine {
 public:
  virtual ~Engine() = default;

  [[nodiscard]] virtual Records records() = 0;
  // Opens the objects, whose coming and going `arrivals` hears of, and beside which `notes` are kept. Once,
  // and before start().
  virtual Result<Stores> open_objects(Arrivals& arrivals, ObjectNotes& notes) = 0;
  // The host serves objects over S3 to these.
  [[nodiscard]] virtual S3Credentials const& s3_credentials() const = 0;

  [[nodiscard]] virtual std::vector<Job> jobs() = 0;
  [[nodiscard]] virtual std::vector<Check> checks() = 0;
  // What is done once, while the server answers already.
  virtual void start(asio::any_io_executor) {}
  // Lets that end. false: some of it goes on after the deadline.
  virtual Async<bool> drain(Deadline) { co_return true; }

  // Of all servers of an installation, this is the one that does what is done once. It may change.
  [[nodiscard]] virtual bool leads() const { return true; }
  // Nothing where what holds the objects does not tell.
  [[nodiscard]] virtual std::optional<StorageSpace> space() const = 0;
  [[nodiscard]] virtual bool damaged() const { return false; }    // as it found while it ran
  [[nodiscard]] virtual bool is_new() const = 0;                  // nothing was ever kept here
  [[nodiscard]] virtual std::string_view durability() const = 0;  // of what was answered for, as /health says
  // A file or folder of this installation that only its user can read.
  [[nodiscard]] virtual std::string path(std::string_view name) const = 0;
};

}  // namespace hoist

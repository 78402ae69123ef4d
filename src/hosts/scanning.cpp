#include "hosts/scanning.hpp"

#include "adapters/clamd/scanner.hpp"
#include "base/try.hpp"

namespace hoist::hosts {
namespace {

constexpr auto look_interval = std::chrono::seconds{1};
constexpr auto patience = std::chrono::seconds{5};  // a busy machine is not a frozen scanner

// Of a process that works on no file: the workers have their own, and how these are it does not know.
class NoScanner final : public Scanner {
 public:
  Async<ScanReport> scan(ByteSource& /*bytes*/, Deadline /*deadline*/) override {
    co_return fail(Error{Code::unavailable, "This process scans no files."});
  }
  Async<> look(Deadline /*deadline*/) override { co_return Result<void>{}; }
  [[nodiscard]] std::optional<std::string> away() const override { return std::nullopt; }
};

}  // namespace

Result<std::unique_ptr<Scanning>> Scanning::start(Config const& config, std::string folder,
                                                  Metrics& metrics) {
  auto scanning = std::unique_ptr<Scanning>{new Scanning{}};
  auto options = clamd::ScannerOptions{};
  options.socket = config.scanner.socket;
  if (options.socket.empty() && config.server.role == ProcessRole::api) {
    scanning->scanner_ = std::make_unique<NoScanner>();
    return scanning;
  }
  if (options.socket.empty()) {
    auto daemon = clamd::DaemonOptions{};
    daemon.folder = std::move(folder);
    daemon.signatures = config.scanner.signatures;
    daemon.file_bytes_max = config.uploads.file_bytes_max;
    TRY(scanning->daemon_, clamd::Daemon::start(std::move(daemon)));
    options.socket = scanning->daemon_->socket();
  }
  scanning->scanner_ = clamd::make_scanner(std::move(options), metrics);
  return scanning;
}

std::vector<Job> Scanning::jobs() {
  auto look = [this]() -> Async<bool> {
    CO_CHECK(co_await scanner_->look(deadline_in(patience)));
    co_return false;
  };
  return {{"scanner", look_interval, look}};
}

json::object Scanning::describe() const {
  auto const away = scanner_->away();
  auto scanner = json::object{{"private", daemon_ != nullptr}, {"answering", !away}};
  if (away) scanner["away"] = *away;
  if (daemon_) scanner["test_signatures_only"] = daemon_->test_signatures_only();
  return scanner;
}

}  // namespace hoist::hosts

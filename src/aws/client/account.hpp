// Who calls AWS, and where: credentials, region and endpoints of this process, shared by all of its services.
//
// Threads  any.   Lifetime  the clock and the metrics outlive it.
#pragma once

#include <atomic>
#include <string>

#include "aws/client/call_record.hpp"
#include "aws/client/credential_cache.hpp"

namespace hoist::aws {

class Account {
 public:
  Account(Environment environment, Clock const& clock, Metrics& metrics);

  [[nodiscard]] Environment const& environment() const { return environment_; }
  // AWS_REGION, AWS_DEFAULT_REGION, or that of the profile; "" when nothing says one.
  [[nodiscard]] std::string const& region() const { return region_; }
  [[nodiscard]] std::string const& ca_file() const { return ca_file_; }
  [[nodiscard]] CredentialCache& credentials() { return credentials_; }
  [[nodiscard]] CallRecord& calls() { return calls_; }

  // The time to sign with: the clock's, put right by what services said.
  [[nodiscard]] Time now() const { return clock_.now() + Micros{skew_us_.load()}; }
  // A service refused a signature and says what time it is. false: our time was right, so it is something
  // else.
  bool correct_clock(Time theirs);

 private:
  Environment environment_;
  Clock const& clock_;
  std::string region_;
  std::string ca_file_;
  CredentialCache credentials_;
  CallRecord calls_;
  std::atomic<std::int64_t> skew_us_ = 0;
};

}  // namespace hoist::aws

// The composition root: builds every part from the configuration, in the order in which they need
// each other, starts them, and stops them in phases. The only place that names every adapter.
//
// Errors   everything that keeps a server from starting, in words.
// Lifetime start() after open(); stop() before destruction; both from one thread.
#pragma once

#include <memory>
#include <string>

#include "app/config.hpp"

namespace hoist::app {

class App {
 public:
  struct Parts;  // parts.hpp

  // `accept_loss`: start although the data folder is not what it was; see wire_storage.
  static Result<std::unique_ptr<App>> open(Config config, bool accept_loss = false);
  ~App();

  Result<void> start();
  // Stops accepting, lets what is in flight finish within the grace, then stops the rest.
  void stop();

  [[nodiscard]] std::string api_url() const;
  [[nodiscard]] std::string objects_url() const;
  // The page's address with a ticket that lets its bearer in, once and soon; a secret.
  [[nodiscard]] std::string sign_in_url();
  [[nodiscard]] bool first_start() const;

 private:
  explicit App(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace hoist::app

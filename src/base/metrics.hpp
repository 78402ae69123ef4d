// Numbers for Prometheus. Handles stay valid as long as the Metrics object; keep them, because
// looking one up takes a lock.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace hoist {

using Labels = std::map<std::string, std::string>;

class Counter {
 public:
  explicit Counter(prometheus::Counter& inner) : inner_{&inner} {}
  void add(double amount = 1);

 private:
  prometheus::Counter* inner_;
};

class Gauge {
 public:
  explicit Gauge(prometheus::Gauge& inner) : inner_{&inner} {}
  void set(double value);
  void add(double amount);

 private:
  prometheus::Gauge* inner_;
};

class Histogram {
 public:
  explicit Histogram(prometheus::Histogram& inner) : inner_{&inner} {}
  void observe(double value);

 private:
  prometheus::Histogram* inner_;
};

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(Metrics const&) = delete;

  // Names are hoist_<what>_<unit>[_total]; the same name and labels give the same handle.
  [[nodiscard]] Counter counter(std::string const& name, std::string const& help, Labels const& labels = {});
  [[nodiscard]] Gauge gauge(std::string const& name, std::string const& help, Labels const& labels = {});
  [[nodiscard]] Histogram histogram(std::string const& name, std::string const& help,
                                    std::vector<double> const& bounds, Labels const& labels = {});
  [[nodiscard]] std::string render() const;  // Prometheus text format 0.0.4

  static std::vector<double> const& seconds_bounds();  // 100 us to 60 s

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hoist

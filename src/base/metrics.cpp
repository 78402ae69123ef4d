#include "base/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace hoist {

struct Metrics::State {
  prometheus::Registry registry;
};

void Counter::add(double amount) {
  inner_->Increment(amount);
}
void Gauge::set(double value) {
  inner_->Set(value);
}
void Gauge::add(double amount) {
  inner_->Increment(amount);
}
void Histogram::observe(double value) {
  inner_->Observe(value);
}

Metrics::Metrics() : state_{std::make_unique<State>()} {}
Metrics::~Metrics() = default;

Counter Metrics::counter(std::string const& name, std::string const& help, Labels const& labels) {
  return Counter{prometheus::BuildCounter().Name(name).Help(help).Register(state_->registry).Add(labels)};
}

Gauge Metrics::gauge(std::string const& name, std::string const& help, Labels const& labels) {
  return Gauge{prometheus::BuildGauge().Name(name).Help(help).Register(state_->registry).Add(labels)};
}

Histogram Metrics::histogram(std::string const& name, std::string const& help,
                             std::vector<double> const& bounds, Labels const& labels) {
  return Histogram{
      prometheus::BuildHistogram().Name(name).Help(help).Register(state_->registry).Add(labels, bounds)};
}

std::string Metrics::render() const {
  return prometheus::TextSerializer{}.Serialize(state_->registry.Collect());
}

std::vector<double> const& Metrics::seconds_bounds() {
  static auto const bounds = std::vector<double>{0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                 0.1,    0.25,   0.5,   1,      2.5,   5,    10,    60};
  return bounds;
}

}  // namespace hoist

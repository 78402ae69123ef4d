// Microbenchmark of signing URLs, the one computation that every granted upload pays for.
#include <benchmark/benchmark.h>

#include "aws/sigv4.hpp"

namespace {

void presign_put(benchmark::State& state) {
  auto const signer =
      hoist::aws::Signer{{"BENCHACCESSKEY", "not-a-secret-not-a-secret-not-a-secret"}, "us-east-1"};
  auto const headers =
      std::map<std::string, std::string>{{"content-length", "3145728"}, {"content-type", "image/jpeg"}};
  auto const query = std::map<std::string, std::string>{};
  auto const now = hoist::from_us(1'767'323'045'000'000);
  for (auto const each : state) {
    (void)each;
    benchmark::DoNotOptimize(
        signer.presign({.method = "PUT",
                        .origin = "http://127.0.0.1:9000",
                        .host = "127.0.0.1:9000",
                        .path = "/hoist/tenant/project/uploads/0197b7a4-0000-7000-8000-000000000000",
                        .headers = headers,
                        .query = query,
                        .lifetime = std::chrono::minutes{15}},
                       now));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(presign_put);

}  // namespace

BENCHMARK_MAIN();

// Replays every file of the given folders through a fuzz target: keeps the target compiling and the
// inputs that once mattered passing, in builds without libFuzzer.

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

int main(int argc, char** argv) {
  auto count = 0;
  for (auto i = 1; i < argc; ++i)
    for (auto const& entry : std::filesystem::recursive_directory_iterator{argv[i]}) {
      if (!entry.is_regular_file()) continue;
      auto file = std::ifstream{entry.path(), std::ios::binary};
      auto const bytes = std::string{std::istreambuf_iterator<char>{file}, {}};
      LLVMFuzzerTestOneInput(reinterpret_cast<std::uint8_t const*>(bytes.data()), bytes.size());
      ++count;
    }
  std::printf("replayed %d inputs\n", count);
  return count > 0 ? 0 : 1;
}

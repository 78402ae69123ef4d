// powercut_tool: makes a shadow of a folder, and a folder of a shadow.
//
//   powercut_tool snapshot ROOT SHADOW
//   powercut_tool materialise SHADOW TARGET [REAL_ROOT KEPT SEED]
#include <cstdio>
#include <cstdlib>
#include <sys/stat.h>

#include "materialise.hpp"
#include "tracker.hpp"

int main(int count, char** arguments) {
  umask(0077);  // a server refuses secrets that others may read
  auto words = std::vector<std::string>(arguments + 1, arguments + count);
  if (words.size() == 3 && words[0] == "snapshot")
    return powercut::save_tree(powercut::Shadow{words[2]}, words[1]) ? 0 : 1;
  if ((words.size() == 3 || words.size() == 6) && words[0] == "materialise") {
    auto survival = powercut::Survival{};
    if (words.size() == 6)
      survival = {std::atof(words[4].c_str()), std::strtoull(words[5].c_str(), nullptr, 10), words[3]};
    auto materialiser = powercut::Materialiser{powercut::Shadow{words[1]}, survival};
    if (!materialiser.build(words[2])) return 1;
    std::printf("{\"lost_names\": %llu, \"lost_bytes\": %llu}\n",
                static_cast<unsigned long long>(materialiser.lost_names()),
                static_cast<unsigned long long>(materialiser.lost_bytes()));
    return 0;
  }
  std::fprintf(stderr,
               "usage: powercut_tool snapshot ROOT SHADOW\n"
               "       powercut_tool materialise SHADOW TARGET [REAL_ROOT KEPT SEED]\n");
  return 2;
}

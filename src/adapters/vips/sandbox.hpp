// The box around code that reads hostile files. Entered once, before the first hostile byte; there
// is no way out.
//
// Layers   empty user, network and IPC namespaces and no capabilities where the kernel allows it;
//          rlimits; Landlock where the kernel has it; a seccomp allow-list everywhere. Each of the
//          last two alone denies files and network.
// Threads  call it while the process has one thread: Landlock binds only the calling one.
// Errors   internal: some layer that must hold could not be put up. Then the process must end.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"

namespace hoist::vips {

enum class Box {
  decoder,  // opens nothing, starts nothing: works on the descriptors it has
  program,  // reads system libraries and fonts, and may become one of `programs`
};

struct BoxReport {
  bool landlock = false;
  bool namespaces = false;
};

[[nodiscard]] Result<BoxReport> enter_box(Box box, std::vector<std::string> const& programs = {});

// Tries to open files, connect, fork and so on. The names of what was possible: must be empty.
[[nodiscard]] std::vector<std::string> escapes_from_decoder_box();

}  // namespace hoist::vips

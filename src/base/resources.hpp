// What the process has of the system: descriptors and memory.
#pragma once

#include <cstddef>
#include <string_view>

namespace hoist {

// Slug of what failed only because the process could open no file: it says nothing about the file.
inline constexpr auto out_of_descriptors = std::string_view{"out_of_descriptors"};

// Raises the soft limit of open files to the hard one. Answers what may be open at once.
std::size_t raise_descriptor_limit();
// As many as are open now.
[[nodiscard]] std::size_t open_descriptors();
// There is no room for what starting another program takes. It tries, so it is for after a failure.
[[nodiscard]] bool descriptors_are_short();
// Calls `handler`, which must end the process, when memory is asked for and there is none.
void when_out_of_memory(void (*handler)());
// Gives memory that was freed on this thread back to the system.
void release_free_memory();

}  // namespace hoist

// PDF pages by poppler's programs, each in its own box: it reads the document from one descriptor
// and writes to a pipe, and can reach nothing else.
// Threads  any; blocks the calling one.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"

namespace hoist::vips {

struct PdfTools {
  std::vector<std::string> child_command;
  std::chrono::milliseconds wall_max;
};

// Errors: corrupt_file, decoder_limit, decoder_crashed, too_many_pages; conflict when the document
// is locked with a password, so that nothing can be said about it.
[[nodiscard]] Result<int> pdf_pages(PdfTools const& tools, int file, Deadline deadline);
// The first page as a PNG, no edge longer than the largest thumbnail.
[[nodiscard]] Result<std::string> pdf_first_page(PdfTools const& tools, int file, Deadline deadline);

}  // namespace hoist::vips

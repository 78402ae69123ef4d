// PDF pages by poppler's programs, each in its own box: it reads the document from one descriptor
// and writes to a pipe, and can reach nothing else.
// Threads  any; blocks the calling one.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"

namespace hoist::vips {

struct PdfTools {
  std::vector<std::string> child_command;
  Deadline until;  // for both, together
};

// Errors: invalid with a slug why there is no preview; timeout when the caller's time is up; unavailable.
[[nodiscard]] Result<int> pdf_pages(PdfTools const& tools, int file, Deadline deadline);
// The first page as a PNG, no edge longer than the largest thumbnail.
[[nodiscard]] Result<std::string> pdf_first_page(PdfTools const& tools, int file, Deadline deadline);

}  // namespace hoist::vips

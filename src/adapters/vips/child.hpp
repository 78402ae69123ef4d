// The sandboxed child: this program, started again as `hoist media-child`.
#pragma once

namespace hoist::vips {

// Serves jobs on descriptor 0 until it closes. With `pdf-info` or `pdf-page` as the last argument
// it enters the stricter box for programs and becomes poppler's pdfinfo or pdftocairo, reading the
// document from descriptor 0 and writing to 1. Returns the exit status.
int media_child_main(int argc, char** argv);

// The same in pieces, for tests that put something else into the box.
int serve_pictures();

}  // namespace hoist::vips

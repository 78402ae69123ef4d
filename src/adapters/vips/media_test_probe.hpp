// Forty ways out of the decoder's box, for a test.
#pragma once

namespace hoist::vips {

// Enters the box, tries each way, and sends one frame with what happened on descriptor 0.
int probe_the_box();

}  // namespace hoist::vips

// What operators set for the embedded engine alone: nothing yet.
#pragma once

namespace hoist::embedded {

struct Settings {};

}  // namespace hoist::embedded

// For tests: where the checkout is.
#pragma once

#include <string>

namespace slipway {

// Of examples, manuals and golden files.
std::string SourceFolder();

}  // namespace slipway

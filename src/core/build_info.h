// Which Slipway this is.
#pragma once

#include <string>

namespace slipway {

// "0.1.0".
const char* Version();
// Names the sources and the toolchain that this program was built from: a model's lineage and cache
// keys carry it.
const char* BuildId();

// The directory of the running executable, for plug-ins beside it; "" if it can't be told.
std::string ExecutableDirectory();

}  // namespace slipway

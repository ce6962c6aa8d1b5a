#include "core/source_folder.h"

namespace slipway {

std::string SourceFolder() { return SLIPWAY_SOURCE_DIR; }

}  // namespace slipway

// What packed_columns.h promises, in the plug-in.
#pragma once

#include <memory>

#include "data/packed_columns.h"

namespace slipway::data {

std::unique_ptr<PackedFile> MakePackedParquet();

}  // namespace slipway::data

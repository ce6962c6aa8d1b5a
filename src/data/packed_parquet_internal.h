// What packed_columns.h promises, in the plug-in.
#pragma once

#include <span>
#include <string>

#include "core/result.h"
#include "data/packed_columns.h"

namespace slipway::data {

Result<std::string> EncodeParquetFile(std::span<const PackedColumn> columns, int64_t rows,
                                      const FileMetadata& metadata);

}  // namespace slipway::data

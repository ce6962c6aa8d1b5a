// How a file writes its table.
#pragma once

#include <string>

#include "core/result.h"
#include "data/byte_source_internal.h"

namespace slipway::data {

enum class TableFormat { kCsv, kTsv, kJsonLines, kParquet, kArrow };

// "CSV", "JSON Lines": for messages.
const char* ToString(TableFormat format);

// By its name, or for "auto" by the file's first bytes, then by its ending; what is neither is CSV.
// kInvalidInput for an unknown name, and for files of other formats that are known by their first
// bytes.
Result<TableFormat> ChooseFormat(const std::string& name, const ByteSource& file);

}  // namespace slipway::data

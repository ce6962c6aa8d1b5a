// What the fuzz targets of table formats share: bytes as a file, read in every way.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/fuzzing.h"
#include "data/reader.h"

namespace slipway::data {

// Reads `bytes` in blocks of two sizes on one thread and on several, and scans them: all must give
// the same table and the same issues, or an error.
void CheckReading(std::string_view bytes, const ReadOptions& options);

// Options that the last byte chooses, which is part of the table all the same: "\n" stands for
// those that nobody changed.
ReadOptions ChosenOptions(std::string_view bytes, const std::string& format);

}  // namespace slipway::data

// What the fuzz targets of table formats share: bytes as a file, read in every way.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/fuzzing.h"
#include "data/reader.h"

namespace slipway::data {

// Reads `bytes` in blocks of different sizes on one thread and on three, and scans them: all must
// give the same table, the same issues or the same error.
void CheckReading(std::string_view bytes, const ReadOptions& options);

// Options that the last byte chooses, which is part of the table all the same: "\n" stands for
// those that nobody changed.
ReadOptions ChosenOptions(std::string_view bytes, const std::string& format);

}  // namespace slipway::data

// The first row of a CSV file: its separator, its names and a look at the rows below it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"
#include "data/byte_source_internal.h"
#include "data/reader_internal.h"

namespace slipway::data {

struct CsvHeader {
  char delimiter = ',';
  std::vector<std::string> names;  // Trimmed, distinct, not empty.
  int64_t data_offset = 0;         // Of the first byte after the header's line.
  std::string sample;              // The file's bytes from there on, cut anywhere.
};

Result<CsvHeader> ReadCsvHeader(const ByteSource& file, const CsvSeparator& separator,
                                const ReadTuning& tuning);

}  // namespace slipway::data

#include <algorithm>
#include <vector>

#include "data/byte_source_internal.h"

namespace slipway::data {

Result<int64_t> ByteSource::LineAt(int64_t offset) const {
  constexpr size_t kBlock = size_t{1} << 16U;
  std::vector<char> block(kBlock);
  int64_t line = 1;
  bool after_return = false;
  for (int64_t at = 0; at < offset;) {
    const size_t wanted = std::min<size_t>(kBlock, static_cast<size_t>(offset - at));
    SLIPWAY_ASSIGN_OR_RETURN(const size_t count, ReadAt(at, block.data(), wanted));
    if (count == 0) break;
    for (size_t i = 0; i < count; ++i) {
      // "\r\n" ends one line; so does "\r" alone.
      if (block[i] == '\r' || (block[i] == '\n' && !after_return)) ++line;
      after_return = block[i] == '\r';
    }
    at += static_cast<int64_t>(count);
  }
  return line;
}

Error ByteSource::Invalid(std::string message, int64_t line, int64_t row) const {
  Location location;
  location.file = path_;
  location.line = line;
  location.row = row;
  return Error(ErrorCode::kInvalidInput, std::move(message)).At(std::move(location));
}

}  // namespace slipway::data

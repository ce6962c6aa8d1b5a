// gzip and zstd data, and what the first bytes of a file say of its format.
#include <vector>

#include "data/byte_source_internal.h"
#include "data/table_fuzzing_internal.h"

namespace slipway::data {
namespace {

// A small file may hold so much that reading it takes minutes; nothing is to be learnt of that.
constexpr size_t kMostBytes = size_t{1} << 17U;
// One read of as much tells of any file whether it holds more than kMostBytes, also of one that
// ends in an error behind them.
constexpr size_t kWhole = kMostBytes + 1;

using slipway::testing::Require;

// Reads on in pieces of `size` bytes: what came, and how it ended.
std::string ReadInPieces(const std::string& path, size_t size) {
  Result<std::unique_ptr<ByteSource>> stored = OpenLocalFile(path);
  if (!stored.ok()) return stored.error().ToString();
  const Result<std::unique_ptr<ByteSource>> source = Uncompress(*std::move(stored));
  if (!source.ok()) return source.error().ToString();
  std::string all;
  std::vector<char> piece(size);
  while (all.size() <= kMostBytes) {
    const Result<size_t> count =
        (*source)->ReadAt(static_cast<int64_t>(all.size()), piece.data(), size);
    if (!count.ok()) return count.error().ToString();
    Require(*count <= size, "no more than there is room for");
    all.append(piece.data(), *count);
    if (*count < size) return all;
  }
  return all.substr(0, kWhole);
}

void CheckCompressed(std::string_view bytes) {
  const slipway::testing::MemoryFile file(bytes);
  const std::string whole = ReadInPieces(file.path(), kWhole);
  if (whole.size() > kMostBytes) return;
  // An error comes after all that is readable, whatever is asked for at once.
  slipway::testing::RequireSame(whole, ReadInPieces(file.path(), 100), "pieces make no difference");
  CheckReading(bytes, {});
}

}  // namespace
}  // namespace slipway::data

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  slipway::data::CheckCompressed(slipway::testing::TextOf(data, size));
  return 0;
}

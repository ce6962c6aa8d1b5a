// Parquet, of others and as the cache keeps it.
#include "data/parquet_file_internal.h"
#include "data/read_description_internal.h"
#include "data/table_fuzzing_internal.h"

namespace slipway::data {
namespace {

std::string ReadExactly(const std::string& path, int threads) {
  Result<Table> table = ReadParquetFileExactly(path, threads);
  if (!table.ok()) {
    slipway::testing::RequireGoodError(table.error());
    return table.error().ToString();
  }
  ReadResult read;
  read.table = *std::move(table);
  return Describe(read);
}

void CheckReadingExactly(std::string_view bytes) {
  const slipway::testing::MemoryFile file(bytes);
  slipway::testing::RequireSame(ReadExactly(file.path(), 1), ReadExactly(file.path(), 3),
                                "threads make no difference");
}

}  // namespace
}  // namespace slipway::data

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes = slipway::testing::TextOf(data, size);
  slipway::data::CheckReading(bytes, slipway::data::ChosenOptions(bytes, "parquet"));
  slipway::data::CheckReadingExactly(bytes);
  return 0;
}

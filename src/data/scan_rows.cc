// Blocks of tables in memory.
#include <algorithm>

#include "core/parallel.h"
#include "data/folding_internal.h"
#include "data/scan.h"

namespace slipway::data {
namespace {

constexpr int64_t kBlockValues = int64_t{1} << 20U;
constexpr int64_t kLeastRows = 1024;
constexpr int64_t kMostRows = int64_t{1} << 16U;
// Below this many values starting threads costs more than they save.
constexpr int64_t kParallelValues = 100'000;

// Calls `make` for each block on several threads; the blocks depend on the size of the table only.
template <typename Make>
Status ScanBlocks(const Table& table, int64_t rows, BlockSink& sink, int threads, Make make) {
  std::vector<ColumnHeader> headers;
  for (const Column& column : table.columns) headers.push_back({column.name, column.type});
  SLIPWAY_RETURN_IF_ERROR(sink.Begin(headers));
  const int64_t columns = std::max<int64_t>(1, std::ssize(table.columns));
  const int64_t block_rows = std::clamp(kBlockValues / columns, kLeastRows, kMostRows);
  if (threads <= 0) threads = rows * columns < kParallelValues ? 1 : AvailableCores();
  OrderedFolding folding(sink, 4 * static_cast<size_t>(threads));
  const auto count = static_cast<size_t>((rows + block_rows - 1) / block_rows);
  return ParallelFor(count, threads, [&](size_t index) -> Status {
    const int64_t begin = static_cast<int64_t>(index) * block_rows;
    const int64_t size = std::min(block_rows, rows - begin);
    folding.Add(index, size, make(begin, size));
    return {};
  });
}

template <typename T>
std::span<const T> Stretch(const std::vector<T>& values, int64_t begin, int64_t size) {
  return std::span(values).subspan(static_cast<size_t>(begin), static_cast<size_t>(size));
}

template <typename T>
std::vector<T> Gather(const std::vector<T>& values, std::span<const int64_t> rows) {
  std::vector<T> gathered;
  gathered.reserve(rows.size());
  for (const int64_t row : rows) gathered.push_back(values[static_cast<size_t>(row)]);
  return gathered;
}

}  // namespace

Status ScanRows(const Table& table, BlockSink& sink, int threads) {
  return ScanBlocks(table, table.rows, sink, threads, [&](int64_t begin, int64_t size) {
    Block block{0, size, {}};
    for (const Column& column : table.columns) {
      const bool category = column.type == ColumnType::kCategory;
      block.columns.push_back(
          {column.type, category ? std::span<const double>() : Stretch(column.numbers, begin, size),
           category ? Stretch(column.codes, begin, size) : std::span<const int32_t>(),
           &column.categories});
    }
    return sink.Reduce(block, 1);
  });
}

Status ScanRows(const Table& table, std::span<const int64_t> rows, BlockSink& sink, int threads) {
  return ScanBlocks(table, std::ssize(rows), sink, threads, [&](int64_t begin, int64_t size) {
    const auto some = rows.subspan(static_cast<size_t>(begin), static_cast<size_t>(size));
    std::vector<std::vector<double>> numbers(table.columns.size());
    std::vector<std::vector<int32_t>> codes(table.columns.size());
    Block block{0, size, {}};
    for (size_t i = 0; i < table.columns.size(); ++i) {
      const Column& column = table.columns[i];
      if (column.type == ColumnType::kCategory) {
        codes[i] = Gather(column.codes, some);
      } else {
        numbers[i] = Gather(column.numbers, some);
      }
      block.columns.push_back({column.type, numbers[i], codes[i], &column.categories});
    }
    return sink.Reduce(block, 1);
  });
}

}  // namespace slipway::data

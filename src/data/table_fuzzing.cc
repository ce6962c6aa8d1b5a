#include <fmt/format.h>

#include "data/read_description_internal.h"
#include "data/reader_internal.h"
#include "data/table_fuzzing_internal.h"

// Before Arrow looks: its own allocator would hide from AddressSanitizer what is read past an end.
int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  return ::setenv("ARROW_DEFAULT_MEMORY_POOL", "system", 1);
}

// Arrow asks for as much as a file says that it holds, and fails in peace where it gets none: less
// than libFuzzer's limit, which ends the process. For what our own code asks for that holds all the
// same.
const char* __asan_default_options() {
  return "allocator_may_return_null=1:max_allocation_size_mb=511";
}

namespace slipway::data {
namespace {

using slipway::testing::MemoryFile;
using slipway::testing::RequireGoodError;
using slipway::testing::RequireSame;

// Counts what it is shown.
class CountingSink : public BlockSink {
 public:
  Status Begin(const std::vector<ColumnHeader>& /*columns*/) override {
    rows_ = present_ = 0;
    return {};
  }

  std::unique_ptr<BlockDigest> Reduce(const Block& block, int /*threads*/) const override {
    auto digest = std::make_unique<Count>();
    for (const ColumnView& column : block.columns) {
      for (const double number : column.numbers) digest->present += number == number ? 1 : 0;
      for (const int32_t code : column.codes) {
        if (code < 0) continue;
        ++digest->present;
        slipway::testing::Require(code < std::ssize(*column.categories), "codes are of categories");
      }
    }
    return digest;
  }

  void Fold(std::unique_ptr<BlockDigest> digest, int64_t first_row, int64_t rows) override {
    slipway::testing::Require(first_row == rows_, "blocks follow each other");
    rows_ += rows;
    present_ += static_cast<const Count&>(*digest).present;
  }

  int64_t rows() const { return rows_; }
  int64_t present() const { return present_; }

 private:
  struct Count : BlockDigest {
    int64_t present = 0;
  };
  int64_t rows_ = 0;
  int64_t present_ = 0;
};

std::string Counted(const std::vector<ColumnHeader>& columns, const std::vector<Issue>& issues,
                    int64_t rows, int64_t present) {
  std::string text = fmt::format("{} rows, {} present\n", rows, present);
  for (const ColumnHeader& column : columns) {
    text += fmt::format("{} {}\n", column.name, ToString(column.type));
  }
  for (const Issue& issue : issues) {
    text += fmt::format("{} {} {}\n", issue.kind, issue.message, issue.count);
  }
  return text;
}

std::string Counted(const ReadResult& read) {
  std::vector<ColumnHeader> columns;
  int64_t present = 0;
  for (const Column& column : read.table.columns) {
    columns.push_back({column.name, column.type});
    present += column.size() - column.CountMissing();
  }
  return Counted(columns, read.issues, read.table.rows, present);
}

void CheckTable(const Table& table) {
  for (const Column& column : table.columns) {
    slipway::testing::Require(column.size() == table.rows, "each column has all rows");
    for (const int32_t code : column.codes) {
      slipway::testing::Require(code < std::ssize(column.categories), "codes are of categories");
    }
  }
}

ReadTuning Tuning(size_t block_bytes) {
  ReadTuning tuning;
  tuning.block_bytes = block_bytes;
  return tuning;
}

Result<ReadResult> Read(const MemoryFile& file, ReadOptions options, int threads,
                        size_t block_bytes) {
  options.threads = threads;
  Result<ReadResult> read =
      ReadTableInBlocks(file.path(), options, Tuning(block_bytes), SilentProgress());
  if (read.ok()) CheckTable(read->table);
  if (!read.ok()) RequireGoodError(read.error());
  return read;
}

std::string Scanned(const MemoryFile& file, ReadOptions options, int threads, size_t block_bytes) {
  options.threads = threads;
  CountingSink sink;
  const Result<ScanResult> scan =
      ScanTableInBlocks(file.path(), options, Tuning(block_bytes), sink, SilentProgress());
  if (!scan.ok()) return scan.error().ToString();
  return Counted(scan->columns, scan->issues, scan->rows, sink.present());
}

// Whether a quoted value took in rows is judged by what the first block looks like.
bool IsGuess(const Result<ReadResult>& read) {
  return !read.ok() && read.error().message().find("that look like rows") != std::string::npos;
}

}  // namespace

void CheckReading(std::string_view bytes, const ReadOptions& options) {
  constexpr size_t kSmall = 64;
  constexpr size_t kLarge = 1000;
  const MemoryFile file(bytes);
  const Result<ReadResult> read = Read(file, options, 1, kSmall);
  RequireSame(read.ok() ? Counted(*read) : read.error().ToString(),
              Scanned(file, options, 3, kSmall), "a scan on three threads is shown the same");
  const Result<ReadResult> again = Read(file, options, 2, kLarge);
  if (IsGuess(read) || IsGuess(again)) return;
  // Which mistake is told may depend on the blocks, but not whether there is one.
  RequireSame(read.ok() ? Describe(*read) : "an error", again.ok() ? Describe(*again) : "an error",
              "blocks make no difference");
}

ReadOptions ChosenOptions(std::string_view bytes, const std::string& format) {
  ReadOptions options;
  options.format = format;
  const unsigned choice = bytes.empty() ? 0U : static_cast<unsigned char>(bytes.back()) ^ '\n';
  options.decimal_comma = (choice & 1U) != 0;
  if ((choice & 2U) != 0) options.categorical_columns = {"a"};
  if ((choice & 4U) != 0) options.numeric_columns = {"b"};
  if ((choice & 8U) != 0) options.timestamp_columns = {"c"};
  if ((choice & 16U) != 0) options.columns = {"b", "a"};
  if ((choice & 32U) != 0) options.missing_values = {"", "-1", "none"};
  return options;
}

}  // namespace slipway::data

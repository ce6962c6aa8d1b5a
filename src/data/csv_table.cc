#include <arrow/csv/parser.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "core/interrupt.h"
#include "core/parallel.h"
#include "data/csv_blocks_internal.h"
#include "data/csv_header_internal.h"
#include "data/csv_parser_internal.h"
#include "data/table_file_internal.h"

namespace slipway::data {
namespace {

// One pass over the file for some of its columns.
class CsvPass {
 public:
  CsvPass(const SourceFile& file, const CsvHeader& header, const ReadTuning& tuning,
          const ReadPass& pass, PieceSink& sink)
      : file_(file),
        header_(header),
        pass_(pass),
        sink_(sink),
        blocks_(file, header.delimiter, header.data_offset, tuning) {}

  Result<PassEnd> Run() {
    const auto count = static_cast<size_t>(pass_.threads);
    const Status status =
        ParallelFor(count, pass_.threads, [this](size_t) { return ReadBlocks(); });
    if (fault_) return FaultError();
    SLIPWAY_RETURN_IF_ERROR(status);
    PassEnd end{pass_.first_index + rows_.size(), 0};
    for (const int64_t rows : rows_) end.rows += rows;
    return end;
  }

 private:
  Status ReadBlocks() {
    AbandonUnlessDone leaving(sink_);
    CsvParser parser(header_.delimiter, static_cast<int>(header_.names.size()), pass_.plans,
                     pass_.rules);
    CsvBlock block;
    while (!failed_) {
      SLIPWAY_RETURN_IF_ERROR(CheckInterrupted());
      Result<bool> more = blocks_.Next(block);
      if (more.ok() && !*more) break;
      Status status = more.ok() ? ReadBlock(parser, block) : std::move(more).error();
      if (!status.ok()) {
        failed_ = true;
        return status;
      }
      pass_.progress.Add(static_cast<int64_t>(block.data.size()));
    }
    if (!failed_) leaving.Done();
    return {};
  }

  Status ReadBlock(CsvParser& parser, const CsvBlock& block) {
    ParsedBlock parsed;
    std::optional<CsvFault> fault = parser.Parse(block, !pass_.checked, parsed);
    {
      const std::lock_guard lock(mutex_);
      if (rows_.size() <= block.index) rows_.resize(block.index + 1);
      rows_[block.index] = parsed.rows;
      if (fault) {
        // Blocks before this one are all begun: whichever is the first wrong one, it will be found.
        failed_ = true;
        if (!fault_ || fault->block < fault_->block) fault_ = std::move(fault);
        return {};
      }
    }
    return sink_.Take(pass_.first_index + block.index, std::move(parsed.pieces), 1);
  }

  Error FaultError() const {
    int64_t row = fault_->row + 1;
    if (row > 0) {
      for (size_t i = 0; i < fault_->block; ++i) row += rows_[i];
    }
    const int64_t line = file_.LineAt(fault_->offset).value_or(0);
    Error error = file_.Invalid(fault_->message, line, row).Expected(fault_->expected);
    return fault_->hint.empty() ? error : std::move(error).Try(fault_->hint);
  }

  const SourceFile& file_;
  const CsvHeader& header_;
  const ReadPass& pass_;
  PieceSink& sink_;
  CsvBlocks blocks_;

  std::atomic<bool> failed_{false};
  std::mutex mutex_;  // Guards the two below.
  std::vector<int64_t> rows_;
  std::optional<CsvFault> fault_;
};

class CsvTable : public TableFile {
 public:
  CsvTable(SourceFile file, CsvHeader header, const ReadTuning& tuning)
      : file_(std::move(file)), header_(std::move(header)), tuning_(tuning) {
    // A block of a wide table holds as many rows as make its sketches worth their while.
    constexpr size_t kBytesAColumn = 4096;
    if (tuning_.block_bytes == ReadTuning().block_bytes) {
      tuning_.block_bytes = std::max(tuning_.block_bytes, header_.names.size() * kBytesAColumn);
    }
  }

  const SourceFile& source() const override { return file_; }
  const std::vector<std::string>& names() const override { return header_.names; }

  Status ChooseTypes(const ValueRules& rules, std::vector<ColumnPlan>& plans) const override {
    std::vector<Evidence> evidence(plans.size());
    LookAt(header_.sample, rules, plans, evidence);
    // A column may begin with thousands of missing values.
    constexpr int64_t kPlaces = 8;
    constexpr size_t kBytes = size_t{64} << 10U;
    std::string bytes(std::max(kBytes, header_.sample.size() / 4), '\0');
    for (int64_t place = 1; place < kPlaces && file_.IsSeekable(); ++place) {
      const int64_t offset = file_.size() / kPlaces * place;
      if (offset < header_.data_offset + static_cast<int64_t>(header_.sample.size())) continue;
      SLIPWAY_ASSIGN_OR_RETURN(const size_t count,
                               file_.ReadAt(offset, bytes.data(), bytes.size()));
      const std::string_view text(bytes.data(), count);
      // Inside a quoted value this may be no row's beginning: what comes is a guess all the same.
      const size_t line = text.find('\n');
      if (line != std::string_view::npos) LookAt(text.substr(line + 1), rules, plans, evidence);
    }
    for (size_t i = 0; i < plans.size(); ++i) {
      if (!plans[i].forced) plans[i].type = evidence[i].Type();
    }
    return {};
  }

  Result<PassEnd> Read(const ReadPass& pass, PieceSink& sink) const override {
    return CsvPass(file_, header_, tuning_, pass, sink).Run();
  }

 private:
  // Adds what the first rows of `text` look like.
  void LookAt(std::string_view text, const ValueRules& rules, const std::vector<ColumnPlan>& plans,
              std::vector<Evidence>& evidence) const {
    constexpr int32_t kRows = 1000;
    const auto columns = static_cast<int32_t>(header_.names.size());
    arrow::csv::ParseOptions options = CsvOptions(header_.delimiter, columns);
    options.invalid_row_handler = [](const arrow::csv::InvalidRow&) {
      return arrow::csv::InvalidRowResult::Skip;
    };
    arrow::csv::BlockParser parser(options, columns, -1, kRows);
    uint32_t size = 0;
    if (!parser.Parse(text, &size).ok()) return;
    for (size_t i = 0; i < plans.size(); ++i) {
      if (plans[i].forced) continue;
      (void)parser.VisitColumn(plans[i].source, [&](const uint8_t* data, uint32_t length, auto...) {
        AddEvidence(TrimValue({reinterpret_cast<const char*>(data), length}), rules, evidence[i]);
        return arrow::Status::OK();
      });
    }
  }

  static void AddEvidence(std::string_view text, const ValueRules& rules, Evidence& evidence) {
    if (rules.missing.Contains(text)) return;
    ++evidence.present;
    if (rules.Number(text)) {
      ++evidence.numbers;
    } else if (ParseTimestamp(text)) {
      ++evidence.timestamps;
    }
  }

  const SourceFile file_;
  const CsvHeader header_;
  ReadTuning tuning_;
};

}  // namespace

Result<std::unique_ptr<TableFile>> OpenCsv(SourceFile file, char separator,
                                           const ReadTuning& tuning) {
  SLIPWAY_ASSIGN_OR_RETURN(CsvHeader header, ReadCsvHeader(file, separator, tuning));
  return std::make_unique<CsvTable>(std::move(file), std::move(header), tuning);
}

}  // namespace slipway::data

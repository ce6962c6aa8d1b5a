#include <arrow/csv/parser.h>

#include <algorithm>
#include <utility>

#include "data/csv_header_internal.h"
#include "data/csv_parser_internal.h"
#include "data/table_file_internal.h"
#include "data/text_pass_internal.h"

namespace slipway::data {
namespace {

class CsvTable : public TableFile {
 public:
  CsvTable(std::unique_ptr<ByteSource> file, CsvHeader header, const ReadTuning& tuning)
      : file_(std::move(file)), header_(std::move(header)), tuning_(tuning) {
    // A block of a wide table holds as many rows as make its sketches worth their while.
    constexpr size_t kBytesAColumn = 4096;
    if (tuning_.block_bytes == ReadTuning().block_bytes) {
      tuning_.block_bytes = std::max(tuning_.block_bytes, header_.names.size() * kBytesAColumn);
    }
  }

  const ByteSource& source() const override { return *file_; }
  const std::vector<std::string>& names() const override { return header_.names; }

  Status Sample(const ValueRules& rules, const std::vector<ColumnPlan>& plans,
                std::vector<Evidence>& evidence) const override {
    LookAt(header_.sample, rules, plans, evidence);
    // A column may begin with thousands of missing values.
    constexpr int64_t kPlaces = 8;
    constexpr size_t kBytes = size_t{64} << 10U;
    std::string bytes(std::max(kBytes, header_.sample.size() / 4), '\0');
    for (int64_t place = 1; place < kPlaces && file_->IsSeekable(); ++place) {
      const int64_t offset = *file_->size() / kPlaces * place;
      if (offset < header_.data_offset + static_cast<int64_t>(header_.sample.size())) continue;
      SLIPWAY_ASSIGN_OR_RETURN(const size_t count,
                               file_->ReadAt(offset, bytes.data(), bytes.size()));
      const std::string_view text(bytes.data(), count);
      // Inside a quoted value this may be no row's beginning: what comes is a guess all the same.
      const size_t line = text.find('\n');
      if (line != std::string_view::npos) LookAt(text.substr(line + 1), rules, plans, evidence);
    }
    return {};
  }

  void Rest() override {
    header_.sample = {};
    file_->Rest();
  }

  Result<PassEnd> Read(const ReadPass& pass, PieceSink& sink) const override {
    TextBlocks blocks(*file_, CutCsv(header_.delimiter), header_.data_offset, tuning_);
    const auto columns = static_cast<int>(header_.names.size());
    const auto make_parser = [&] {
      return std::make_unique<CsvParser>(header_.delimiter, columns, pass.plans, pass.rules,
                                         pass.checked);
    };
    return ReadText(*file_, blocks, make_parser, pass, sink);
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
        evidence[i].Look(TrimValue({reinterpret_cast<const char*>(data), length}), rules);
        return arrow::Status::OK();
      });
    }
  }

  const std::unique_ptr<ByteSource> file_;
  CsvHeader header_;
  ReadTuning tuning_;
};

}  // namespace

Result<std::unique_ptr<TableFile>> OpenCsv(std::unique_ptr<ByteSource> file,
                                           const CsvSeparator& separator,
                                           const ReadTuning& tuning) {
  SLIPWAY_ASSIGN_OR_RETURN(CsvHeader header, ReadCsvHeader(*file, separator, tuning));
  return std::make_unique<CsvTable>(std::move(file), std::move(header), tuning);
}

}  // namespace slipway::data

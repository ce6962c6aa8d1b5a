#include <memory>
#include <optional>
#include <utility>

#include "data/scan.h"
#include "pipeline/predict_blocks_internal.h"
#include "pipeline/predict_input_internal.h"

namespace slipway::pipeline {
namespace {

data::Table ToTable(const std::vector<data::ColumnHeader>& headers, const data::Block& block) {
  data::Table table;
  table.rows = block.rows;
  for (size_t i = 0; i < headers.size(); ++i) {
    const data::ColumnView& view = block.columns[i];
    data::Column column;
    column.name = headers[i].name;
    column.type = headers[i].type;
    column.numbers.assign(view.numbers.begin(), view.numbers.end());
    column.codes.assign(view.codes.begin(), view.codes.end());
    if (column.type == data::ColumnType::kCategory) column.categories = *view.categories;
    table.columns.push_back(std::move(column));
  }
  return table;
}

struct PredictedBlock : data::BlockDigest {
  std::string text;
  UnknownTally unknown;
  std::optional<Error> error;
};

class PredictionSink : public data::BlockSink {
 public:
  PredictionSink(const model::Model& model, const PredictOptions& options, PredictionText form,
                 const std::function<Status(std::string_view)>& append)
      : model_(model), ids_(options.id_columns), form_(form), append_(append) {}

  Status Begin(const std::vector<data::ColumnHeader>& columns) override {
    // All types are given, so that none turns out to be another one.
    if (std::exchange(begun_, true)) {
      return Error(ErrorCode::kInternal, "predictions were begun twice");
    }
    headers_ = columns;
    return append_(HeaderOf(form_, ids_, model_.schema));
  }

  std::unique_ptr<data::BlockDigest> Reduce(const data::Block& block, int threads) const override {
    auto digest = std::make_unique<PredictedBlock>();
    const data::Table table = ToTable(headers_, block);
    PredictedRows rows;
    Result<model::Predictions> predictions = model_.predictor->Predict(table, threads);
    if (!predictions.ok()) {
      digest->error = predictions.error();
      return digest;
    }
    rows.predictions = *std::move(predictions);
    for (const std::string& id : ids_) rows.ids.columns.push_back(*table.Find(id));
    digest->unknown = UnknownTally(table, model_.schema);
    digest->text = LinesOf(form_, rows, model_.schema);
    return digest;
  }

  void Fold(std::unique_ptr<data::BlockDigest> digest, int64_t first_row, int64_t rows) override {
    auto& block = static_cast<PredictedBlock&>(*digest);
    rows_ += rows;
    if (error_) return;
    if (block.error) {
      Location location = block.error->location();
      if (location.row > 0) location.row += first_row;
      error_ = std::move(*block.error).At(std::move(location));
      return;
    }
    unknown_.Add(block.unknown, first_row);
    if (Status appended = append_(block.text); !appended.ok()) error_ = appended.error();
  }

  const std::optional<Error>& error() const { return error_; }
  PredictedFile Finish() const { return {rows_, unknown_.Finish()}; }

 private:
  const model::Model& model_;
  const std::vector<std::string>& ids_;
  const PredictionText form_;
  const std::function<Status(std::string_view)>& append_;
  bool begun_ = false;
  std::vector<data::ColumnHeader> headers_;
  int64_t rows_ = 0;
  UnknownTally unknown_;
  std::optional<Error> error_;  // The first one in row order.
};

}  // namespace

Result<PredictedFile> PredictInBlocks(const model::Model& model, const PredictOptions& options,
                                      PredictionText form,
                                      const std::function<Status(std::string_view)>& append,
                                      ProgressSink& progress) {
  SLIPWAY_RETURN_IF_ERROR(CheckIds(options.id_columns, model.schema));
  PredictionSink sink(model, options, form, append);
  SLIPWAY_ASSIGN_OR_RETURN(
      const data::ScanResult scan,
      data::ScanTable(options.input_path, ReadOptionsFor(model.schema, options), sink, progress));
  const std::string shown = data::ShownSource(options.input_path);
  SLIPWAY_RETURN_IF_ERROR(CheckReadable(scan.issues, shown, progress));
  if (sink.error()) {
    Location location = sink.error()->location();
    if (location.file.empty()) location.file = shown;
    return Error(*sink.error()).At(std::move(location));
  }
  PredictedFile predicted = sink.Finish();
  WarnOfUnknown(predicted.unknown, shown, progress);
  return predicted;
}

}  // namespace slipway::pipeline

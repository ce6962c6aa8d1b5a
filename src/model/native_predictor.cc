#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>

#include "core/parallel.h"
#include "model/columns_internal.h"
#include "model/onnx_reader_internal.h"
#include "model/predictor.h"
#include "model/scoring_kernel_internal.h"

namespace slipway::model {
namespace {

// Rows that are prepared and predicted together: bounds the memory that prepared features take.
constexpr int64_t kChunkRows = 8192;

class NativePredictor final : public Predictor {
 public:
  explicit NativePredictor(OnnxModel model)
      : kernel_(model.scorer),
        plan_(std::move(model.plan)),
        inputs_(std::move(model.inputs)),
        classes_(std::move(model.classes)),
        integer_labels_(model.integer_labels) {}

  Result<Predictions> Predict(const data::Table& table, int threads) const override {
    SLIPWAY_ASSIGN_OR_RETURN(const std::optional<data::Table> converted,
                             ConvertInputs(table, inputs_));
    const data::Table& rows = converted ? *converted : table;
    Predictions predictions = Predictions::Make(rows.rows, kernel_.classes());
    const auto chunks = static_cast<size_t>((rows.rows + kChunkRows - 1) / kChunkRows);
    SLIPWAY_RETURN_IF_ERROR(
        ParallelFor(chunks, threads > 0 ? threads : AvailableCores(), [&](size_t chunk) -> Status {
          return PredictChunk(rows, static_cast<int64_t>(chunk) * kChunkRows, &predictions);
        }));
    return predictions;
  }

  const std::vector<InputField>& inputs() const override { return inputs_; }
  const std::vector<std::string>& classes() const override { return classes_; }
  bool integer_labels() const override { return integer_labels_; }
  const char* engine() const override { return "native"; }

 private:
  Status PredictChunk(const data::Table& table, int64_t begin, Predictions* predictions) const {
    std::vector<int64_t> rows(static_cast<size_t>(std::min(kChunkRows, table.rows - begin)));
    std::iota(rows.begin(), rows.end(), begin);
    SLIPWAY_ASSIGN_OR_RETURN(const data::Matrix matrix,
                             data::ApplyPreprocessing(plan_, table, rows, 1));
    kernel_.Predict(matrix, 0, matrix.rows, begin, predictions);
    return {};
  }

  ScoringKernel kernel_;
  data::PreprocessingPlan plan_;
  std::vector<InputField> inputs_;
  std::vector<std::string> classes_;
  bool integer_labels_;
};

}  // namespace

Result<std::unique_ptr<Predictor>> LoadNativePredictor(std::string_view onnx) {
  SLIPWAY_ASSIGN_OR_RETURN(OnnxModel model, ReadOnnx(onnx));
  return std::make_unique<NativePredictor>(std::move(model));
}

}  // namespace slipway::model

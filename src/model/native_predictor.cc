#include <fmt/format.h>

#include <algorithm>
#include <cmath>
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
    return CheckAnswers(begin, matrix.rows, *predictions);
  }

  // Numbers that float32 can't hold become infinite, and their weighted sum anything.
  static Status CheckAnswers(int64_t begin, int64_t count, const Predictions& predictions) {
    const auto bad_row = [&](const auto& answers, int64_t width) -> Status {
      const auto first = answers.begin() + begin * width, end = first + count * width;
      const auto bad = std::find_if(first, end, [](auto value) { return !std::isfinite(value); });
      if (bad == end) return {};
      Location location;
      location.row = begin + (bad - first) / width + 1;
      return Error(ErrorCode::kInvalidInput, fmt::format("the model's answer is {}", *bad))
          .At(std::move(location))
          .Expected("numbers in the order of magnitude of training's");
    };
    if (predictions.regression()) return bad_row(predictions.values, 1);
    return bad_row(predictions.scores, predictions.classes);
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

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <unordered_map>

#include "core/parallel.h"
#include "model/columns_internal.h"
#include "model/foreign_graph_internal.h"
#include "model/onnxruntime_tensors_internal.h"
#include "model/predictor.h"
#include "model/score_link_internal.h"

namespace slipway::model {
namespace {

// Rows that are answered together: bounds the memory that a graph's values take.
constexpr int64_t kChunkRows = 8192;
// What float32 may miss of a probability.
constexpr float kScoreTolerance = 1e-4F;
// For scores and estimates that come out as NaN.
constexpr const char* kFillsMissing = "a graph that fills in missing values";

// A NaN has a sign, which means nothing.
std::string Written(auto value) { return std::isnan(value) ? "nan" : fmt::format("{}", value); }

using ort::OwnedValue;

class OnnxRuntimePredictor final : public Predictor {
 public:
  OnnxRuntimePredictor(const ort::Library& library, ForeignGraph graph, ort::OwnedSession session)
      : library_(library), graph_(std::move(graph)), session_(std::move(session)) {
    for (const ForeignInput& input : graph_.inputs) input_names_.push_back(input.name.c_str());
    if (graph_.regression()) output_names_.push_back(graph_.value.c_str());
    if (!graph_.label.empty()) output_names_.push_back(graph_.label.c_str());
    for (const std::string& scores : graph_.scores) output_names_.push_back(scores.c_str());
    for (size_t cls = 0; cls < graph_.classes.size(); ++cls) {
      class_of_[graph_.classes[cls]] = static_cast<int32_t>(cls);
    }
  }

  Result<Predictions> Predict(const data::Table& table, int threads) const override {
    SLIPWAY_ASSIGN_OR_RETURN(const std::optional<data::Table> converted,
                             ConvertInputs(table, graph_.fields));
    const data::Table& rows = converted ? *converted : table;
    std::vector<const data::Column*> columns;
    for (size_t i = 0; i < graph_.fields.size(); ++i) {
      columns.push_back(rows.Find(graph_.fields[i].name, i));
    }
    Predictions predictions = Predictions::Make(rows.rows, static_cast<int>(graph_.classes.size()));
    const int64_t chunk_rows = graph_.one_row ? 1 : kChunkRows;
    const auto chunks = static_cast<size_t>((rows.rows + chunk_rows - 1) / chunk_rows);
    SLIPWAY_RETURN_IF_ERROR(
        ParallelFor(chunks, threads > 0 ? threads : AvailableCores(), [&](size_t chunk) -> Status {
          const int64_t begin = static_cast<int64_t>(chunk) * chunk_rows;
          return PredictChunk(columns, begin, std::min(chunk_rows, rows.rows - begin),
                              &predictions);
        }));
    return predictions;
  }

  const std::vector<InputField>& inputs() const override { return graph_.fields; }
  const std::vector<std::string>& classes() const override { return graph_.classes; }
  bool integer_labels() const override { return graph_.integer_labels; }
  const char* engine() const override { return "onnxruntime"; }

 private:
  Status PredictChunk(const std::vector<const data::Column*>& columns, int64_t begin, int64_t count,
                      Predictions* predictions) const {
    SLIPWAY_ASSIGN_OR_RETURN(const std::vector<OwnedValue> outputs, Run(columns, begin, count));
    size_t next = 0;
    if (graph_.regression()) {
      SLIPWAY_RETURN_IF_ERROR(ort::ReadNumbers(library_, *outputs[next], graph_.value, count,
                                               predictions->values.data() + begin));
      return CheckEstimates(columns, begin, count, predictions->values);
    }
    const ort::Value* label = graph_.label.empty() ? nullptr : outputs[next++].get();
    SLIPWAY_RETURN_IF_ERROR(
        ReadScores(std::span(outputs).subspan(next), begin, count, predictions));
    SLIPWAY_RETURN_IF_ERROR(CheckScores(columns, begin, count, *predictions));
    return ReadLabels(label, begin, count, predictions);
  }

  Result<std::vector<OwnedValue>> Run(const std::vector<const data::Column*>& columns,
                                      int64_t begin, int64_t count) const {
    std::vector<ort::InputTensor> tensors;
    std::vector<const ort::Value*> inputs;
    for (const ForeignInput& input : graph_.inputs) {
      SLIPWAY_ASSIGN_OR_RETURN(
          ort::InputTensor tensor,
          ort::MakeInput(library_, input,
                         std::span(columns).subspan(input.first_field, input.fields),
                         {begin, count}));
      inputs.push_back(tensor.value.get());
      tensors.push_back(std::move(tensor));
    }
    std::vector<ort::Value*> made(output_names_.size());
    const Status ran = library_.Check(
        library_.api.run(session_.get(), nullptr, input_names_.data(), inputs.data(), inputs.size(),
                         output_names_.data(), output_names_.size(), made.data()),
        "run the graph");
    std::vector<OwnedValue> outputs;
    for (ort::Value* value : made) outputs.emplace_back(value, library_.api.release_value);
    if (!ran.ok()) return InRows(ran.error(), begin);
    return outputs;
  }

  static Status CheckEstimates(const std::vector<const data::Column*>& columns, int64_t begin,
                               int64_t count, const std::vector<double>& values) {
    for (int64_t row = begin; row < begin + count; ++row) {
      const double value = values[static_cast<size_t>(row)];
      if (std::isfinite(value)) continue;
      return Error(ErrorCode::kInvalidInput,
                   fmt::format("the graph's estimate is {}", Written(value)))
          .At(PlaceOf(columns, row, value))
          .Expected("a finite number")
          .Try(kFillsMissing);
    }
    return {};
  }

  // Of an answer that is none. A graph that does not fill in missing values answers them with NaN:
  // then it is about the first input that the row lacks.
  static Location PlaceOf(const std::vector<const data::Column*>& columns, int64_t row,
                          double answer) {
    Location location;
    location.row = row + 1;
    if (!std::isnan(answer)) return location;
    const auto missing =
        std::ranges::find_if(columns, [&](const auto* column) { return column->IsMissing(row); });
    if (missing != columns.end()) location.field = (*missing)->name;
    return location;
  }

  static Error InRows(Error error, int64_t begin) {
    Location location = error.location();
    location.row = begin + 1;
    return std::move(error).At(std::move(location));
  }

  // rows × classes, from one output with all of them or from one a class.
  Status ReadScores(std::span<const OwnedValue> outputs, int64_t begin, int64_t count,
                    Predictions* predictions) const {
    const auto classes = static_cast<int64_t>(graph_.classes.size());
    float* scores = predictions->scores.data() + begin * classes;
    if (outputs.size() > 1) {
      std::vector<float> column(static_cast<size_t>(count));
      // As many as there are outputs, which ReadForeignGraph sees to.
      const size_t width = graph_.classes.size();
      for (size_t cls = 0; cls < width; ++cls) {
        SLIPWAY_RETURN_IF_ERROR(
            ort::ReadNumbers(library_, *outputs[cls], graph_.scores[cls], count, column.data()));
        for (size_t row = 0; row < column.size(); ++row) scores[row * width + cls] = column[row];
      }
      return {};
    }
    return ReadMatrix(*outputs.front(), count, scores);
  }

  Status ReadMatrix(const ort::Value& output, int64_t count, float* scores) const {
    const auto classes = static_cast<int64_t>(graph_.classes.size());
    SLIPWAY_ASSIGN_OR_RETURN(const int64_t elements, ort::ElementsOf(library_, output));
    // A single score of two classes is that of the second.
    const int64_t width = classes == 2 && elements == count ? 1 : classes;
    std::vector<double> raw(static_cast<size_t>(count * width));
    SLIPWAY_RETURN_IF_ERROR(
        ort::ReadNumbers(library_, output, graph_.scores.front(), count * width, raw.data()));
    for (int64_t row = 0; row < count; ++row) {
      LinkRow({raw.data() + row * width, static_cast<size_t>(width)}, scores + row * classes);
    }
    return {};
  }

  void LinkRow(std::span<double> raw, float* scores) const {
    const bool single = raw.size() == 1;
    if (graph_.form == ScoreForm::kLogits) {
      LinkScores(single ? Link::kLogit : Link::kSoftmax, raw, scores);
    } else if (single) {
      scores[0] = static_cast<float>(1 - raw[0]);
      scores[1] = static_cast<float>(raw[0]);
    } else {
      LinkScores(Link::kProbability, raw, scores);
    }
  }

  // Decision functions come in the same form, and metrics of them would mean nothing.
  Status CheckScores(const std::vector<const data::Column*>& columns, int64_t begin, int64_t count,
                     const Predictions& predictions) const {
    const auto classes = static_cast<int64_t>(graph_.classes.size());
    const auto first = predictions.scores.begin() + begin * classes;
    const auto end = first + count * classes;
    const auto bad = std::find_if(first, end, [](float score) {
      return !(score >= -kScoreTolerance && score <= 1 + kScoreTolerance);
    });
    if (bad == end) return {};
    const int64_t place = bad - first;
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("the graph's score of the class '{}' is {}",
                             graph_.classes[static_cast<size_t>(place % classes)], Written(*bad)))
        .At(PlaceOf(columns, begin + place / classes, *bad))
        .Expected("a probability, from 0 to 1")
        .Try(std::isnan(*bad)
                 ? kFillsMissing
                 : "a model that estimates probabilities, or logits as an output of that name");
  }

  Status ReadLabels(const ort::Value* label, int64_t begin, int64_t count,
                    Predictions* predictions) const {
    const auto classes = static_cast<int64_t>(graph_.classes.size());
    int32_t* labels = predictions->labels.data() + begin;
    if (label == nullptr) {
      for (int64_t row = 0; row < count; ++row) {
        const float* scores = predictions->scores.data() + (begin + row) * classes;
        labels[row] = static_cast<int32_t>(std::max_element(scores, scores + classes) - scores);
      }
      return {};
    }
    SLIPWAY_ASSIGN_OR_RETURN(const std::vector<std::string> texts,
                             ort::ReadTexts(library_, *label, graph_.label, count));
    for (int64_t row = 0; row < count; ++row) {
      const auto cls = class_of_.find(texts[static_cast<size_t>(row)]);
      if (cls == class_of_.end()) return UnknownLabel(texts[static_cast<size_t>(row)], begin + row);
      labels[row] = cls->second;
    }
    return {};
  }

  Error UnknownLabel(const std::string& label, int64_t row) const {
    Location location;
    location.row = row + 1;
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("the graph's label '{}' is none of its classes", label))
        .At(std::move(location))
        .Expected(fmt::format("one of {}", fmt::join(graph_.classes, ", ")));
  }

  const ort::Library& library_;
  const ForeignGraph graph_;
  const ort::OwnedSession session_;
  std::vector<const char*> input_names_;  // Into graph_.
  std::vector<const char*> output_names_;
  std::unordered_map<std::string, int32_t> class_of_;
};

}  // namespace

Result<std::unique_ptr<Predictor>> LoadOnnxRuntimePredictor(
    std::string_view onnx, const std::vector<std::string>& features) {
  SLIPWAY_ASSIGN_OR_RETURN(ForeignGraph graph, ReadForeignGraph(onnx, features));
  SLIPWAY_ASSIGN_OR_RETURN(const ort::Library* library, ort::OpenLibrary());
  SLIPWAY_ASSIGN_OR_RETURN(ort::OwnedSession session, ort::MakeSession(*library, graph.onnx));
  return std::make_unique<OnnxRuntimePredictor>(*library, std::move(graph), std::move(session));
}

Result<std::unique_ptr<Predictor>> LoadPredictor(std::string_view onnx,
                                                 const std::vector<std::string>& features) {
  auto native = LoadNativePredictor(onnx);
  if (native.ok()) return native;
  auto other = LoadOnnxRuntimePredictor(onnx, features);
  if (other.ok()) return other;
  // What the native kernel misses matters to who has nothing else.
  if (other.error().code() != ErrorCode::kUnavailable) return other;
  return std::move(other).error().CausedBy(std::move(native).error());
}

}  // namespace slipway::model

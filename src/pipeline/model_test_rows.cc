// Expectations on single rows.
#include <fmt/format.h>

#include <cmath>

#include "core/text.h"
#include "pipeline/changed_rows_internal.h"
#include "pipeline/expectation_checks_internal.h"

namespace slipway::pipeline {
namespace {

// What the rows of a file leave to the model's own way with missing values is worth knowing when
// one of them fails.
std::string InputsText(const InputRows& rows) {
  std::vector<std::string> present, missing;
  for (const data::Column& column : rows.table.columns) {
    if (column.IsMissing(0)) {
      missing.push_back(column.name);
    } else {
      present.push_back(fmt::format("{} {}", column.name, CellText(column, 0)));
    }
  }
  std::string text = Join(present, ", ");
  if (!missing.empty()) text += (text.empty() ? "missing: " : "; missing: ") + Join(missing, ", ");
  return text;
}

std::string ScoresText(const model::Predictions& answers, const model::ModelSchema& schema) {
  std::vector<std::string> scores;
  for (int cls = 0; cls < answers.classes; ++cls) {
    scores.push_back(
        fmt::format("{} {:.3f}", schema.classes[static_cast<size_t>(cls)], answers.Score(0, cls)));
  }
  return "probabilities: " + Join(scores, ", ");
}

// Both ends included. Scores are float32, so that an end is the nearest of these: a score of 0.6 is
// not below 0.6.
bool Holds(const config::ProbabilityRange& range, float score) {
  return score >= static_cast<float>(range.min) && score <= static_cast<float>(range.max);
}

class RowTest : public ModelTest {
 public:
  explicit RowTest(const config::RowExpectation& row)
      : ModelTest("rows", row.name, row.at), row_(row) {}

  Needs needs() const override { return {.model = true}; }

  Status Check(const TestSubject& subject) const override {
    std::optional<Error> errors;
    const auto note = [&](const Status& status) {
      if (!status.ok()) errors = errors ? std::move(*errors).Also(status.error()) : status.error();
    };
    const model::ModelSchema& schema = subject.schema();
    for (const config::PlacedCell& cell : row_.features)
      note(CheckCell(cell.column, cell.value, schema));
    if (row_.label) note(CheckLabel({row_.label->text, row_.label->at}, schema));
    for (const config::ProbabilityRange& range : row_.probabilities)
      note(CheckLabel(range.label, schema));
    if (row_.prediction && !schema.classes.empty()) {
      note(Error(ErrorCode::kInvalidInput, "the model answers with classes, not with a number")
               .At(row_.prediction_at)
               .Expected("label or probability"));
    }
    if (errors) return *std::move(errors);
    return {};
  }

  Result<report::TestResult> Run(const TestSubject& subject) const override {
    const model::ModelSchema& schema = subject.schema();
    const InputRows rows = RowsOfFile({&row_}, schema);
    SLIPWAY_ASSIGN_OR_RETURN(const model::Predictions answers,
                             subject.predictor().Predict(rows.table, 1));
    std::vector<std::string> held, broken;
    Judge(answers, schema, &held, &broken);
    report::TestResult result = Start();
    Decide(broken.empty(), Join(broken.empty() ? held : broken, "; "), &result);
    for (const config::PlacedCell& cell : row_.features) {
      auto note = UnknownCategoryNote(cell.column, cell.value, schema);
      if (note) result.notes.push_back(*std::move(note));
    }
    result.evidence = Evidence(rows, answers, schema);
    if (broken.empty()) return result;
    result.details.push_back(InputsText(rows));
    if (!answers.regression()) result.details.push_back(ScoresText(answers, schema));
    return result;
  }

 private:
  void Judge(const model::Predictions& answers, const model::ModelSchema& schema,
             std::vector<std::string>* held, std::vector<std::string>* broken) const {
    if (row_.label) {
      const auto answer = static_cast<size_t>(answers.labels[0]);
      const std::string& label = schema.classes[answer];
      const bool same = FindClass(schema, row_.label->text) == answer;
      (same ? held : broken)
          ->push_back(same ? "label " + label
                           : fmt::format("label {} expected, got {}", row_.label->text, label));
    }
    for (const config::ProbabilityRange& range : row_.probabilities) {
      const size_t cls = FindClass(schema, range.label.text).value_or(0);
      const float score = answers.Score(0, static_cast<int>(cls));
      const bool inside = Holds(range, score);
      (inside ? held : broken)->push_back(ProbabilityText(range, score, inside));
    }
    if (!row_.prediction) return;
    const double value = answers.values[0];
    const bool near = std::abs(value - *row_.prediction) <= row_.tolerance;
    (near ? held : broken)
        ->push_back(near ? fmt::format("prediction {:g}", value)
                         : fmt::format("prediction {} ± {} expected, got {}", *row_.prediction,
                                       row_.tolerance, value));
  }

  static std::string ProbabilityText(const config::ProbabilityRange& range, float score,
                                     bool inside) {
    const auto shown = static_cast<double>(score);
    const std::string what = "probability of " + range.label.text;
    if (inside) return fmt::format("{} {:.4f}", what, shown);
    const double end = shown < range.min ? range.min : range.max;
    // Four figures, unless it takes more to see that it is outside.
    std::string text = fmt::format("{:.4f}", shown);
    if (text == fmt::format("{:.4f}", end)) text = fmt::format("{}", score);
    return fmt::format("{} {}, from {} to {} expected", what, text, range.min, range.max);
  }

  static Json Evidence(const InputRows& rows, const model::Predictions& answers,
                       const model::ModelSchema& schema) {
    Json inputs = Json::object();
    for (const data::Column& column : rows.table.columns)
      inputs[column.name] = column.IsMissing(0) ? Json() : Json(CellText(column, 0));
    Json evidence = {{"inputs", std::move(inputs)}};
    if (answers.regression()) {
      evidence["prediction"] = answers.values[0];
      return evidence;
    }
    evidence["label"] = schema.classes[static_cast<size_t>(answers.labels[0])];
    for (int cls = 0; cls < answers.classes; ++cls) {
      evidence["probabilities"][schema.classes[static_cast<size_t>(cls)]] =
          static_cast<double>(answers.Score(0, cls));
    }
    return evidence;
  }

  const config::RowExpectation& row_;
};

}  // namespace

void AddRowTests(const config::Expectations& expectations, ModelTests* tests) {
  for (const config::RowExpectation& row : expectations.rows)
    tests->push_back(std::make_unique<RowTest>(row));
}

}  // namespace slipway::pipeline

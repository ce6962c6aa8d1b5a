// Expectations on what changed rows do to the answers: nothing, or something in one direction.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/random.h"
#include "core/text.h"
#include "gate/types.h"
#include "pipeline/changed_rows_internal.h"
#include "pipeline/expectation_checks_internal.h"

namespace slipway::pipeline {
namespace {

constexpr size_t kShownRows = 5;
constexpr size_t kKeptRows = 20;

// How far an answer is on the wrong side of what is expected; not above 0 where it holds.
using Excess = double;

// The worst that any variant does to a row.
struct JudgedRow {
  int64_t row = 0;
  size_t variant = 0;
  Excess excess = 0;
};

bool NeedsDeviations(const config::ChangedRows& rows) {
  return std::ranges::any_of(rows.changes, [](const config::ColumnChange& change) {
    return change.kind == config::ColumnChange::Kind::kAddDeviations ||
           change.kind == config::ColumnChange::Kind::kNoise;
  });
}

class ChangeTest : public ModelTest {
 public:
  ChangeTest(const char* group, const config::Expectations& file, const config::ChangedRows& rows,
             uint64_t seed)
      : ModelTest(group, rows.name, rows.at), file_(file), rows_(rows), seed_(seed) {}

  Needs needs() const override {
    return {.table = rows_.rows.empty() || NeedsDeviations(rows_), .model = true};
  }

  Status Check(const TestSubject& subject) const override {
    SLIPWAY_RETURN_IF_ERROR(RowsByName(file_, rows_.rows));
    return CheckChanges(rows_, subject);
  }

  Result<report::TestResult> Run(const TestSubject& subject) const override {
    SLIPWAY_ASSIGN_OR_RETURN(const ChangedAnswers answers,
                             AnswerChanged(subject, file_, rows_, seed_));
    const std::vector<JudgedRow> judged = JudgeRows(answers, subject.schema());
    std::vector<JudgedRow> broken;
    std::ranges::copy_if(judged, std::back_inserter(broken),
                         [](const JudgedRow& row) { return row.excess > 0; });
    std::ranges::stable_sort(
        broken, [](const JudgedRow& a, const JudgedRow& b) { return a.excess > b.excess; });
    report::TestResult result = Tell(subject, answers, std::ssize(judged), broken);
    AddNotes(subject.schema(), &result);
    return result;
  }

 protected:
  // Of a row and what a variant makes of it.
  virtual Excess Judge(const ChangedAnswers& answers, const Variant& variant,
                       const model::ModelSchema& schema, int64_t row) const = 0;
  // "label good 0.52 → bad 0.51".
  virtual std::string Told(const ChangedAnswers& answers, const Variant& variant,
                           const model::ModelSchema& schema, int64_t row) const = 0;
  // "keep their label".
  virtual std::string Held() const = 0;

 private:
  std::vector<JudgedRow> JudgeRows(const ChangedAnswers& answers,
                                   const model::ModelSchema& schema) const {
    std::vector<JudgedRow> judged;
    for (int64_t row = 0; row < answers.rows.table.rows; ++row) {
      std::optional<JudgedRow> worst;
      for (size_t i = 0; i < answers.variants.size(); ++i) {
        const Variant& variant = answers.variants[i];
        if (!variant.changed[static_cast<size_t>(row)]) continue;
        Excess excess = Judge(answers, variant, schema, row);
        // What is no number holds nothing.
        if (std::isnan(excess)) excess = std::numeric_limits<double>::infinity();
        if (!worst || excess > worst->excess) worst = {row, i, excess};
      }
      if (worst) judged.push_back(*worst);
    }
    return judged;
  }

  report::TestResult Tell(const TestSubject& subject, const ChangedAnswers& answers, int64_t asked,
                          const std::vector<JudgedRow>& broken) const {
    report::TestResult result = Start();
    if (asked == 0) {
      Decide(false,
             answers.rows.table.rows == 0 ? "no row to ask about: where is true of none"
                                          : "the change changes no row",
             &result);
      return result;
    }
    const int64_t holding = asked - std::ssize(broken);
    const double share = static_cast<double>(holding) / static_cast<double>(asked);
    const bool passed = broken.empty() || share >= rows_.share;
    Decide(
        passed,
        fmt::format("{} of {} {}{}", FormatCount(holding),
                    Plural(asked, "changed row", "changed rows"), Held(),
                    rows_.share < 1 ? fmt::format(" ({:.1f} %, at least {:g} % expected)",
                                                  std::floor(1000 * share) / 10, 100 * rows_.share)
                                    : std::string(passed ? "" : ", all expected")),
        &result);
    Json kept = Json::array();
    for (const JudgedRow& one : broken) {
      if (kept.size() == kKeptRows) break;
      kept.push_back(RowEvidence(subject, answers, one));
      if (!passed && kept.size() <= kShownRows)
        result.details.push_back(Line(subject, answers, one));
    }
    if (!passed && broken.size() > kShownRows) {
      result.details.push_back(
          fmt::format("… and {} more", FormatCount(std::ssize(broken) - int64_t{kShownRows})));
    }
    result.evidence = {{"rows", asked},
                       {"held", holding},
                       {"share", share},
                       {"limit", rows_.share},
                       {"broken", std::move(kept)}};
    return result;
  }

  void AddNotes(const model::ModelSchema& schema, report::TestResult* result) const {
    for (const config::ColumnChange& change : rows_.changes) {
      for (const config::PlacedValue& value : change.values) {
        auto note = UnknownCategoryNote(change.column, value, schema);
        if (note) result->notes.push_back(*std::move(note));
      }
    }
  }

  std::string Line(const TestSubject& subject, const ChangedAnswers& answers,
                   const JudgedRow& one) const {
    const Variant& variant = answers.variants[one.variant];
    return fmt::format("{}: {}; {}", answers.rows.names[static_cast<size_t>(one.row)],
                       ChangesText(answers.rows, variant, one.row),
                       Told(answers, variant, subject.schema(), one.row));
  }

  Json RowEvidence(const TestSubject& subject, const ChangedAnswers& answers,
                   const JudgedRow& one) const {
    const Variant& variant = answers.variants[one.variant];
    return {{"row", answers.rows.names[static_cast<size_t>(one.row)]},
            {"change", ChangesText(answers.rows, variant, one.row)},
            {"answers", Told(answers, variant, subject.schema(), one.row)}};
  }

  const config::Expectations& file_;
  const config::ChangedRows& rows_;
  uint64_t seed_;
};

class InvarianceTest : public ChangeTest {
 public:
  InvarianceTest(const config::Expectations& file, const config::InvarianceExpectation& expected,
                 uint64_t seed)
      : ChangeTest("invariance", file, expected.rows, seed), expected_(expected) {}

 protected:
  Excess Judge(const ChangedAnswers& answers, const Variant& variant,
               const model::ModelSchema& /*schema*/, int64_t row) const override {
    const model::Predictions& before = answers.before;
    const auto at = static_cast<size_t>(row);
    if (before.regression()) {
      return std::abs(variant.answers.values[at] - before.values[at]) -
             expected_.tolerance.value_or(0);
    }
    double moved = 0;
    for (int cls = 0; cls < before.classes; ++cls) {
      const double difference = std::abs(static_cast<double>(variant.answers.Score(row, cls)) -
                                         static_cast<double>(before.Score(row, cls)));
      if (!(difference <= moved)) moved = difference;
    }
    if (expected_.tolerance) return moved - *expected_.tolerance;
    // Ordered by how far the scores moved, among those whose label did not stay.
    return variant.answers.labels[at] == before.labels[at] ? 0 : moved + 1;
  }

  std::string Told(const ChangedAnswers& answers, const Variant& variant,
                   const model::ModelSchema& schema, int64_t row) const override {
    const auto [before, after] =
        AnswersApart({answers.before, row}, {variant.answers, row}, schema);
    return fmt::format("{} → {}", before, after);
  }

  std::string Held() const override {
    return expected_.tolerance ? fmt::format("stay within {:g}", *expected_.tolerance)
                               : "keep their answer";
  }

 private:
  const config::InvarianceExpectation& expected_;
};

class DirectionalTest : public ChangeTest {
 public:
  DirectionalTest(const config::Expectations& file, const config::DirectionalExpectation& expected,
                  uint64_t seed)
      : ChangeTest("directional", file, expected.rows, seed), expected_(expected) {}

  Status Check(const TestSubject& subject) const override {
    SLIPWAY_RETURN_IF_ERROR(ChangeTest::Check(subject));
    const model::ModelSchema& schema = subject.schema();
    if (!expected_.label.text.empty()) return CheckLabel(expected_.label, schema);
    if (schema.classes.empty()) return {};
    return Error(ErrorCode::kInvalidInput, "the model answers with classes: of which probability?")
        .At(at())
        .Expected("probability: " + JoinOr(schema.classes));
  }

 protected:
  Excess Judge(const ChangedAnswers& answers, const Variant& variant,
               const model::ModelSchema& schema, int64_t row) const override {
    const double rise = Value(variant.answers, schema, row) - Value(answers.before, schema, row);
    const double slack = expected_.tolerance;
    // Of what must move, standing still is already wrong.
    const auto beyond = [](double wrong) {
      return wrong >= 0 ? wrong + std::numeric_limits<double>::min() : 0;
    };
    switch (expected_.direction) {
      case config::Direction::kRise: return beyond(slack - rise);
      case config::Direction::kFall: return beyond(slack + rise);
      case config::Direction::kNotRise: return rise - slack;
      case config::Direction::kNotFall: return -rise - slack;
    }
    return 0;
  }

  std::string Told(const ChangedAnswers& answers, const Variant& variant,
                   const model::ModelSchema& schema, int64_t row) const override {
    const std::string what =
        schema.classes.empty() ? "prediction" : "probability of " + expected_.label.text;
    const auto [before, after] =
        gate::FormatApart(Value(answers.before, schema, row), Value(variant.answers, schema, row));
    return fmt::format("{} {} → {}", what, before, after);
  }

  std::string Held() const override {
    const std::string what =
        expected_.label.text.empty() ? "prediction" : "probability of " + expected_.label.text;
    switch (expected_.direction) {
      case config::Direction::kRise: return "have a " + what + " that rises";
      case config::Direction::kFall: return "have a " + what + " that falls";
      case config::Direction::kNotRise: return "have a " + what + " that does not rise";
      case config::Direction::kNotFall: return "have a " + what + " that does not fall";
    }
    return "";
  }

 private:
  double Value(const model::Predictions& answers, const model::ModelSchema& schema,
               int64_t row) const {
    if (answers.regression()) return answers.values[static_cast<size_t>(row)];
    const size_t label = FindClass(schema, expected_.label.text).value_or(0);
    return static_cast<double>(answers.Score(row, static_cast<int>(label)));
  }

  const config::DirectionalExpectation& expected_;
};

}  // namespace

void AddChangeTests(const config::Expectations& expectations, ModelTests* tests) {
  uint64_t stream = 0;
  for (const config::InvarianceExpectation& one : expectations.invariance) {
    tests->push_back(std::make_unique<InvarianceTest>(expectations, one,
                                                      DeriveSeed(expectations.seed, stream++)));
  }
  for (const config::DirectionalExpectation& one : expectations.directional) {
    tests->push_back(std::make_unique<DirectionalTest>(expectations, one,
                                                       DeriveSeed(expectations.seed, stream++)));
  }
}

}  // namespace slipway::pipeline

#include "train/slices.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/parallel.h"
#include "core/random.h"
#include "train/slice_search_internal.h"
#include "train/types.h"

namespace slipway::train {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();
constexpr double kNormal95 = 1.959963984540054;
// A slice has few rows, and its interval is read by eye.
constexpr int kResamples = 400;

// Of each row: whether it is answered wrongly, or by how much. Less their mean, so that sums of
// squares lose nothing; of equal losses nothing is left.
std::vector<double> CentredLosses(const data::Target& truth,
                                  const model::Predictions& predictions) {
  std::vector<double> losses(static_cast<size_t>(truth.rows()));
  double sum = 0;
  for (size_t row = 0; row < losses.size(); ++row) {
    losses[row] = predictions.regression() ? std::abs(predictions.values[row] - truth.values[row])
                  : predictions.labels[row] == truth.classes[row] ? 0
                                                                  : 1;
    sum += losses[row];
  }
  constexpr double kRounding = 1e-12;
  const double mean = sum / static_cast<double>(losses.size());
  for (double& loss : losses) loss = std::abs(loss - mean) > kRounding * mean ? loss - mean : 0;
  return losses;
}

SliceMean MeanOf(const std::vector<double>& values) {
  const Spread spread = SpreadOf(values);
  return {spread.mean, spread.deviation};
}

SliceTally TallyOf(const data::Target& truth, const model::Predictions& predictions) {
  SliceTally tally;
  if (!predictions.regression()) {
    for (size_t row = 0; row < truth.classes.size(); ++row) {
      const bool positive = truth.classes[row] == truth.positive;
      const bool answer = predictions.labels[row] == truth.positive;
      tally.positives += positive ? 1 : 0;
      tally.answers += answer ? 1 : 0;
      tally.hits += positive && answer ? 1 : 0;
    }
    return tally;
  }
  std::vector<double> errors(truth.values.size());
  std::ranges::transform(predictions.values, truth.values, errors.begin(), std::minus<>());
  tally.error = MeanOf(errors);
  tally.estimate = MeanOf(predictions.values);
  for (double& error : errors) error = std::abs(error);
  tally.absolute_error = MeanOf(errors);
  return tally;
}

// A slice before its figures: what it is called and which rows it has.
struct Part {
  Slice slice;
  std::vector<int64_t> rows;
};

class Evaluator {
 public:
  explicit Evaluator(const SliceInput& input)
      : input_(input), losses_(CentredLosses(input.truth, input.predictions)) {
    report_.metric = input.predictions.regression() ? "mae" : "accuracy";
    report_.min_rows = input.min_rows;
    report_.whole =
        ComputeMetrics(input.truth, input.predictions, input.averaging).at(report_.metric);
    for (const double loss : losses_) all_.Add(loss);
  }

  SliceReport Run() {
    std::vector<Part> parts = NamedParts();
    const size_t named = parts.size();
    std::vector<double> losses;
    for (const int64_t row : input_.searched_rows)
      losses.push_back(losses_[static_cast<size_t>(row)]);
    const SliceSearch search = FindWorstSlices(input_.searched, losses, input_.min_rows);
    report_.looked_at = search.looked_at;
    report_.searched_rows = std::ssize(input_.searched_rows);
    for (const WorstSlice& worst : search.found) parts.push_back(PartOf(worst));
    const int threads = input_.threads > 0 ? input_.threads : AvailableCores();
    const Status done = ParallelFor(parts.size(), threads, [&](size_t i) -> Status {
      Describe(i, &parts[i]);
      return {};
    });
    if (!done.ok()) return {};
    for (size_t i = 0; i < parts.size(); ++i) {
      (i < named ? report_.named : report_.found).push_back(std::move(parts[i].slice));
    }
    Adjust();
    return std::move(report_);
  }

 private:
  std::vector<Part> NamedParts() const {
    std::vector<Part> parts;
    for (const data::SlicedColumn& column : input_.named) {
      const size_t first = parts.size();
      for (const std::string& part : column.parts) {
        parts.emplace_back().slice.conditions = {{column.column, part}};
      }
      for (size_t row = 0; row < column.codes.size(); ++row) {
        parts[first + static_cast<size_t>(column.codes[row])].rows.push_back(
            static_cast<int64_t>(row));
      }
      for (size_t i = first; i < parts.size(); ++i) Compare(&parts[i]);
    }
    return parts;
  }

  // Against all other rows, where there is enough of both.
  void Compare(Part* part) const {
    LossSums sums;
    for (const int64_t row : part->rows) sums.Add(losses_[static_cast<size_t>(row)]);
    const LossComparison comparison = CompareLosses(sums, all_);
    const bool enough =
        std::min(sums.rows, all_.rows - sums.rows) >= static_cast<double>(input_.min_rows);
    part->slice.effect = comparison.effect;
    part->slice.p_value = enough ? comparison.p_value : kUndefined;
    part->slice.q_value = part->slice.p_value;
  }

  Part PartOf(const WorstSlice& worst) const {
    Part part;
    for (const auto& [column, code] : worst.conditions) {
      const data::SlicedColumn& cut = input_.searched[column];
      part.slice.conditions.push_back({cut.column, cut.parts[static_cast<size_t>(code)]});
    }
    for (size_t i = 0; i < input_.searched_rows.size(); ++i) {
      const bool inside = std::ranges::all_of(worst.conditions, [&](const auto& condition) {
        return input_.searched[condition.first].codes[i] == condition.second;
      });
      if (inside) part.rows.push_back(input_.searched_rows[i]);
    }
    part.slice.effect = worst.comparison.effect;
    part.slice.p_value = worst.comparison.p_above;
    part.slice.q_value = worst.q_value;
    return part;
  }

  void Describe(size_t index, Part* part) const {
    const data::Target truth = data::SelectRows(input_.truth, part->rows);
    const model::Predictions predictions = model::SelectRows(input_.predictions, part->rows);
    Slice& slice = part->slice;
    slice.rows = std::ssize(part->rows);
    slice.metrics = ComputeMetrics(truth, predictions, input_.averaging);
    slice.intervals = BootstrapIntervals(truth, predictions, input_.averaging,
                                         DeriveSeed(input_.seed, index), kResamples, 1);
    if (const auto accuracy = slice.metrics.find("accuracy"); accuracy != slice.metrics.end()) {
      const auto rows = static_cast<double>(slice.rows);
      slice.intervals["accuracy"] = WilsonInterval(accuracy->second * rows, rows, kNormal95);
    }
    slice.tally = TallyOf(truth, predictions);
    slice.difference = slice.metrics.at(report_.metric) - report_.whole;
  }

  void Adjust() {
    std::vector<double> p_values;
    for (const Slice& slice : report_.named) {
      if (!std::isnan(slice.p_value)) p_values.push_back(slice.p_value);
    }
    const std::vector<double> q_values = data::FalseDiscoveryAdjusted(p_values);
    size_t next = 0;
    for (Slice& slice : report_.named) {
      if (!std::isnan(slice.p_value)) slice.q_value = q_values[next++];
    }
  }

  const SliceInput& input_;
  std::vector<double> losses_;
  LossSums all_;
  SliceReport report_;
};

}  // namespace

SliceReport EvaluateSlices(const SliceInput& input) {
  if (input.truth.rows() == 0 || (input.named.empty() && input.searched.empty())) return {};
  return Evaluator(input).Run();
}

std::pair<double, double> WilsonInterval(double hits, double rows, double z) {
  if (rows <= 0) return {0, 1};
  const double share = hits / rows, grown = 1 + z * z / rows;
  const double middle = (share + z * z / (2 * rows)) / grown;
  const double half = z / grown * std::sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows));
  return {hits == 0 ? 0 : middle - half, hits == rows ? 1 : middle + half};
}

std::string NameOf(const Slice& slice) {
  std::string name;
  for (const SliceCondition& condition : slice.conditions) {
    if (!name.empty()) name += " and ";
    name += condition.column + " " + condition.part;
  }
  return name;
}

}  // namespace slipway::train

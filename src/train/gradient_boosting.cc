// Gradient boosting of Newton trees by histograms (docs/design/0007).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/interrupt.h"
#include "core/parallel.h"
#include "core/random.h"
#include "core/text.h"
#include "model/tree_ensemble.h"
#include "train/boosted_tree_internal.h"
#include "train/boosting_loss_internal.h"
#include "train/fits_internal.h"

namespace slipway::train {
namespace {

constexpr int64_t kBlockRows = 8192;
// Totals of derivatives in units, of which rounding may add one a row.
constexpr double kMostUnits = 0x1p31 - 1;
// Of a total; one below it is none, as units of it would be no numbers.
constexpr double kLeastTotal = 1e-290;
// Engines sum the steps in float32; what is put on a grid may be rounded up.
constexpr double kLargestScore = std::numeric_limits<float>::max() / 2;

Error Diverged(size_t trees) {
  Location location;
  location.field = "model.hyperparameters.learning_rate";
  return Error(ErrorCode::kInvalidInput,
               fmt::format("the scores diverge: after {} they are beyond the range of float32",
                           Plural(static_cast<int64_t>(trees), "tree", "trees")))
      .At(std::move(location))
      .Try("a smaller one, such as 0.1");
}

// Rows that are fitted, and those that are held out to see when to stop.
struct Parts {
  std::vector<uint32_t> fitted, held_out;
};

// The same share of each stratum is held out, but for a row to learn from.
template <typename Loss>
Parts PartRows(const Loss& loss, size_t all, const BoostingPlan& plan) {
  Parts parts;
  std::vector<std::vector<uint32_t>> strata(loss.strata());
  for (size_t row = 0; row < all; ++row)
    strata[loss.StratumOf(row)].push_back(static_cast<uint32_t>(row));
  Random random(DeriveSeed(plan.seed, 0));
  for (std::vector<uint32_t>& rows : strata) {
    if (plan.patience > 0) random.Shuffle(std::span(rows));
    const double share = plan.patience > 0 ? plan.validation_share : 0;
    const auto held =
        std::min(static_cast<std::ptrdiff_t>(std::round(share * static_cast<double>(rows.size()))),
                 std::max<std::ptrdiff_t>(std::ssize(rows) - 1, 0));
    parts.held_out.insert(parts.held_out.end(), rows.begin(), rows.begin() + held);
    parts.fitted.insert(parts.fitted.end(), rows.begin() + held, rows.end());
  }
  std::ranges::sort(parts.fitted);
  std::ranges::sort(parts.held_out);
  return parts;
}

template <typename Loss>
class Boosting {
 public:
  Boosting(const TrainingSet& set, const BoostingPlan& plan, const BinnedRows<uint8_t>& rows,
           const std::vector<ColumnBins>& columns)
      : set_(set),
        plan_(plan),
        rows_(rows),
        row_count_(static_cast<size_t>(set.features.rows)),
        loss_(set),
        parts_(PartRows(loss_, row_count_, plan)),
        outputs_(loss_.outputs()),
        grower_(rows, columns, plan),
        gains_(columns.size()),
        base_(loss_.Start(parts_.fitted)),
        scores_(row_count_ * outputs_),
        cells_(row_count_),
        least_progress_(plan.tol) {
    for (size_t i = 0; i < scores_.size(); ++i) scores_[i] = base_[i % outputs_];
  }

  Status Run() {
    const bool stops = CanStop();
    // A squared error has a scale of its own, that of the mean's.
    if (stops && set_.regression()) least_progress_ *= HeldOutLoss();
    for (int64_t round = 0; round < plan_.rounds; ++round) {
      SLIPWAY_RETURN_IF_ERROR(CheckInterrupted());
      SLIPWAY_RETURN_IF_ERROR(Round());
      if (stops && !Progresses(round)) break;
    }
    return {};
  }

  Result<FittedModel> Finish() {
    FittedModel fitted;
    const size_t rounds = trees_.size() / outputs_;
    if (static_cast<int64_t>(rounds) < plan_.rounds) {
      fitted.notes.push_back(
          fmt::format("stopped after {} of {} rounds, as {} held-out rows saw no progress", rounds,
                      plan_.rounds, FormatCount(std::ssize(parts_.held_out))));
    } else if (plan_.patience > 0 && !CanStop()) {
      fitted.notes.push_back("nothing to stop early by: no row that counts is held out");
    }
    // What numbers start from need not go through float32.
    const std::span<const double> base = set_.regression() ? std::span<const double>() : base_;
    SLIPWAY_ASSIGN_OR_RETURN(fitted.scorer.body,
                             model::SumTrees(std::move(trees_), base, static_cast<int>(outputs_),
                                             static_cast<int>(gains_.size())));
    fitted.scorer.link = set_.raw_link();
    if (set_.regression()) fitted.scorer.offset = base_.front();
    const double sum = std::accumulate(gains_.begin(), gains_.end(), 0.0);
    for (double& gain : gains_) gain = sum > 0 ? gain / sum : 0;
    fitted.importances = gains_;
    return fitted;
  }

 private:
  template <typename Work>
  Status InBlocks(size_t rows, const Work& work) const {
    const size_t blocks = (rows + kBlockRows - 1) / kBlockRows;
    return ParallelFor(blocks, plan_.threads, [&](size_t block) -> Status {
      work(block, block * kBlockRows, std::min(rows, (block + 1) * kBlockRows));
      return {};
    });
  }

  // Whether there are rows to see by when to stop.
  bool CanStop() const {
    return plan_.patience > 0 && std::ranges::any_of(parts_.held_out, [&](uint32_t row) {
             return loss_.WeightOf(row) > 0;
           });
  }

  void Prepare(size_t row) { loss_.Prepare(row, scores_.data() + row * outputs_); }

  // A fraction of a unit is rounded up as often as it is large, by a number that only the row and
  // the tree decide: no sum is off in one direction.
  static int64_t Dither(double units, uint64_t random) {
    return static_cast<int64_t>(std::floor(units + static_cast<double>(random >> 40U) * 0x1p-24));
  }

  Status SetCells(size_t output, uint64_t tree_seed, DerivativeUnits* units) {
    std::vector<RowDerivatives> sums((row_count_ + kBlockRows - 1) / kBlockRows);
    SLIPWAY_RETURN_IF_ERROR(InBlocks(row_count_, [&](size_t block, size_t begin, size_t end) {
      for (size_t row = begin; row < end; ++row) {
        const RowDerivatives own = loss_.DerivativesOf(row, output);
        sums[block].first += std::abs(own.first);
        sums[block].second += own.second;
      }
    }));
    RowDerivatives total;
    for (const RowDerivatives& sum : sums) {
      total.first += sum.first;
      total.second += sum.second;
    }
    if (!std::isfinite(total.first) || !std::isfinite(total.second)) {
      if (!trees_.empty()) return Diverged(trees_.size());
      return Error(ErrorCode::kInvalidInput, "the rows weigh more in all than a number can hold")
          .Try("smaller weights in data.weight_column or model.class_weight");
    }
    const double most = kMostUnits - static_cast<double>(row_count_);
    const double first_units = total.first > kLeastTotal ? most / total.first : 0;
    const double second_units = total.second > kLeastTotal ? most / total.second : 0;
    *units = {first_units > 0 ? 1 / first_units : 0, second_units > 0 ? 1 / second_units : 0};
    return InBlocks(row_count_, [&](size_t block, size_t begin, size_t end) {
      Random random(DeriveSeed(tree_seed, block));
      for (size_t row = begin; row < end; ++row) {
        const RowDerivatives own = loss_.DerivativesOf(row, output);
        const uint64_t drawn = random.Next();
        const int64_t first = Dither(own.first * first_units, drawn);
        const int64_t second = Dither(own.second * second_units, drawn << 24U);
        cells_[row] = first * (int64_t{1} << 32) + second;
      }
    });
  }

  std::vector<uint32_t> RowsOfTree(Random* random) const {
    std::vector<uint32_t> rows = parts_.fitted;
    if (plan_.row_share >= 1) return rows;
    const double count = std::ceil(plan_.row_share * static_cast<double>(rows.size()));
    random->Shuffle(std::span(rows));
    rows.resize(static_cast<size_t>(count));
    std::ranges::sort(rows);
    return rows;
  }

  Status Round() {
    SLIPWAY_RETURN_IF_ERROR(InBlocks(row_count_, [&](size_t, size_t begin, size_t end) {
      for (size_t row = begin; row < end; ++row) Prepare(row);
    }));
    for (size_t output = 0; output < outputs_; ++output) {
      const uint64_t tree_seed = DeriveSeed(plan_.seed, 1 + static_cast<uint64_t>(trees_.size()));
      DerivativeUnits units;
      SLIPWAY_RETURN_IF_ERROR(SetCells(output, tree_seed, &units));
      Random random(tree_seed);
      std::vector<uint32_t> rows = RowsOfTree(&random);
      SLIPWAY_ASSIGN_OR_RETURN(BoostedTree grown, grower_.Grow(rows, cells_, units, random));
      SLIPWAY_RETURN_IF_ERROR(CheckReach(grown.tree));
      SLIPWAY_RETURN_IF_ERROR(AddSteps(grown, rows, output));
      for (size_t i = 0; i < gains_.size(); ++i) gains_[i] += grown.gains[i];
      trees_.push_back(WithOutputs(std::move(grown.tree), output));
    }
    return {};
  }

  // No score is further from the start than the trees' largest steps together.
  Status CheckReach(const model::Tree& tree) {
    double largest = 0;
    for (const float step : tree.leaf_values) largest = std::max<double>(largest, std::abs(step));
    reach_ += largest;
    if (reach_ <= kLargestScore) return {};
    return Diverged(trees_.size() + 1);
  }

  Status AddSteps(const BoostedTree& grown, const std::vector<uint32_t>& rows, size_t output) {
    const bool all = rows.size() == row_count_;
    if (!all) {
      return InBlocks(row_count_, [&](size_t, size_t begin, size_t end) {
        for (size_t row = begin; row < end; ++row)
          scores_[row * outputs_ + output] += grown.StepOf(rows_.Row(row));
      });
    }
    return ParallelFor(grown.leaves.size(), plan_.threads, [&](size_t i) -> Status {
      const BoostedTree::Leaf& leaf = grown.leaves[i];
      for (uint32_t at = leaf.begin; at < leaf.end; ++at)
        scores_[rows[at] * outputs_ + output] += grown.tree.leaf_values[i];
      return {};
    });
  }

  // A leaf's step for one of several outputs, 0 for the rest.
  model::Tree WithOutputs(model::Tree tree, size_t output) const {
    if (outputs_ == 1) return tree;
    std::vector<float> values(tree.leaf_values.size() * outputs_);
    for (size_t leaf = 0; leaf < tree.leaf_values.size(); ++leaf)
      values[leaf * outputs_ + output] = tree.leaf_values[leaf];
    tree.leaf_values = std::move(values);
    return tree;
  }

  double HeldOutLoss() {
    double loss = 0, total = 0;
    for (const uint32_t row : parts_.held_out) {
      Prepare(row);
      loss += loss_.LossOf(row);
      total += loss_.WeightOf(row);
    }
    return total > 0 ? loss / total : 0;
  }

  // scikit-learn's rule: the loss of this round is lower than one of the last `patience` by more
  // than tol, of numbers as a share of what the loss was before the first round.
  bool Progresses(int64_t round) {
    const double loss = HeldOutLoss();
    const auto place = static_cast<size_t>(round % plan_.patience);
    if (losses_.size() < static_cast<size_t>(plan_.patience)) {
      losses_.push_back(loss);
      return true;
    }
    if (std::ranges::none_of(losses_,
                             [&](double earlier) { return loss + least_progress_ < earlier; }))
      return false;
    losses_[place] = loss;
    return true;
  }

  const TrainingSet& set_;
  const BoostingPlan& plan_;
  const BinnedRows<uint8_t>& rows_;
  size_t row_count_;
  Loss loss_;
  Parts parts_;
  size_t outputs_;
  BoostedTreeGrower grower_;
  std::vector<double> gains_;
  std::vector<double> base_;
  std::vector<double> scores_;  // rows × outputs.
  std::vector<Derivatives> cells_;
  double least_progress_;
  double reach_ = 0;            // The trees' largest steps, summed.
  std::vector<double> losses_;  // Of the last rounds, by round modulo patience.
  std::vector<model::Tree> trees_;
};

template <typename Loss>
Result<FittedModel> Boost(const TrainingSet& set, const BoostingPlan& plan,
                          const BinnedRows<uint8_t>& rows, const std::vector<ColumnBins>& columns) {
  Boosting<Loss> boosting(set, plan, rows, columns);
  SLIPWAY_RETURN_IF_ERROR(boosting.Run());
  return boosting.Finish();
}

}  // namespace

Result<FittedModel> FitBoosting(const TrainingSet& set, const BoostingPlan& plan) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<ColumnBins> columns,
                           CutColumns(set.features, plan.max_bins, plan.threads));
  SLIPWAY_ASSIGN_OR_RETURN(const BinnedRows<uint8_t> rows,
                           BinRows<uint8_t>(set.features, columns, plan.threads));
  return set.regression() ? Boost<SquaredError>(set, plan, rows, columns)
                          : Boost<LogLoss>(set, plan, rows, columns);
}

}  // namespace slipway::train

#include "data/split.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/random.h"
#include "core/text.h"
#include "data/messages_internal.h"
#include "data/split_internal.h"

namespace slipway::data {
namespace {

constexpr size_t kParts = 3;
// Streams of groups, far from those of the classes.
constexpr uint64_t kGroupStream = uint64_t{1} << 40U;
constexpr uint64_t kGroupFoldStream = kGroupStream + 1;

using Shares = std::array<double, kParts>;

// What is being split: constant while the parts and folds are filled.
struct SplitInput {
  const Table& table;
  std::span<const int32_t> classes;
  int class_count;
  const config::SplitConfig& config;
  Shares shares;
  int folds;
  uint64_t seed;
  std::span<const std::string> labels;

  std::string LabelOf(size_t cls) const {
    return cls < labels.size() ? labels[cls] : std::to_string(cls);
  }
};

Error ConfigError(std::string message, const char* key) {
  return Error(ErrorCode::kInvalidInput, std::move(message)).At(AtField(key));
}

Status CheckInput(const SplitInput& input) {
  if (static_cast<int64_t>(input.classes.size()) != input.table.rows) {
    return Error(ErrorCode::kInternal,
                 fmt::format("{} classes for {} rows", input.classes.size(), input.table.rows));
  }
  for (const int32_t cls : input.classes) {
    if (cls >= 0 && cls < input.class_count) continue;
    return Error(ErrorCode::kInternal,
                 fmt::format("class {} of {} classes", cls, input.class_count));
  }
  if (input.table.rows == 0) return ConfigError("the data has no rows to split", "data.split");
  for (const double share : input.shares) {
    if (!(share >= 0)) return ConfigError("a share is negative", "data.split");
  }
  if (input.shares[0] <= 0) {
    return ConfigError("the training share is 0", "data.split.train").Expected("more than 0");
  }
  const double sum = input.shares[0] + input.shares[1] + input.shares[2];
  if (std::abs(sum - 1) > 1e-6) {
    return ConfigError(fmt::format("the shares sum to {}", sum), "data.split").Expected("1");
  }
  if (input.folds != 0 && input.folds < 2) {
    return ConfigError(fmt::format("{} cross-validation folds", input.folds),
                       "model.training_config.cross_validation")
        .Expected("0 for none, or at least 2");
  }
  if (!input.config.group.empty() && !input.config.time.empty()) {
    return ConfigError("a split goes by group or by time, not by both", "data.split");
  }
  return {};
}

Result<const Column*> FindSplitColumn(const Table& table, const std::string& name,
                                      const char* key) {
  if (const Column* column = table.Find(name); column != nullptr) return column;
  return UnknownName(fmt::format("the data has no column '{}'", name), key, name,
                     ColumnNames(table));
}

// Sizes of the parts of `rows` rows by largest remainder, each within one row of its share. `carry`
// is what earlier classes fell short of; it decides between remainders, so that the parts come out
// right over all classes too.
std::array<int64_t, kParts> CutByShare(int64_t rows, const Shares& shares, Shares* carry) {
  constexpr double kRounding = 1e-9;  // 0.29 × 100 is a little less than 29.
  std::array<int64_t, kParts> sizes{};
  Shares remainder{};
  int64_t left = rows;
  for (size_t part = 0; part < kParts; ++part) {
    const double wanted = shares[part] * static_cast<double>(rows);
    sizes[part] = static_cast<int64_t>(std::floor(wanted + kRounding));
    remainder[part] = std::max(0.0, wanted - static_cast<double>(sizes[part]));
    left -= sizes[part];
  }
  for (; left > 0; --left) {
    size_t best = 0;
    double largest = -std::numeric_limits<double>::infinity();
    // Among equals training goes first, then test, which can do least without.
    for (const size_t part : {size_t{0}, size_t{2}, size_t{1}}) {
      const double claim = remainder[part] + (*carry)[part];
      if (remainder[part] <= kRounding || claim <= largest + kRounding) continue;
      largest = claim;
      best = part;
    }
    ++sizes[best];
    remainder[best] = 0;
  }
  for (size_t part = 0; part < kParts; ++part) {
    (*carry)[part] += shares[part] * static_cast<double>(rows) - static_cast<double>(sizes[part]);
  }
  return sizes;
}

// Gives the first rows of `order` to training, the next to validation, the last to test; returns
// the size of training.
size_t FillParts(std::span<const int64_t> order, const std::array<int64_t, kParts>& sizes,
                 Split* split) {
  size_t at = 0;
  for (size_t part = 0; part < kParts; ++part) {
    for (int64_t i = 0; i < sizes[part]; ++i, ++at) {
      split->parts[static_cast<size_t>(order[at])] = static_cast<Part>(part);
    }
  }
  return static_cast<size_t>(sizes[0]);
}

void SplitAtRandom(const SplitInput& input, Split* split) {
  const bool by_class = input.config.stratify && input.class_count > 1;
  std::vector<std::vector<int64_t>> strata(by_class ? static_cast<size_t>(input.class_count) : 1);
  for (int64_t row = 0; row < input.table.rows; ++row) {
    const size_t stratum =
        by_class ? static_cast<size_t>(input.classes[static_cast<size_t>(row)]) : 0;
    strata[stratum].push_back(row);
  }
  Shares carry{};
  int32_t fold = 0;  // Goes on from class to class, so that the folds' sizes differ by at most one.
  for (size_t stratum = 0; stratum < strata.size(); ++stratum) {
    std::vector<int64_t>& rows = strata[stratum];
    Random(DeriveSeed(input.seed, stratum)).Shuffle(std::span(rows));
    const auto sizes = CutByShare(static_cast<int64_t>(rows.size()), input.shares, &carry);
    const size_t training = FillParts(rows, sizes, split);
    for (size_t i = 0; i < training && input.folds > 0; ++i, fold = (fold + 1) % input.folds) {
      split->folds[static_cast<size_t>(rows[i])] = fold;
    }
  }
}

Status SplitByGroup(const SplitInput& input, Split* split) {
  SLIPWAY_ASSIGN_OR_RETURN(const Column* column,
                           FindSplitColumn(input.table, input.config.group, "data.split.group"));
  const std::vector<int32_t> groups = NumberGroups(*column);
  const std::vector<int32_t> one_class(input.classes.size(), 0);
  const std::span<const int32_t> classes =
      input.config.stratify ? input.classes : std::span<const int32_t>(one_class);
  std::vector<int64_t> rows(input.classes.size());
  std::iota(rows.begin(), rows.end(), 0);
  const std::vector<int> parts = DealGroups(rows, groups, classes, input.class_count, input.shares,
                                            DeriveSeed(input.seed, kGroupStream));
  std::ranges::transform(parts, split->parts.begin(),
                         [](int part) { return static_cast<Part>(part); });
  if (input.folds == 0) return {};
  const std::vector<int64_t> training = split->RowsOf(Part::kTrain);
  const std::vector<double> equal(static_cast<size_t>(input.folds), 1.0 / input.folds);
  const std::vector<int> folds = DealGroups(training, groups, classes, input.class_count, equal,
                                            DeriveSeed(input.seed, kGroupFoldStream));
  for (size_t i = 0; i < training.size(); ++i) {
    split->folds[static_cast<size_t>(training[i])] = folds[i];
  }
  return {};
}

Status SplitByTime(const SplitInput& input, Split* split) {
  SLIPWAY_ASSIGN_OR_RETURN(const Column* column,
                           FindSplitColumn(input.table, input.config.time, "data.split.time"));
  if (column->type == ColumnType::kCategory) {
    return ConfigError(fmt::format("'{}' is text, which has no time order", column->name),
                       "data.split.time")
        .Expected("a timestamp or a number");
  }
  for (int64_t row = 0; row < input.table.rows; ++row) {
    if (!column->IsMissing(row)) continue;
    return Error(ErrorCode::kInvalidInput, "the time to split by is missing")
        .At(AtRow(row + 1, column->name))
        .Expected("a time in every row");
  }
  std::vector<int64_t> order(input.classes.size());
  std::iota(order.begin(), order.end(), 0);
  const double* times = column->numbers.data();
  std::ranges::sort(order, [&](int64_t a, int64_t b) {
    return times[a] != times[b] ? times[a] < times[b] : a < b;
  });
  Shares carry{};
  const size_t training =
      FillParts(order, CutByShare(input.table.rows, input.shares, &carry), split);
  if (input.folds == 0) return {};
  const auto folds = static_cast<size_t>(input.folds);
  const size_t block = training / (folds + 1);
  const size_t first = training - folds * block;
  for (size_t i = first; i < training; ++i) {
    split->folds[static_cast<size_t>(order[i])] = static_cast<int32_t>((i - first) / block);
  }
  return {};
}

// Rows of each class in one part or fold.
using ClassCounts = std::vector<int64_t>;

// Counts by bin, where `bin_of(row)` is a bin or negative.
template <typename BinOf>
std::vector<ClassCounts> CountClasses(const SplitInput& input, size_t bins, BinOf bin_of) {
  std::vector<ClassCounts> counts(bins, ClassCounts(static_cast<size_t>(input.class_count)));
  for (size_t row = 0; row < input.classes.size(); ++row) {
    const int bin = bin_of(row);
    if (bin >= 0) ++counts[static_cast<size_t>(bin)][static_cast<size_t>(input.classes[row])];
  }
  return counts;
}

int64_t Sum(const ClassCounts& counts) {
  return std::accumulate(counts.begin(), counts.end(), int64_t{0});
}

void Subtract(const ClassCounts& less, ClassCounts* counts) {
  std::ranges::transform(*counts, less, counts->begin(), std::minus());
}

// What parts and folds are made of.
const char* UnitOf(const SplitInput& input) {
  return input.config.group.empty() ? "rows" : "groups";
}

// "class 'x' has 3 rows".
std::string DescribeClass(const SplitInput& input, size_t cls, int64_t count,
                          const char* adjective) {
  return fmt::format(
      "class '{}' has {}", input.LabelOf(cls),
      Plural(count, fmt::format("{}row", adjective), fmt::format("{}rows", adjective)));
}

// Whether parts have their share of each class already, or can't have it.
bool SharesClassesOut(const SplitInput& input) {
  return input.config.stratify || !input.config.time.empty();
}

Status CheckParts(const SplitInput& input, const std::vector<ClassCounts>& parts) {
  for (size_t i = 0; i < kParts; ++i) {
    if (input.shares[i] <= 0) continue;
    const auto part = static_cast<Part>(i);
    if (Sum(parts[i]) == 0) {
      return ConfigError(fmt::format("too few {} for a {} part of {:g} %", UnitOf(input),
                                     ToString(part), 100 * input.shares[i]),
                         "data.split")
          .Try("more data, or other shares");
    }
    const bool needs_all = part == Part::kTrain || (part == Part::kTest && input.class_count == 2);
    for (size_t cls = 0; cls < parts[i].size() && needs_all; ++cls) {
      const int64_t all = parts[0][cls] + parts[1][cls] + parts[2][cls];
      if (parts[i][cls] > 0 || all == 0) continue;
      return ConfigError(fmt::format("{}; the {} part gets none of them",
                                     DescribeClass(input, cls, all, ""), ToString(part)),
                         "data.split")
          .Try(SharesClassesOut(input) ? "more rows of this class, or other shares"
                                       : "data.split.stratify: true, or more rows of this class");
    }
  }
  return {};
}

Error FoldError(const SplitInput& input, size_t cls, int64_t count,
                const std::string& consequence) {
  const int64_t fewer = std::min<int64_t>(count, input.folds - 1);
  const std::string hint = fewer >= 2
                               ? fmt::format("{} folds", fewer)
                               : std::string("no cross-validation, or more rows of this class");
  return ConfigError(
             fmt::format("{}; {}", DescribeClass(input, cls, count, "training "), consequence),
             "model.training_config.cross_validation")
      .Try(hint);
}

// Rows of each class: of all of training, scored in a fold, and learned from in it.
struct FoldCounts {
  const ClassCounts& training;
  const ClassCounts& scored;
  const ClassCounts& learned;
};

Status CheckFold(const SplitInput& input, int fold, const FoldCounts& counts) {
  if (Sum(counts.scored) == 0) {
    return ConfigError(fmt::format("too few training {} for {} folds", UnitOf(input), input.folds),
                       "model.training_config.cross_validation");
  }
  for (size_t cls = 0; cls < counts.training.size(); ++cls) {
    const int64_t all = counts.training[cls];
    if (all == 0) continue;
    if (counts.learned[cls] == 0 && input.class_count > 1) {
      return FoldError(input, cls, all,
                       input.config.time.empty()
                           ? fmt::format("fold {} has all of them and would train without", fold)
                           : fmt::format("none is older than the rows that fold {} scores", fold));
    }
    if (counts.scored[cls] == 0 && input.class_count == 2) {
      return FoldError(input, cls, all, fmt::format("fold {} gets none of them", fold));
    }
  }
  return {};
}

Status CheckFolds(const SplitInput& input, const Split& split, const ClassCounts& training) {
  if (input.folds == 0) return {};
  const bool stratified = input.config.stratify && input.class_count > 1 &&
                          input.config.group.empty() && input.config.time.empty();
  for (size_t cls = 0; cls < training.size() && stratified; ++cls) {
    if (training[cls] == 0 || training[cls] >= input.folds) continue;
    return FoldError(input, cls, training[cls],
                     fmt::format("{} folds need at least {}", input.folds, input.folds));
  }
  const auto folds = CountClasses(input, static_cast<size_t>(input.folds),
                                  [&](size_t row) { return split.folds[row]; });
  // What no fold scores is older than all that they do.
  ClassCounts older = training;
  for (const ClassCounts& scored : folds) Subtract(scored, &older);
  for (int fold = 0; fold < input.folds; ++fold) {
    const ClassCounts& scored = folds[static_cast<size_t>(fold)];
    ClassCounts learned = older;
    if (input.config.time.empty()) {
      learned = training;
      Subtract(scored, &learned);
    }
    SLIPWAY_RETURN_IF_ERROR(CheckFold(input, fold, {training, scored, learned}));
    std::ranges::transform(older, scored, older.begin(), std::plus());
  }
  return {};
}

}  // namespace

Result<Split> MakeSplit(const Table& table, std::span<const int32_t> classes, int class_count,
                        const config::SplitConfig& config, int folds, uint64_t seed,
                        std::span<const std::string> labels) {
  const SplitInput input{.table = table,
                         .classes = classes,
                         .class_count = std::max(class_count, 1),
                         .config = config,
                         .shares = {config.train, config.validation, config.test},
                         .folds = folds,
                         .seed = config.seed.value_or(seed),
                         .labels = labels};
  SLIPWAY_RETURN_IF_ERROR(CheckInput(input));
  Split split;
  split.parts.assign(classes.size(), Part::kTrain);
  split.folds.assign(classes.size(), -1);
  if (!config.group.empty()) {
    SLIPWAY_RETURN_IF_ERROR(SplitByGroup(input, &split));
  } else if (!config.time.empty()) {
    SLIPWAY_RETURN_IF_ERROR(SplitByTime(input, &split));
  } else {
    SplitAtRandom(input, &split);
  }
  const auto parts =
      CountClasses(input, kParts, [&](size_t row) { return static_cast<int>(split.parts[row]); });
  SLIPWAY_RETURN_IF_ERROR(CheckParts(input, parts));
  SLIPWAY_RETURN_IF_ERROR(CheckFolds(input, split, parts[0]));
  return split;
}

}  // namespace slipway::data

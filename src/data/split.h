// Rows into training, validation and test parts and cross-validation folds: seeded, stratified,
// deterministic.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/types.h"
#include "core/result.h"
#include "data/types.h"

namespace slipway::data {

// `classes` are the target's class indices by row (all 0 for regression, `class_count` 1), `labels`
// their names for messages, `table` carries the `group` and `time` columns. `folds` is 0 for none;
// `config.seed` goes before `seed`.
//
// - By default each class is shuffled with a stream of its own and cut by largest remainder: parts
// and folds are within
//   one row of their share of each class. Without `stratify` the rows are shuffled as one. Parts do
//   not depend on `folds`.
// - `group`: rows with an equal value stay in one part and in one fold; a row without a value is a
// group of its own.
//   Groups go, largest first, to the part where they reduce the chi-square distance to the shares
//   most, by class where stratified (as far as whole groups allow).
// - `time`: the oldest rows are trained on, the newest tested on, ties by row; nothing is shuffled.
//   Folds go forward: of n training rows the last `folds` blocks of n / (folds + 1) rows are
//   scored, each by a model of all older training rows (scikit-learn's TimeSeriesSplit).
//
// kInvalidInput when training misses a class, test or a fold misses one of two classes, a part with
// a share gets no rows, or (stratified) a class has fewer training rows than folds; it names the
// class and its count.
Result<Split> MakeSplit(const Table& table, std::span<const int32_t> classes, int class_count,
                        const config::SplitConfig& config, int folds, uint64_t seed,
                        std::span<const std::string> labels = {});

// Group index of each row, from 0 in order of appearance; a missing value is a group of its own.
std::vector<int32_t> NumberGroups(const Column& column);

// "sha256:…" over parts and folds in row order.
std::string DigestOf(const Split& split);

// As a table for split.parquet: row (from 0), part, fold (as Split has it).
Table ToTable(const Split& split);
Result<Split> SplitFromTable(const Table& table);

}  // namespace slipway::data

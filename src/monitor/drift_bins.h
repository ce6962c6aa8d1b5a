// What a feature's live values are counted in, so that they can be held against those it was
// trained on: bins with their shares in training, from the version's profile.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/block.h"
#include "data/profile.h"

namespace slipway::monitor {

// Immutable once made. The last bin is of missing values.
struct FeatureBins {
  std::string feature;
  data::ColumnType type = data::ColumnType::kNumeric;
  // Of numbers: what is above the bound before and not above its own; the bin behind the last bound
  // has the rest. The first bin is below all that training had and the last but one above it, the
  // others are tenths of it.
  std::vector<double> bounds;
  // Of categories, in byte order: a bin each, then one for all others.
  std::vector<std::string> categories;
  std::vector<double> reference;  // A share for each bin; their sum is 1.
  double deviation = 0;           // Of numbers in training.
  // The total variation that shares of so many training rows are expected to be from the true ones:
  // the sum of sqrt(2 p (1 - p) / (π n)) over the bins, halved (the mean deviation of binomials).
  double error = 0;

  bool ordered() const { return type == data::ColumnType::kNumeric; }
  // Adds a block's values to `counts`, one a bin. False, and nothing is added, where the column is
  // of another type.
  bool Count(const data::ColumnView& values, std::vector<int64_t>* counts) const;
  // The Wasserstein distance between training and what was counted, over training's standard
  // deviation, as far as bins show it. None of other columns, or where nothing was counted.
  std::optional<double> NormedWasserstein(std::span<const int64_t> counts) const;
};

// Of a timestamp, only whether it is missing: time moves on. None of a column without rows.
std::optional<FeatureBins> MakeBins(const data::ColumnProfile& profile);
// Those of these features that the profile has.
std::vector<FeatureBins> MakeBins(const data::TableProfile& profile,
                                  const std::vector<std::string>& features);

}  // namespace slipway::monitor

// What a search for hyper-parameters may try.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/result.h"

namespace slipway::train {

// A hyper-parameter with its values: some that are listed, or a range that is drawn from evenly, of
// whole numbers or on a logarithmic scale where it says so.
struct SearchDimension {
  std::string name;
  std::vector<Json> values;  // Empty for a range.
  double low = 0, high = 0;  // Both belong to it.
  bool integral = false;
  bool logarithmic = false;

  // What is nearest to its ends, or all that is listed: what can be checked without drawing.
  std::vector<Json> Extremes() const;
};

using SearchSpace = std::vector<SearchDimension>;  // By name.

// {name: [value, …] or {"low": …, "high": …, "log": false}}; a range of two whole numbers has whole
// numbers only. kInvalidInput for anything else, all at once, each with its place below
// `model.search_space`.
Result<SearchSpace> ParseSearchSpace(const Json& space);

// Different combinations, at most `count`: all of them, in order, where there are no more; else
// drawn, the same for a seed, and the first n of them for any larger count.
std::vector<Json> DrawCandidates(const SearchSpace& space, int count, uint64_t seed);

}  // namespace slipway::train

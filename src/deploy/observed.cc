#include "deploy/observed.h"

#include <algorithm>

namespace slipway::deploy {
namespace {

// The element of that set, or one with nothing but its number.
template <typename T>
T OfSet(const std::vector<T>& all, int64_t set) {
  const auto it = std::ranges::find(all, set, &T::set);
  if (it != all.end()) return *it;
  T none;
  none.set = set;
  return none;
}

}  // namespace

double TrafficPlan::WeightOf(int64_t set) const { return OfSet(shares, set).weight; }
SetCounts Traffic::CountsOf(int64_t set) const { return OfSet(sets, set); }
SetStatus Observed::StatusOf(int64_t set) const { return OfSet(sets, set); }
ModelCounts Observed::ModelOf(int64_t set) const { return OfSet(models, set); }

}  // namespace slipway::deploy

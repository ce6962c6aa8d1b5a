// Rows that walk a forest in groups, and what is left of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace slipway::model {

// Fewer rows than this that are left over are quicker one by one.
inline constexpr int64_t kLeastRowsTogether = 3;

// Adds to the scores of `count` rows, `outputs` each. `together(row, groups, scores)` does so for
// whole groups of `kGroup` rows from `row` on, which must be there, of whatever, where the last
// group is not full; `alone(row, scores)` for one.
template <int64_t kGroup, typename Together, typename Alone>
void ScoreByGroups(int64_t count, int64_t outputs, float* scores, const Together& together,
                   const Alone& alone) {
  const int64_t left = count % kGroup, whole = count - left;
  if (whole > 0) together(int64_t{0}, whole / kGroup, scores);
  scores += whole * outputs;
  if (left < kLeastRowsTogether) {
    for (int64_t row = 0; row < left; ++row) alone(whole + row, scores + row * outputs);
    return;
  }
  std::vector<float> last(static_cast<size_t>(kGroup * outputs));
  std::copy_n(scores, left * outputs, last.begin());
  together(whole, int64_t{1}, last.data());
  std::copy_n(last.begin(), left * outputs, scores);
}

}  // namespace slipway::model

// Random forests, plans and tables for tests. The same seed gives the same model.
#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "core/random.h"
#include "data/preprocessing.h"
#include "data/target.h"
#include "model/columns_internal.h"
#include "model/tree_ensemble.h"

namespace slipway::model {

// Children stand behind their parents in an order that is not preorder.
inline FittedTree RandomTree(Random& random, int depth, int classes, int features) {
  FittedTree tree;
  tree.nodes.emplace_back();
  std::vector<int> depths = {0};
  int32_t leaves = 0;
  for (size_t i = 0; i < tree.nodes.size(); ++i) {
    if (depths[i] < depth && random.Below(8) != 0) {
      const auto left = static_cast<int32_t>(tree.nodes.size());
      const auto feature = static_cast<int32_t>(random.Below(static_cast<uint64_t>(features)));
      tree.nodes[i] = {feature, random.Uniform() * 4 - 2, left, left + 1};
      tree.nodes.resize(tree.nodes.size() + 2);
      depths.insert(depths.end(), 2, depths[i] + 1);
      continue;
    }
    tree.nodes[i] = {-1, 0, leaves++, 0};
    std::vector<double> shares;
    double sum = 0;
    for (int cls = 0; cls < classes; ++cls) {
      shares.push_back(random.Below(3) == 0 ? 0.0 : random.Uniform());
      sum += shares.back();
    }
    if (sum == 0) shares[0] = sum = 1;
    for (const double share : shares) tree.values.push_back(share / sum);
  }
  return tree;
}

inline TreeEnsemble RandomForest(Random& random, int trees, int depth, int classes, int features) {
  std::vector<FittedTree> forest;
  for (int i = 0; i < trees; ++i) forest.push_back(RandomTree(random, depth, classes, features));
  return *AverageForest(forest, classes, features);
}

// Trees that add up to log odds or log probabilities.
inline TreeEnsemble RandomSum(Random& random, int trees, int depth, int outputs, int features) {
  std::vector<Tree> grown = RandomForest(random, trees, depth, outputs, features).trees;
  for (Tree& tree : grown) {
    for (float& value : tree.leaf_values) value = static_cast<float>(random.Uniform() - 0.5);
  }
  std::vector<double> base;
  for (int i = 0; i < outputs; ++i) base.push_back(random.Uniform() * 2 - 1);
  return *SumTrees(std::move(grown), base, outputs, features);
}

inline LinearScorer RandomLinear(Random& random, int outputs, int features) {
  LinearScorer linear;
  linear.outputs = outputs;
  linear.features = features;
  for (int i = 0; i < outputs * features; ++i)
    linear.weights.push_back(random.Below(4) == 0 ? 0 : random.Uniform() * 2 - 1);
  for (int i = 0; i < outputs; ++i) linear.intercepts.push_back(random.Uniform() - 0.5);
  return linear;
}

// Knots over all scores from `low` to `high`, some of them beyond, with steps and flat parts.
inline IsotonicCurve RandomIsotonic(Random& random, double low, double high) {
  IsotonicCurve curve;
  double score = low - 0.1, probability = random.Below(2) == 0 ? 0 : random.Uniform() * 0.2;
  for (uint64_t knots = 1 + random.Below(40); knots > 0; --knots) {
    curve.scores.push_back(score);
    curve.probabilities.push_back(probability);
    score += (high - low) * (random.Below(4) == 0 ? 1e-6 : random.Uniform() * 0.1);
    if (random.Below(3) != 0) probability += (1 - probability) * random.Uniform() * 0.2;
  }
  return curve;
}

// For a scorer of `classes` classes whose raw scores are mostly from `low` to `high`.
inline Calibration RandomCalibration(Random& random, bool isotonic, int classes, double low,
                                     double high) {
  std::vector<SigmoidCurve> sigmoids;
  std::vector<IsotonicCurve> isotonics;
  for (int curve = classes == 2 ? 1 : classes; curve > 0; --curve) {
    sigmoids.push_back({random.Uniform() * 6 / (high - low), random.Uniform() - 0.5});
    isotonics.push_back(RandomIsotonic(random, low, high));
  }
  if (isotonic) return {isotonics};
  return {sigmoids};
}

inline const std::vector<std::string>& OddCategories() {
  static const std::vector<std::string> categories = {" blank",    "Zürich", "a,b",      "plain",
                                                      "say \"x\"", "東京",   "🚀 launch"};
  return categories;
}

// One of each encoding; some of the categories may be rare, filled, or missing.
inline data::FeaturePlan RandomCategories(Random& random) {
  data::FeaturePlan category;
  category.type = data::ColumnType::kCategory;
  category.categories = OddCategories();
  switch (random.Below(3)) {
    case 0: category.fill_category = category.categories[random.Below(7)]; break;
    case 1: category.categories.insert(category.categories.begin(), ""); break;
    default: break;
  }
  switch (random.Below(4)) {
    case 0: category.encoding = data::Encoding::kOneHot; break;
    case 1: category.encoding = data::Encoding::kRank; break;
    case 2:
      category.encoding = data::Encoding::kOneHot;
      for (uint64_t rare = 1 + random.Below(category.categories.size()); rare > 0; --rare) {
        category.infrequent.push_back(category.categories.back());
        category.categories.pop_back();
      }
      category.unknown_is_infrequent = random.Below(2) == 0;
      break;
    default:
      category.encoding = data::Encoding::kLookup;
      for (uint64_t columns = 1 + random.Below(3); columns > 0; --columns) {
        data::CategoryLookup& lookup = category.lookups.emplace_back();
        lookup.label = "target " + std::to_string(columns);
        for (size_t i = 0; i < category.categories.size(); ++i) {
          lookup.values.push_back(static_cast<float>(random.Uniform() * 4 - 2));
        }
        lookup.unknown = static_cast<float>(random.Uniform() * 4 - 2);
      }
      break;
  }
  return category;
}

// Some parts of a time, prepared so that a forest's thresholds split them.
inline void AddRandomTimes(Random& random, const std::string& name, data::PreprocessingPlan* plan) {
  for (const data::TimePartName& part : data::kTimeParts) {
    for (const auto form :
         {data::TimeForm::kPlain, data::TimeForm::kSine, data::TimeForm::kCosine}) {
      if ((form != data::TimeForm::kPlain && part.period == 0) || random.Below(3) == 0) continue;
      data::FeaturePlan& feature = plan->features.emplace_back();
      feature.name = name;
      feature.type = data::ColumnType::kTimestamp;
      feature.time = {part.part, form};
      const double middle = data::TimeValue(feature.time, 1'700'000'000);
      feature.shift = form == data::TimeForm::kPlain ? middle : 0;
      feature.scale = part.part == data::TimePart::kSeconds ? 1e9 : 1 + random.Uniform() * 5;
      feature.fill = middle;
    }
  }
}

// Numeric features of very different magnitudes, times, and categories in each encoding.
inline data::PreprocessingPlan RandomPlan(Random& random) {
  data::PreprocessingPlan plan;
  const std::vector<double> magnitudes = {1e-9, 1, 3.7e4, 1e12};
  for (const double magnitude : magnitudes) {
    data::FeaturePlan number;
    number.name = "number " + std::to_string(plan.features.size());
    const double center = random.Below(2) == 0 ? 0 : magnitude * (random.Uniform() - 0.5);
    number.shift = center;
    number.scale = magnitude == 1 ? 1 : magnitude * (0.5 + random.Uniform());
    number.fill = center + magnitude * 0.1;
    plan.features.push_back(number);
    data::FeaturePlan category = RandomCategories(random);
    category.name = "kind " + std::to_string(plan.features.size());
    plan.features.push_back(category);
  }
  for (const char* name : {"created", "slipway/updated"}) AddRandomTimes(random, name, &plan);
  data::FeaturePlan nothing;
  nothing.name = "never seen";
  nothing.type = data::ColumnType::kCategory;
  nothing.encoding = data::Encoding::kOneHot;
  plan.features.push_back(nothing);
  return plan;
}

inline data::Target MakeTarget(std::vector<std::string> labels, bool integers) {
  data::Target target;
  target.column = "target";
  target.labels = std::move(labels);
  target.integer_labels = integers;
  return target;
}

// A value whose prepared form is a threshold of the ensemble, or within some steps of a double from
// one.
inline double NearThreshold(Random& random, const TreeEnsemble& ensemble,
                            const data::FeaturePlan& feature) {
  const Tree& tree = ensemble.trees[random.Below(ensemble.trees.size())];
  const TreeNode& node = tree.nodes[random.Below(tree.nodes.size())];
  float prepared = node.threshold;
  if (random.Below(2) == 0) {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    prepared = std::nextafter(prepared, random.Below(2) == 0 ? kInfinity : -kInfinity);
  }
  double value = static_cast<double>(prepared) * feature.scale + feature.shift;
  for (uint64_t steps = random.Below(3); steps > 0; --steps) {
    value = std::nextafter(value, random.Below(2) == 0 ? 1e300 : -1e300);
  }
  return value;
}

// Mostly of our time; some of other ages, at the ends of days and years, or no time at all.
inline double RandomTime(Random& random) {
  constexpr double kDay = 86'400;
  const double day = std::floor((random.Uniform() - 0.3) * 40'000) * kDay;
  switch (random.Below(8)) {
    case 0: return day - 0.25;
    case 1: return day;
    case 2: return (random.Uniform() - 0.5) * 5e11;
    case 3: return random.Below(2) == 0 ? data::kFirstTime : data::kFirstTimeAfter;
    case 4:
      return std::nextafter(random.Below(2) == 0 ? data::kFirstTime : data::kFirstTimeAfter, 0.0);
    default: return day + random.Uniform() * kDay;
  }
}

inline data::Column RandomColumn(Random& random, const data::FeaturePlan& feature,
                                 const TreeEnsemble& ensemble, int64_t rows) {
  data::Column column;
  column.name = feature.name;
  column.type = feature.type;
  for (int64_t row = 0; row < rows; ++row) {
    const uint64_t choice = random.Below(10);
    const double spread = (random.Uniform() * 4 - 2) * feature.scale + feature.shift;
    if (choice == 0) {
      column.numbers.push_back(data::kMissingNumber);
    } else if (feature.type == data::ColumnType::kTimestamp) {
      column.numbers.push_back(RandomTime(random));
    } else {
      column.numbers.push_back(choice < 5 ? NearThreshold(random, ensemble, feature) : spread);
    }
  }
  return column;
}

inline data::Table RandomTable(Random& random, const data::PreprocessingPlan& plan,
                               const TreeEnsemble& ensemble, int64_t rows) {
  data::Table table;
  table.rows = rows;
  for (const size_t input : plan.InputFeatures()) {
    const data::FeaturePlan& feature = plan.features[input];
    if (feature.encoding == data::Encoding::kNumeric) {
      table.columns.push_back(RandomColumn(random, feature, ensemble, rows));
      continue;
    }
    std::vector<std::string> texts;
    for (int64_t row = 0; row < rows; ++row) {
      const uint64_t choice = random.Below(OddCategories().size() + 2);
      const bool known = choice < OddCategories().size();
      texts.push_back(known ? OddCategories()[choice] : (choice % 2 == 0 ? "" : "unseen é"));
    }
    table.columns.push_back(MakeCategoryColumn(feature.name, texts));
  }
  return table;
}

}  // namespace slipway::model

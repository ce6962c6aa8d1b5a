// Random forests, plans and tables for tests. The same seed gives the same model.
#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/random.h"
#include "data/preprocessing.h"
#include "data/target.h"
#include "model/columns_internal.h"
#include "model/tree_ensemble.h"

namespace slipway::model {

// Children stand behind their parents in an order that is not preorder.
inline ProbabilityTree RandomTree(Random& random, int depth, int classes, int features) {
  ProbabilityTree tree;
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
    for (const double share : shares) tree.probabilities.push_back(share / sum);
  }
  return tree;
}

inline TreeEnsemble RandomForest(Random& random, int trees, int depth, int classes, int features) {
  std::vector<ProbabilityTree> forest;
  for (int i = 0; i < trees; ++i) forest.push_back(RandomTree(random, depth, classes, features));
  return *AverageForest(forest, classes, features);
}

inline const std::vector<std::string>& OddCategories() {
  static const std::vector<std::string> categories = {" blank",    "Zürich", "a,b",      "plain",
                                                      "say \"x\"", "東京",   "🚀 launch"};
  return categories;
}

// Numeric features of very different magnitudes, and categories in each encoding.
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
    data::FeaturePlan category;
    category.name = "kind " + std::to_string(plan.features.size());
    category.type = data::ColumnType::kCategory;
    category.encoding = random.Below(2) == 0 ? data::Encoding::kOneHot : data::Encoding::kRank;
    category.categories = OddCategories();
    switch (random.Below(3)) {
      case 0: category.fill_category = category.categories[random.Below(7)]; break;
      case 1: category.categories.insert(category.categories.begin(), ""); break;
      default: break;
    }
    plan.features.push_back(category);
  }
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

inline data::Table RandomTable(Random& random, const data::PreprocessingPlan& plan,
                               const TreeEnsemble& ensemble, int64_t rows) {
  data::Table table;
  table.rows = rows;
  for (const data::FeaturePlan& feature : plan.features) {
    if (feature.encoding != data::Encoding::kNumeric) {
      std::vector<std::string> texts;
      for (int64_t row = 0; row < rows; ++row) {
        const uint64_t choice = random.Below(OddCategories().size() + 2);
        const bool known = choice < OddCategories().size();
        texts.push_back(known ? OddCategories()[choice] : (choice % 2 == 0 ? "" : "unseen é"));
      }
      table.columns.push_back(MakeCategoryColumn(feature.name, texts));
      continue;
    }
    data::Column column;
    column.name = feature.name;
    for (int64_t row = 0; row < rows; ++row) {
      const uint64_t choice = random.Below(10);
      const double spread = (random.Uniform() * 4 - 2) * feature.scale + feature.shift;
      column.numbers.push_back(choice == 0  ? data::kMissingNumber
                               : choice < 5 ? NearThreshold(random, ensemble, feature)
                                            : spread);
    }
    table.columns.push_back(std::move(column));
  }
  return table;
}

}  // namespace slipway::model

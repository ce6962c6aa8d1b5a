#include "pipeline/split_rows.h"

#include <algorithm>
#include <vector>

#include "data/split.h"
#include "pipeline/step_keys.h"

namespace slipway::pipeline {

Result<data::Split> SplitRows(const data::Table& table, const data::Target& target,
                              const config::Config& config) {
  // Rows of a regression have no classes to stratify by.
  const std::vector<int32_t> one_class(static_cast<size_t>(table.rows), 0);
  const bool classes = target.task == data::Task::kClassification;
  return data::MakeSplit(table, classes ? target.classes : one_class,
                         classes ? target.class_count() : 1, config.data.split,
                         config.model.training_config.cross_validation, SplitSeed(config),
                         target.labels);
}

std::vector<int32_t> GroupsOf(const data::Table& table, const config::DataConfig& config,
                              std::span<const int64_t> rows) {
  if (config.split.group.empty()) return {};
  const data::Column* column = table.Find(config.split.group);
  if (column == nullptr) return {};
  const std::vector<int32_t> all = data::NumberGroups(*column);
  std::vector<int32_t> groups;
  for (const int64_t row : rows) groups.push_back(all[static_cast<size_t>(row)]);
  return groups;
}

double MajorityShare(const data::Target& target, const data::Split& split) {
  if (target.class_count() == 0) return 0;
  std::vector<int64_t> counts(static_cast<size_t>(target.class_count()));
  const std::vector<int64_t> rows = split.RowsOf(data::Part::kTrain);
  for (const int64_t row : rows)
    ++counts[static_cast<size_t>(target.classes[static_cast<size_t>(row)])];
  return static_cast<double>(std::ranges::max(counts)) / static_cast<double>(rows.size());
}

gate::LeakageFacts LeakageOf(const std::vector<data::ColumnProfile>& profiles,
                             const std::vector<std::string>& features, const data::Issue* shared) {
  gate::LeakageFacts facts;
  for (const data::ColumnProfile& column : profiles) {
    if (std::ranges::find(features, column.name) == features.end()) continue;
    facts.associations.emplace_back(column.name, column.association);
  }
  if (shared == nullptr) return facts;
  facts.shared_share = shared->value;
  facts.shared_rows = shared->count;
  return facts;
}

}  // namespace slipway::pipeline

#include "pipeline/table_schema.h"

#include <chrono>
#include <utility>

#include "data/schema_inference.h"

namespace slipway::pipeline {
namespace {

constexpr size_t kSampleTexts = 1000;

data::ColumnFacts FactsOf(const data::ColumnProfile& column) {
  data::ColumnFacts facts;
  facts.name = column.name;
  facts.type = column.type;
  facts.integral = column.integral;
  facts.count = column.count;
  facts.missing = column.missing;
  facts.distinct = static_cast<double>(column.distinct);
  facts.distinct_exact = column.distinct_error == 0;
  facts.min = column.min;
  facts.max = column.max;
  facts.min_length = column.lengths.min;
  facts.max_length = column.lengths.max;
  if (column.type != data::ColumnType::kCategory || column.sketches == nullptr) return facts;
  facts.categories = column.sketches->frequent.All();
  facts.categories_complete = column.sketches->frequent.error() == 0;
  for (const data::CategoryCount& item : facts.categories) {
    if (facts.sample.size() < kSampleTexts) facts.sample.push_back(item.value);
  }
  return facts;
}

}  // namespace

config::TableSchema SchemaOf(const data::TableProfile& profile, const Clock& clock) {
  std::vector<data::ColumnFacts> facts;
  for (const data::ColumnProfile& column : profile.columns) facts.push_back(FactsOf(column));
  data::InferenceOptions options;
  options.now = std::chrono::duration<double>(clock.Now().time_since_epoch()).count();
  return data::InferSchema(facts, options);
}

}  // namespace slipway::pipeline

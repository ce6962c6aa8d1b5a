#include "data/preprocessing.h"

#include <fmt/format.h>

#include <cmath>
#include <list>
#include <string_view>
#include <unordered_map>

#include "core/parallel.h"
#include "data/messages_internal.h"

namespace slipway::data {
namespace {

// Below this many outputs starting threads costs more than they save.
constexpr int64_t kParallelValues = 200'000;

// Indices of features in the order of the outputs: numbers first.
std::vector<size_t> OutputOrder(const std::vector<FeaturePlan>& features) {
  std::vector<size_t> order;
  for (const bool numeric : {true, false}) {
    for (size_t i = 0; i < features.size(); ++i) {
      if ((features[i].encoding == Encoding::kNumeric) == numeric) order.push_back(i);
    }
  }
  return order;
}

// Where each feature's first output column is, by feature.
std::vector<int64_t> OutputOffsets(const std::vector<FeaturePlan>& features) {
  std::vector<int64_t> offsets(features.size());
  int64_t offset = 0;
  for (const bool numeric : {true, false}) {
    for (size_t i = 0; i < features.size(); ++i) {
      if ((features[i].encoding == Encoding::kNumeric) != numeric) continue;
      offsets[i] = offset;
      offset += features[i].width();
    }
  }
  return offsets;
}

void ScaleNumbers(const FeaturePlan& feature, const Column& column, std::span<const int64_t> rows,
                  float* out) {
  const double* numbers = column.numbers.data();
  const double fill = feature.fill;
  const double shift = feature.shift;
  const double scale = feature.scale;
  for (size_t i = 0; i < rows.size(); ++i) {
    double value = numbers[rows[i]];
    if (feature.time.part != TimePart::kSeconds) value = TimeValue(feature.time, value);
    const double filled = std::isnan(value) ? fill : value;
    out[i] = static_cast<float>((filled - shift) / scale);
  }
}

// For each code of the column, shifted by one so that the first is kMissingCode: the position in
// `categories`, its size for an infrequent category, or -1.
std::vector<int32_t> PositionsByCode(const FeaturePlan& feature, const Column& column) {
  std::unordered_map<std::string_view, int32_t> positions;
  const auto frequent = static_cast<int32_t>(feature.categories.size());
  for (size_t i = 0; i < feature.categories.size(); ++i) {
    positions.emplace(feature.categories[i], static_cast<int32_t>(i));
  }
  for (const std::string& category : feature.infrequent) positions.emplace(category, frequent);
  // A missing value that is filled is looked up as what fills it; "" in the data is a missing value
  // too.
  auto position_of = [&](std::string_view text) {
    const auto found =
        positions.find(text.empty() ? std::string_view(feature.fill_category) : text);
    if (found != positions.end()) return found->second;
    return feature.unknown_is_infrequent ? frequent : -1;
  };
  std::vector<int32_t> by_code = {position_of("")};
  for (const std::string& category : column.categories) by_code.push_back(position_of(category));
  return by_code;
}

void LookUp(const CategoryLookup& lookup, std::span<const int32_t> positions, const Column& column,
            std::span<const int64_t> rows, float* out) {
  for (size_t i = 0; i < rows.size(); ++i) {
    const int64_t code = column.codes[static_cast<size_t>(rows[i])];
    const int32_t position = positions[static_cast<size_t>(code + 1)];
    out[i] = position < 0 ? lookup.unknown : lookup.values[static_cast<size_t>(position)];
  }
}

// `out` is zero before.
void EncodeCategories(const FeaturePlan& feature, const Column& column,
                      std::span<const int64_t> rows, float* out) {
  const std::vector<int32_t> positions = PositionsByCode(feature, column);
  if (feature.encoding == Encoding::kLookup) {
    for (size_t i = 0; i < feature.lookups.size(); ++i) {
      LookUp(feature.lookups[i], positions, column, rows, out + i * rows.size());
    }
    return;
  }
  const bool one_hot = feature.encoding == Encoding::kOneHot;
  for (size_t i = 0; i < rows.size(); ++i) {
    const int64_t code = column.codes[static_cast<size_t>(rows[i])];
    const int32_t position = positions[static_cast<size_t>(code + 1)];
    if (position < 0) continue;
    if (one_hot) {
      out[static_cast<size_t>(position) * rows.size() + i] = 1.0F;
    } else {
      out[i] = static_cast<float>(position + 1);
    }
  }
}

// The plan's input columns in the table. A column without any value fits either type; `stand_ins`
// owns what is put in its place.
Result<std::vector<const Column*>> FindInputs(const PreprocessingPlan& plan, const Table& table,
                                              std::list<Column>* stand_ins) {
  std::vector<const Column*> inputs;
  inputs.reserve(plan.features.size());
  for (const FeaturePlan& feature : plan.features) {
    const Column* column = table.Find(feature.name, inputs.size());
    if (column == nullptr) {
      return UnknownName(
          fmt::format("the data has no column '{}', which the model takes", feature.name),
          feature.name, feature.name, ColumnNames(table));
    }
    const bool numeric = feature.encoding == Encoding::kNumeric;
    if ((column->type != ColumnType::kCategory) != numeric) {
      if (column->CountMissing() < column->size()) {
        return Error(ErrorCode::kInvalidInput,
                     fmt::format("the column holds {}", numeric ? "text" : "numbers"))
            .At(AtField(feature.name))
            .Expected(numeric ? "numbers, as in training" : "categories, as in training");
      }
      Column& missing = stand_ins->emplace_back();
      missing.type = feature.type;
      const auto size = static_cast<size_t>(table.rows);
      numeric ? missing.numbers.assign(size, kMissingNumber)
              : missing.codes.assign(size, kMissingCode);
      column = &missing;
    }
    inputs.push_back(column);
  }
  return inputs;
}

}  // namespace

int64_t FeaturePlan::width() const {
  switch (encoding) {
    case Encoding::kOneHot: return std::ssize(categories) + (infrequent.empty() ? 0 : 1);
    case Encoding::kLookup: return std::ssize(lookups);
    case Encoding::kNumeric:
    case Encoding::kRank: break;
  }
  return 1;
}

int64_t PreprocessingPlan::output_columns() const {
  int64_t columns = 0;
  for (const FeaturePlan& feature : features) columns += feature.width();
  return columns;
}

std::vector<std::string> PreprocessingPlan::OutputNames() const {
  std::vector<std::string> names;
  for (const size_t i : OutputOrder(features)) {
    const FeaturePlan& feature = features[i];
    const auto part = [&](const std::string& label) {
      return fmt::format("{} ({})", feature.name, label);
    };
    switch (feature.encoding) {
      case Encoding::kNumeric:
        names.push_back(feature.time.part == TimePart::kSeconds ? feature.name
                                                                : part(NameOf(feature.time)));
        break;
      case Encoding::kLookup:
        for (const CategoryLookup& lookup : feature.lookups) names.push_back(part(lookup.label));
        break;
      case Encoding::kRank: names.push_back(part("rank")); break;
      case Encoding::kOneHot:
        for (const std::string& category : feature.categories) {
          names.push_back(category.empty() ? part("missing") : feature.name + "=" + category);
        }
        if (!feature.infrequent.empty()) names.push_back(part("infrequent"));
        break;
    }
  }
  return names;
}

std::vector<int> PreprocessingPlan::OutputSources() const {
  std::vector<int> sources;
  for (const size_t i : OutputOrder(features)) {
    sources.insert(sources.end(), static_cast<size_t>(features[i].width()), static_cast<int>(i));
  }
  return sources;
}

std::vector<size_t> PreprocessingPlan::InputFeatures() const {
  std::vector<size_t> inputs;
  for (size_t i = 0; i < features.size(); ++i) {
    const bool more = i > 0 && features[i].type == ColumnType::kTimestamp &&
                      features[i].name == features[i - 1].name;
    if (!more) inputs.push_back(i);
  }
  return inputs;
}

Result<Matrix> ApplyPreprocessing(const PreprocessingPlan& plan, const Table& table,
                                  std::span<const int64_t> rows, int threads) {
  std::list<Column> stand_ins;
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<const Column*> inputs,
                           FindInputs(plan, table, &stand_ins));
  Matrix matrix;
  matrix.rows = static_cast<int64_t>(rows.size());
  matrix.columns = plan.output_columns();
  matrix.values.resize(static_cast<size_t>(matrix.rows * matrix.columns));
  const std::vector<int64_t> offsets = OutputOffsets(plan.features);
  const auto prepare = [&](size_t i) {
    const FeaturePlan& feature = plan.features[i];
    // A feature with no output, such as one whose categories are none, may stand at the end.
    float* out = matrix.values.data() + offsets[i] * matrix.rows;
    if (feature.encoding == Encoding::kNumeric) {
      ScaleNumbers(feature, *inputs[i], rows, out);
    } else {
      EncodeCategories(feature, *inputs[i], rows, out);
    }
  };
  if (matrix.rows * matrix.columns < kParallelValues) {
    for (size_t i = 0; i < inputs.size(); ++i) prepare(i);
    return matrix;
  }
  if (threads <= 0) threads = AvailableCores();
  SLIPWAY_RETURN_IF_ERROR(ParallelFor(inputs.size(), threads, [&](size_t i) -> Status {
    prepare(i);
    return {};
  }));
  return matrix;
}

}  // namespace slipway::data

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "data/json_reading_internal.h"
#include "data/preprocessing.h"

namespace slipway::data {
namespace {

struct EncodingName {
  Encoding encoding;
  const char* name;
};

constexpr std::array<EncodingName, 4> kEncodings = {{{Encoding::kNumeric, "numeric"},
                                                     {Encoding::kOneHot, "one_hot"},
                                                     {Encoding::kRank, "rank"},
                                                     {Encoding::kLookup, "lookup"}}};

Json ToJson(const CategoryLookup& lookup) {
  // As doubles, which hold every float32 exactly.
  const std::vector<double> values(lookup.values.begin(), lookup.values.end());
  return Json{{"label", lookup.label},
              {"values", values},
              {"unknown", static_cast<double>(lookup.unknown)}};
}

Json ToJson(const FeaturePlan& feature) {
  Json json{{"name", feature.name}, {"type", ToString(feature.type)}};
  for (const EncodingName& known : kEncodings) {
    if (known.encoding == feature.encoding) json["encoding"] = known.name;
  }
  if (feature.encoding == Encoding::kNumeric) {
    if (feature.time != TimeFeature{}) json["time"] = NameOf(feature.time);
    json["fill"] = NumberToJson(feature.fill);
    json["shift"] = NumberToJson(feature.shift);
    json["scale"] = NumberToJson(feature.scale);
  } else {
    json["fill_category"] = feature.fill_category;
    json["categories"] = feature.categories;
  }
  if (!feature.infrequent.empty()) {
    json["infrequent"] = feature.infrequent;
    json["unknown_is_infrequent"] = feature.unknown_is_infrequent;
  }
  for (const CategoryLookup& lookup : feature.lookups) json["lookups"].push_back(ToJson(lookup));
  return json;
}

Encoding ReadEncoding(JsonReader* reader) {
  const std::string name = reader->String("encoding");
  for (const EncodingName& known : kEncodings) {
    if (name == known.name) return known.encoding;
  }
  reader->Fail("'encoding' is not numeric, one_hot, rank or lookup");
  return Encoding::kNumeric;
}

void ReadTime(JsonReader* reader, FeaturePlan* feature) {
  if (!reader->Has("time")) return;
  const std::optional<TimeFeature> time = TimeFeatureFromName(reader->String("time"));
  if (!time || feature->type != ColumnType::kTimestamp) {
    reader->Fail("'time' is no part of a time, or not of a timestamp");
  }
  feature->time = time.value_or(TimeFeature{});
}

void ReadInfrequent(JsonReader* reader, FeaturePlan* feature) {
  if (!reader->Has("infrequent")) return;
  feature->infrequent = reader->Strings("infrequent");
  feature->unknown_is_infrequent = reader->Bool("unknown_is_infrequent");
  if (feature->encoding != Encoding::kOneHot || feature->infrequent.empty()) {
    reader->Fail("'infrequent' is for one_hot, and not empty");
  }
}

Status ReadLookups(JsonReader* reader, FeaturePlan* feature) {
  if (feature->encoding != Encoding::kLookup) return {};
  for (const Json& item : reader->Array("lookups")) {
    JsonReader one(item, "lookup");
    CategoryLookup lookup;
    lookup.label = one.String("label");
    for (const double value : one.Numbers("values")) {
      lookup.values.push_back(static_cast<float>(value));
    }
    lookup.unknown = static_cast<float>(one.Number("unknown"));
    const bool finite =
        std::ranges::all_of(lookup.values, [](float v) { return std::isfinite(v); });
    if (lookup.values.size() != feature->categories.size() || !finite ||
        !std::isfinite(lookup.unknown)) {
      one.Fail("'values' is not a number for each category");
    }
    SLIPWAY_RETURN_IF_ERROR(one.status());
    feature->lookups.push_back(std::move(lookup));
  }
  if (feature->lookups.empty()) reader->Fail("'lookups' is empty");
  return {};
}

Result<FeaturePlan> FeatureFromJson(const Json& json) {
  JsonReader reader(json, "feature");
  FeaturePlan feature;
  feature.name = reader.String("name");
  feature.type = reader.Type("type");
  feature.encoding = ReadEncoding(&reader);
  if (feature.encoding == Encoding::kNumeric) {
    ReadTime(&reader, &feature);
    feature.fill = reader.Number("fill");
    feature.shift = reader.Number("shift");
    feature.scale = reader.Number("scale");
    const bool finite =
        std::isfinite(feature.fill) && std::isfinite(feature.shift) && std::isfinite(feature.scale);
    if (!finite || feature.scale == 0) reader.Fail("'fill', 'shift' or 'scale' is not usable");
  } else {
    feature.fill_category = reader.String("fill_category");
    feature.categories = reader.Strings("categories");
    ReadInfrequent(&reader, &feature);
    SLIPWAY_RETURN_IF_ERROR(ReadLookups(&reader, &feature));
  }
  if ((feature.type == ColumnType::kCategory) == (feature.encoding == Encoding::kNumeric)) {
    reader.Fail("'type' and 'encoding' do not fit together");
  }
  SLIPWAY_RETURN_IF_ERROR(reader.status());
  return feature;
}

}  // namespace

Json ToJson(const PreprocessingPlan& plan) {
  Json features = Json::array();
  for (const FeaturePlan& feature : plan.features) features.push_back(ToJson(feature));
  Json dropped = Json::array();
  for (const DroppedFeature& feature : plan.dropped) {
    dropped.push_back(Json{{"name", feature.name}, {"reason", feature.reason}});
  }
  Json json{{"features", std::move(features)}, {"dropped", std::move(dropped)}};
  if (plan.outlier_rows > 0) json["outlier_rows"] = plan.outlier_rows;
  return json;
}

Result<PreprocessingPlan> PreprocessingPlanFromJson(const Json& json) {
  JsonReader reader(json, "preprocessing plan");
  PreprocessingPlan plan;
  for (const Json& item : reader.Array("features")) {
    SLIPWAY_ASSIGN_OR_RETURN(FeaturePlan feature, FeatureFromJson(item));
    plan.features.push_back(std::move(feature));
  }
  for (const Json& item : reader.Array("dropped")) {
    JsonReader dropped(item, "dropped feature");
    plan.dropped.push_back({.name = dropped.String("name"), .reason = dropped.String("reason")});
    SLIPWAY_RETURN_IF_ERROR(dropped.status());
  }
  if (reader.Has("outlier_rows")) plan.outlier_rows = reader.Integer("outlier_rows");
  SLIPWAY_RETURN_IF_ERROR(reader.status());
  return plan;
}

}  // namespace slipway::data

#include <array>
#include <cmath>

#include "data/json_reading_internal.h"
#include "data/preprocessing.h"

namespace slipway::data {
namespace {

struct EncodingName {
  Encoding encoding;
  const char* name;
};

constexpr std::array<EncodingName, 3> kEncodings = {
    {{Encoding::kNumeric, "numeric"}, {Encoding::kOneHot, "one_hot"}, {Encoding::kRank, "rank"}}};

Json ToJson(const FeaturePlan& feature) {
  Json json{{"name", feature.name}, {"type", ToString(feature.type)}};
  for (const EncodingName& known : kEncodings) {
    if (known.encoding == feature.encoding) json["encoding"] = known.name;
  }
  if (feature.encoding == Encoding::kNumeric) {
    json["fill"] = NumberToJson(feature.fill);
    json["shift"] = NumberToJson(feature.shift);
    json["scale"] = NumberToJson(feature.scale);
  } else {
    json["fill_category"] = feature.fill_category;
    json["categories"] = feature.categories;
  }
  return json;
}

Encoding ReadEncoding(JsonReader* reader) {
  const std::string name = reader->String("encoding");
  for (const EncodingName& known : kEncodings) {
    if (name == known.name) return known.encoding;
  }
  reader->Fail("'encoding' is not numeric, one_hot or rank");
  return Encoding::kNumeric;
}

Result<FeaturePlan> FeatureFromJson(const Json& json) {
  JsonReader reader(json, "feature");
  FeaturePlan feature;
  feature.name = reader.String("name");
  feature.type = reader.Type("type");
  feature.encoding = ReadEncoding(&reader);
  if (feature.encoding == Encoding::kNumeric) {
    feature.fill = reader.Number("fill");
    feature.shift = reader.Number("shift");
    feature.scale = reader.Number("scale");
    const bool finite =
        std::isfinite(feature.fill) && std::isfinite(feature.shift) && std::isfinite(feature.scale);
    if (!finite || feature.scale == 0) reader.Fail("'fill', 'shift' or 'scale' is not usable");
  } else {
    feature.fill_category = reader.String("fill_category");
    feature.categories = reader.Strings("categories");
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
  return Json{{"features", std::move(features)}, {"dropped", std::move(dropped)}};
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
  SLIPWAY_RETURN_IF_ERROR(reader.status());
  return plan;
}

}  // namespace slipway::data

#include "core/json.h"

#include "data/json_reading_internal.h"
#include "data/types.h"

namespace slipway::data {
namespace {

const char* ToString(Severity severity) {
  return severity == Severity::kError ? "error" : "warning";
}

// Null stands for a missing value, as in the data.
Json ToJson(const Example& example) {
  const Json value = example.missing ? Json(nullptr) : Json(example.value);
  return Json{{"row", example.row}, {"value", value}};
}

Result<Example> ExampleFromJson(const Json& json) {
  JsonReader reader(json, "example");
  Example example;
  example.row = reader.Integer("row");
  example.missing = reader.Has("value") && json["value"].is_null();
  if (!example.missing) example.value = reader.String("value");
  SLIPWAY_RETURN_IF_ERROR(reader.status());
  return example;
}

Result<Issue> IssueFromJson(const Json& json) {
  JsonReader reader(json, "issue");
  Issue issue;
  issue.kind = reader.String("kind");
  const std::string severity = reader.String("severity");
  if (severity != "error" && severity != "warning") {
    reader.Fail("'severity' is neither error nor warning");
  }
  issue.severity = severity == "error" ? Severity::kError : Severity::kWarning;
  issue.column = reader.String("column");
  issue.value = reader.Number("value");
  issue.limit = reader.Number("limit");
  issue.count = reader.Integer("count");
  issue.message = reader.String("message");
  for (const Json& item : reader.Array("examples")) {
    SLIPWAY_ASSIGN_OR_RETURN(Example example, ExampleFromJson(item));
    issue.examples.push_back(std::move(example));
  }
  SLIPWAY_RETURN_IF_ERROR(reader.status());
  return issue;
}

Json NumbersToJson(const std::vector<double>& values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(NumberToJson(value));
  return list;
}

void ReadHistogram(const Json& json, Histogram* histogram, JsonReader* outer) {
  JsonReader reader(json, "histogram");
  histogram->low = reader.Number("low");
  histogram->high = reader.Number("high");
  histogram->counts = reader.Integers("counts");
  if (const Status status = reader.status(); !status.ok()) outer->Fail(status.error().message());
}

void ReadTop(const Json& list, std::vector<CategoryCount>* top, JsonReader* outer) {
  for (const Json& item : list) {
    JsonReader reader(item, "top");
    CategoryCount count;
    count.value = reader.String("value");
    count.count = reader.Integer("count");
    if (const Status status = reader.status(); !status.ok()) outer->Fail(status.error().message());
    top->push_back(std::move(count));
  }
}

void ReadLengths(const Json& json, TextLengths* lengths, JsonReader* outer) {
  JsonReader reader(json, "lengths");
  lengths->min = reader.Integer("min");
  lengths->max = reader.Integer("max");
  lengths->mean = reader.Number("mean");
  if (const Status status = reader.status(); !status.ok()) outer->Fail(status.error().message());
}

}  // namespace

Json ToJson(const Issue& issue) {
  Json examples = Json::array();
  for (const Example& example : issue.examples) examples.push_back(ToJson(example));
  return Json{{"kind", issue.kind},
              {"severity", ToString(issue.severity)},
              {"column", issue.column},
              {"value", NumberToJson(issue.value)},
              {"limit", NumberToJson(issue.limit)},
              {"count", issue.count},
              {"message", issue.message},
              {"examples", std::move(examples)}};
}

Json ToJson(const ColumnProfile& profile) {
  Json json{{"name", profile.name},         {"type", ToString(profile.type)},
            {"integral", profile.integral}, {"count", profile.count},
            {"missing", profile.missing},   {"distinct", profile.distinct}};
  if (profile.infinite > 0) json["infinite"] = profile.infinite;
  if (profile.distinct_error > 0) json["distinct_error"] = profile.distinct_error;
  if (!std::isnan(profile.association)) json["association"] = profile.association;
  if (!profile.top.empty() || profile.type == ColumnType::kCategory) {
    Json top = Json::array();
    for (const CategoryCount& item : profile.top) {
      top.push_back(Json{{"value", item.value}, {"count", item.count}});
    }
    json["top"] = std::move(top);
    if (profile.top_error > 0) json["top_error"] = profile.top_error;
  }
  if (profile.type == ColumnType::kCategory) {
    if (profile.lengths.max == 0) return json;
    json["lengths"] = Json{{"min", profile.lengths.min},
                           {"max", profile.lengths.max},
                           {"mean", NumberToJson(profile.lengths.mean)}};
    return json;
  }
  // Of no value at all.
  const bool none = profile.quantiles.empty();
  json["min"] = none ? Json() : NumberToJson(profile.min);
  json["max"] = none ? Json() : NumberToJson(profile.max);
  json["mean"] = none ? Json() : NumberToJson(profile.mean);
  json["m2"] = none ? Json() : NumberToJson(profile.m2);
  json["quantiles"] = NumbersToJson(profile.quantiles);
  if (profile.rank_error > 0) json["rank_error"] = profile.rank_error;
  json["histogram"] = Json{{"low", NumberToJson(profile.histogram.low)},
                           {"high", NumberToJson(profile.histogram.high)},
                           {"counts", profile.histogram.counts}};
  return json;
}

Json ToJson(const DatasetReport& report) {
  Json issues = Json::array();
  for (const Issue& issue : report.issues) issues.push_back(ToJson(issue));
  Json profiles = Json::array();
  for (const ColumnProfile& profile : report.profiles) profiles.push_back(ToJson(profile));
  return Json{{"passed", report.passed},
              {"rows", report.rows},
              {"columns", report.columns},
              {"issues", std::move(issues)},
              {"profiles", std::move(profiles)}};
}

Result<ColumnProfile> ColumnProfileFromJson(const Json& json) {
  JsonReader reader(json, "profile");
  ColumnProfile profile;
  profile.name = reader.String("name");
  profile.type = reader.Type("type");
  profile.integral = reader.Bool("integral");
  profile.count = reader.Integer("count");
  profile.missing = reader.Integer("missing");
  profile.distinct = reader.Integer("distinct");
  if (reader.Has("infinite")) profile.infinite = reader.Integer("infinite");
  if (reader.Has("distinct_error")) profile.distinct_error = reader.Number("distinct_error");
  if (reader.Has("association")) profile.association = reader.Number("association");
  if (reader.Has("top")) ReadTop(reader.Array("top"), &profile.top, &reader);
  if (reader.Has("top_error")) profile.top_error = reader.Integer("top_error");
  if (profile.type == ColumnType::kCategory) {
    if (reader.Has("lengths")) ReadLengths(json["lengths"], &profile.lengths, &reader);
  } else {
    profile.min = reader.Number("min");
    profile.max = reader.Number("max");
    profile.mean = reader.Number("mean");
    profile.m2 = reader.Number("m2");
    profile.quantiles = reader.Numbers("quantiles");
    if (reader.Has("rank_error")) profile.rank_error = reader.Number("rank_error");
    if (reader.Has("histogram")) {
      ReadHistogram(json["histogram"], &profile.histogram, &reader);
    } else {
      reader.Fail("'histogram' is missing");
    }
  }
  SLIPWAY_RETURN_IF_ERROR(reader.status());
  return profile;
}

Result<DatasetReport> DatasetReportFromJson(const Json& json) {
  JsonReader reader(json, "dataset report");
  DatasetReport report;
  report.passed = reader.Bool("passed");
  report.rows = reader.Integer("rows");
  report.columns = reader.Integer("columns");
  for (const Json& item : reader.Array("issues")) {
    SLIPWAY_ASSIGN_OR_RETURN(Issue issue, IssueFromJson(item));
    report.issues.push_back(std::move(issue));
  }
  for (const Json& item : reader.Array("profiles")) {
    SLIPWAY_ASSIGN_OR_RETURN(ColumnProfile profile, ColumnProfileFromJson(item));
    report.profiles.push_back(std::move(profile));
  }
  SLIPWAY_RETURN_IF_ERROR(reader.status());
  return report;
}

}  // namespace slipway::data

// Profiles as files, and their union.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/base64.h"
#include "core/parallel.h"
#include "core/text.h"
#include "data/json_reading_internal.h"
#include "data/profile.h"

namespace slipway::data {
namespace {

// An exact sketch may hold 100,000 values; of one sorted run taken in at once hardly anything is
// lost.
QuantileSketch Thinned(const QuantileSketch& exact) {
  if (exact.rank_error() > 0) return exact;
  const QuantileSketch::WeightedValues sorted = exact.Sorted();
  std::vector<double> values;
  for (size_t i = 0; i < sorted.values.size(); ++i) {
    values.insert(values.end(), static_cast<size_t>(sorted.weights[i]), sorted.values[i]);
  }
  QuantileSketch thinned;
  thinned.AddSorted(values);
  return thinned;
}

Json SketchesToJson(const ColumnSketches& sketches) {
  return {{"values", ToBase64(Thinned(sketches.values).ToBytes())},
          {"distinct", ToBase64(sketches.distinct.ToBytes())},
          {"frequent", ToBase64(sketches.frequent.ToBytes())}};
}

// Nine tenths of a stored profile are sketches in base64, which a reader of JSON takes apart
// character by character. They are cut out before, and "#7" stands where the seventh was: '#' is
// none of base64's letters.
struct CutText {
  std::string json;
  std::vector<std::string_view> pieces;  // Views of the text that was cut.
};

CutText CutLongStrings(std::string_view text) {
  constexpr size_t kLong = 512;
  CutText cut;
  size_t copied = 0;
  for (size_t at = text.find('"'); at != std::string_view::npos; at = text.find('"', at)) {
    const size_t end = text.find('"', at + 1);
    if (end == std::string_view::npos) break;
    // A backslash may stand for a quote: such a string is left alone, and all after it.
    const std::string_view inside = text.substr(at + 1, end - at - 1);
    if (inside.find('\\') != std::string_view::npos) break;
    if (inside.size() > kLong) {
      cut.json += text.substr(copied, at + 1 - copied);
      cut.json += fmt::format("#{}", cut.pieces.size());
      cut.pieces.push_back(inside);
      copied = end;
    }
    at = end + 1;
  }
  cut.json += text.substr(copied);
  return cut;
}

using Pieces = std::vector<std::string_view>;

// A member that may have been cut out.
Result<std::string> BytesOf(const std::string& text, const Pieces& pieces) {
  if (!text.starts_with('#')) return FromBase64(text);
  size_t index = 0;
  const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), index);
  if (error != std::errc() || end != text.data() + text.size() || index >= pieces.size()) {
    return Error(ErrorCode::kInvalidInput, "not base64");
  }
  return FromBase64(pieces[index]);
}

template <typename Sketch>
Status ReadSketch(JsonReader& reader, const char* key, const Pieces& pieces, Sketch* sketch) {
  const std::string text = reader.String(key);
  SLIPWAY_RETURN_IF_ERROR(reader.status());
  SLIPWAY_ASSIGN_OR_RETURN(const std::string bytes, BytesOf(text, pieces));
  SLIPWAY_ASSIGN_OR_RETURN(*sketch, Sketch::FromBytes(bytes));
  return {};
}

// Sums of such counts do not overflow.
constexpr int64_t kMostRows = int64_t{1} << 53U;

bool IsCount(int64_t count, int64_t most) { return count >= 0 && count <= most; }

// Counts that can't be those of one table.
Status CheckCounts(const ColumnProfile& profile, int64_t rows) {
  const auto is_count = [&](int64_t count) { return IsCount(count, rows); };
  const size_t quantiles = profile.quantiles.size();
  if (profile.count == rows && is_count(profile.missing) &&
      IsCount(profile.infinite, rows - profile.missing) && IsCount(profile.distinct, kMostRows) &&
      is_count(profile.top_error) && std::ranges::all_of(profile.histogram.counts, is_count) &&
      std::ranges::all_of(profile.top, is_count, &CategoryCount::count) &&
      (quantiles == 0 || quantiles == kQuantileProbabilities.size())) {
    return {};
  }
  return Error(ErrorCode::kInvalidInput, fmt::format("the counts of '{}' can't be those of {}",
                                                     profile.name, Plural(rows, "row", "rows")));
}

Result<ColumnProfile> StoredColumnFromJson(const Json& json, int64_t rows, const Pieces& pieces) {
  SLIPWAY_ASSIGN_OR_RETURN(ColumnProfile profile, ColumnProfileFromJson(json));
  SLIPWAY_RETURN_IF_ERROR(CheckCounts(profile, rows));
  if (!json.contains("sketches")) return profile;
  JsonReader reader(json["sketches"], "sketches");
  auto sketches = std::make_shared<ColumnSketches>();
  SLIPWAY_RETURN_IF_ERROR(ReadSketch(reader, "values", pieces, &sketches->values));
  SLIPWAY_RETURN_IF_ERROR(ReadSketch(reader, "distinct", pieces, &sketches->distinct));
  SLIPWAY_RETURN_IF_ERROR(ReadSketch(reader, "frequent", pieces, &sketches->frequent));
  if (sketches->values.count() + sketches->frequent.total() > profile.count + profile.count) {
    return Error(
        ErrorCode::kInvalidInput,
        fmt::format("the sketches of '{}' hold more values than it has rows", profile.name));
  }
  profile.sketches = std::move(sketches);
  return profile;
}

ColumnProfile Merge(const ColumnProfile& left, const ColumnProfile& right) {
  ColumnProfile merged;
  merged.name = left.name;
  merged.count = left.count + right.count;
  merged.missing = left.missing + right.missing;
  merged.infinite = left.infinite + right.infinite;
  // A part without any value has no type of its own.
  const bool from_left = left.missing < left.count;
  merged.type = from_left ? left.type : right.type;
  merged.integral =
      (left.integral || !from_left) && (right.integral || right.missing == right.count);
  auto sketches = std::make_shared<ColumnSketches>(*left.sketches);
  sketches->values.Merge(right.sketches->values);
  sketches->distinct.Merge(right.sketches->distinct);
  sketches->frequent.Merge(right.sketches->frequent);
  const int64_t n = left.sketches->values.count(), m = right.sketches->values.count();
  const Moments moments = MergeMoments({n, left.mean, left.m2}, {m, right.mean, right.m2});
  merged.mean = moments.mean;
  merged.m2 = moments.m2;
  const auto a = static_cast<double>(left.count - left.missing);
  const auto b = static_cast<double>(right.count - right.missing);
  merged.lengths = b == 0 ? right.lengths : left.lengths;
  if (a > 0 && b > 0) {
    merged.lengths = {std::min(left.lengths.min, right.lengths.min),
                      std::max(left.lengths.max, right.lengths.max),
                      (left.lengths.mean * a + right.lengths.mean * b) / (a + b)};
  } else if (b > 0) {
    merged.lengths = right.lengths;
  }
  // Each part measured its own; NaN where one did not.
  const auto rows = static_cast<double>(merged.count);
  merged.association = (left.association * static_cast<double>(left.count) +
                        right.association * static_cast<double>(right.count)) /
                       rows;
  Summarize(*sketches, &merged);
  merged.sketches = std::move(sketches);
  return merged;
}

// A column that no row has.
ColumnProfile AllMissing(const ColumnProfile& like, int64_t rows) {
  ColumnProfile profile;
  profile.name = like.name;
  profile.type = like.type;
  profile.integral = like.integral;
  profile.count = profile.missing = rows;
  profile.association = like.association;
  profile.sketches = std::make_shared<ColumnSketches>();
  return profile;
}

Result<TableProfile> ProfileFromJson(const Json& json, const Pieces& pieces);

}  // namespace

Json ToStoredJson(const TableProfile& profile) {
  Json columns = Json::array();
  for (const ColumnProfile& column : profile.columns) {
    Json json = ToJson(column);
    if (column.sketches != nullptr) json["sketches"] = SketchesToJson(*column.sketches);
    columns.push_back(std::move(json));
  }
  const RepeatedRowsSummary& repeated = profile.repeated;
  Json json = {{"rows", profile.rows},
               {"repeated_rows",
                {{"count", repeated.repeated},
                 {"sampled_share", repeated.sampled_share},
                 {"relative_error", NumberToJson(repeated.relative_error)}}},
               {"columns", std::move(columns)}};
  if (profile.predictions) json["predictions"] = ToStoredJson(*profile.predictions);
  return json;
}

Result<TableProfile> TableProfileFromJson(const Json& json) { return ProfileFromJson(json, {}); }

Result<TableProfile> ReadStoredProfile(std::string_view text, const std::string& file) {
  const CutText cut = CutLongStrings(text);
  Result<Json> json = ParseJson(cut.json, file);
  // Where is to be told of the file as it is.
  if (!json.ok()) json = ParseJson(text, file);
  if (!json.ok()) return std::move(json).error();
  return ProfileFromJson(*json, cut.pieces);
}

namespace {

// All but its predictions.
Result<TableProfile> TableFromJson(const Json& json, const Pieces& pieces) {
  JsonReader reader(json, "profile");
  TableProfile profile;
  profile.rows = reader.Integer("rows");
  const Json& columns = reader.Array("columns");
  if (!IsCount(profile.rows, kMostRows)) reader.Fail("'rows' is no number of rows");
  SLIPWAY_RETURN_IF_ERROR(reader.status());
  if (reader.Has("repeated_rows")) {
    JsonReader repeated(json["repeated_rows"], "repeated_rows");
    profile.repeated.rows = profile.rows;
    profile.repeated.repeated = repeated.Integer("count");
    profile.repeated.sampled_share = repeated.Number("sampled_share");
    profile.repeated.relative_error = repeated.Number("relative_error");
    if (!IsCount(profile.repeated.repeated, profile.rows)) {
      repeated.Fail("'count' is no number of these rows");
    }
    SLIPWAY_RETURN_IF_ERROR(repeated.status());
  }
  profile.columns.resize(columns.size());
  SLIPWAY_RETURN_IF_ERROR(ParallelFor(columns.size(), AvailableCores(), [&](size_t i) -> Status {
    SLIPWAY_ASSIGN_OR_RETURN(profile.columns[i],
                             StoredColumnFromJson(columns[i], profile.rows, pieces));
    return {};
  }));
  return profile;
}

Result<TableProfile> ProfileFromJson(const Json& json, const Pieces& pieces) {
  SLIPWAY_ASSIGN_OR_RETURN(TableProfile profile, TableFromJson(json, pieces));
  if (!json.contains("predictions")) return profile;
  SLIPWAY_ASSIGN_OR_RETURN(TableProfile predictions, TableFromJson(json["predictions"], pieces));
  profile.predictions = std::make_shared<const TableProfile>(std::move(predictions));
  return profile;
}

}  // namespace

Status CheckSketches(const TableProfile& profile) {
  for (const ColumnProfile& column : profile.columns) {
    if (column.sketches != nullptr) continue;
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("the profile of '{}' has no sketches to compare by", column.name))
        .Try("making the profile again: slipway data profile FILE --save PROFILE.json");
  }
  return {};
}

Result<TableProfile> MergeProfiles(const TableProfile& left, const TableProfile& right) {
  SLIPWAY_RETURN_IF_ERROR(CheckSketches(left));
  SLIPWAY_RETURN_IF_ERROR(CheckSketches(right));
  TableProfile merged;
  merged.rows = left.rows + right.rows;
  const auto find = [](const TableProfile& profile, const std::string& name) {
    const auto found = std::ranges::find(profile.columns, name, &ColumnProfile::name);
    return found == profile.columns.end() ? nullptr : &*found;
  };
  for (const ColumnProfile& column : left.columns) {
    const ColumnProfile* other = find(right, column.name);
    const bool both =
        other != nullptr && column.missing < column.count && other->missing < other->count;
    if (both && other->type != column.type) {
      return Error(ErrorCode::kInvalidInput,
                   fmt::format("'{}' is {} in one profile and {} in the other", column.name,
                               ToString(column.type), ToString(other->type)));
    }
    merged.columns.push_back(
        Merge(column, other != nullptr ? *other : AllMissing(column, right.rows)));
  }
  for (const ColumnProfile& column : right.columns) {
    if (find(left, column.name) == nullptr) {
      merged.columns.push_back(Merge(AllMissing(column, left.rows), column));
    }
  }
  // Rows of one part that the other has too are not known.
  merged.repeated.rows = merged.rows;
  merged.repeated.repeated = left.repeated.repeated + right.repeated.repeated;
  merged.repeated.sampled_share =
      std::min(left.repeated.sampled_share, right.repeated.sampled_share);
  return merged;
}

}  // namespace slipway::data

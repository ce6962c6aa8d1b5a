#include "monitor/prediction_segments.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

#include "core/clock.h"
#include "data/scan.h"

namespace slipway::monitor {
namespace {

constexpr int64_t kHourMs = 3'600'000;
constexpr int64_t kDayMs = 24 * kHourMs;
constexpr int64_t kOldestMs = 7 * kDayMs;
constexpr size_t kMostSegments = 32;
constexpr std::string_view kEnding = ".parquet";
constexpr size_t kStamp = std::string_view("20261123T064107.123Z").size();
constexpr size_t kDate = std::string_view("2026-11-23").size();

std::string TimeOf(int64_t ms) {
  return FormatTimestamp(Clock::WallTime(std::chrono::milliseconds(ms)));
}

// As names of segments begin.
std::string StampOf(int64_t ms) {
  std::string stamp = TimeOf(ms);
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
  return stamp;
}

std::string_view NameOf(std::string_view key) { return key.substr(key.rfind('/') + 1); }

// Where the reader of tables finds an object of the place.
std::string PathOf(const std::string& place, const std::string& key) {
  const size_t query = data::IsObjectUri(place) ? place.find('?') : std::string::npos;
  std::string path = place.substr(0, query);
  while (path.ends_with('/') && path.size() > 1) path.pop_back();
  path += "/" + key;
  if (query != std::string::npos) path += place.substr(query);
  return path;
}

Result<std::unique_ptr<data::ObjectStore>> OpenPlace(const std::string& place) {
  if (data::IsObjectUri(place)) return data::OpenObjectStore(place);
  return data::OpenDirectoryObjectStore(LocalFileSystem(), place);
}

// Replaced or gone: it never comes back under its name.
bool IsGone(ErrorCode code) { return code == ErrorCode::kNotFound || code == ErrorCode::kConflict; }
// Wrong by itself; all other errors are of the place, or the moment.
bool IsDamaged(ErrorCode code) {
  return code == ErrorCode::kInvalidInput || code == ErrorCode::kIntegrity;
}

struct CountsOfBlock : data::BlockDigest {
  std::vector<DriftBatch> batches;
};

// Of a column: `rows` from `first` on.
data::ColumnView PartOf(const data::ColumnView& values, size_t first, size_t rows) {
  data::ColumnView part = values;
  if (!values.numbers.empty()) part.numbers = values.numbers.subspan(first, rows);
  if (!values.codes.empty()) part.codes = values.codes.subspan(first, rows);
  return part;
}

// The first column is the place in the request, then come the features in the order of the bins.
class CountingSink : public data::BlockSink {
 public:
  explicit CountingSink(const std::vector<FeatureBins>& bins) : bins_(bins) {}

  Status Begin(const std::vector<data::ColumnHeader>&) override {
    batches_.clear();
    return {};
  }
  std::unique_ptr<data::BlockDigest> Reduce(const data::Block& block, int) const override {
    constexpr size_t kLeastRows = 250, kMostParts = 8;
    auto counts = std::make_unique<CountsOfBlock>();
    const auto rows = static_cast<size_t>(block.rows);
    const size_t step = std::max(kLeastRows, (rows + kMostParts - 1) / kMostParts);
    for (size_t first = 0; first < rows; first += step)
      counts->batches.push_back(Count(block, first, std::min(step, rows - first)));
    return counts;
  }
  void Fold(std::unique_ptr<data::BlockDigest> digest, int64_t, int64_t) override {
    for (DriftBatch& batch : static_cast<CountsOfBlock&>(*digest).batches)
      batches_.push_back(std::move(batch));
  }

  std::vector<DriftBatch>& batches() { return batches_; }

 private:
  DriftBatch Count(const data::Block& block, size_t first, size_t rows) const {
    DriftBatch batch = EmptyBatch(bins_);
    batch.rows = static_cast<int64_t>(rows);
    if (block.columns.empty()) return batch;
    batch.requests = std::ranges::count(PartOf(block.columns[0], first, rows).numbers, 0.0);
    for (size_t i = 0; i < bins_.size() && i + 1 < block.columns.size(); ++i)
      bins_[i].Count(PartOf(block.columns[i + 1], first, rows), &batch.counts[i]);
    return batch;
  }

  const std::vector<FeatureBins>& bins_;
  std::vector<DriftBatch> batches_;
};

struct NamedOfBlock : data::BlockDigest {
  std::set<std::string> values;
};

// The different values of the one column that is read; a segment has one digest.
class NamesSink : public data::BlockSink {
 public:
  Status Begin(const std::vector<data::ColumnHeader>&) override {
    values_.clear();
    return {};
  }
  std::unique_ptr<data::BlockDigest> Reduce(const data::Block& block, int) const override {
    auto named = std::make_unique<NamedOfBlock>();
    if (block.columns.empty() || block.columns[0].categories == nullptr) return named;
    for (const std::string& name : *block.columns[0].categories) named->values.insert(name);
    return named;
  }
  void Fold(std::unique_ptr<data::BlockDigest> digest, int64_t, int64_t) override {
    values_.merge(static_cast<NamedOfBlock&>(*digest).values);
  }

  const std::set<std::string>& values() const { return values_; }

 private:
  std::set<std::string> values_;
};

data::ReadOptions OptionsFor(std::vector<std::string> columns) {
  data::ReadOptions options;
  options.format = "parquet";
  options.missing_values = {};
  options.columns = std::move(columns);
  options.threads = 1;  // What serves is to have the cores.
  return options;
}

// Whether each row of the segment has that text there; kInvalidInput where there is no such column.
Result<bool> Says(const std::string& path, const std::string& column, const std::string& text) {
  NamesSink names;
  const auto scanned = data::ScanTable(path, OptionsFor({column}), names);
  if (!scanned.ok()) return scanned.error();
  return names.values() == std::set<std::string>{text};
}

// Nothing of a segment of another version, or by another service.
Result<bool> CountSegment(const std::string& path, const SegmentSubject& subject,
                          const std::vector<FeatureBins>& bins, ReadSegments* read) {
  SLIPWAY_ASSIGN_OR_RETURN(const bool is_version, Says(path, "digest", subject.digest));
  if (!is_version) return false;
  const Result<bool> is_service = Says(path, "service", subject.service);
  // A server that is no replica of a service names none.
  if (!is_service.ok() && IsDamaged(is_service.error().code())) return false;
  if (!is_service.ok()) return is_service.error();
  if (!*is_service) return false;
  std::vector<std::string> columns = {"row"};
  for (const FeatureBins& feature : bins) columns.push_back("input." + feature.feature);
  CountingSink counts(bins);
  const auto counted = data::ScanTable(path, OptionsFor(std::move(columns)), counts);
  if (!counted.ok()) return counted.error();
  for (DriftBatch& batch : counts.batches()) {
    read->rows += batch.rows;
    read->batches.push_back(std::move(batch));
  }
  return true;
}

}  // namespace

SegmentReader::SegmentReader(SegmentSubject subject, int64_t since_ms)
    : subject_(std::move(subject)), horizon_(StampOf(since_ms)) {}

// Keys of what was not read yet, in the order in which it began.
Result<std::vector<std::string>> SegmentReader::Pending(data::ObjectStore& store,
                                                        int64_t now_ms) const {
  const std::string oldest = std::max(horizon_, StampOf(now_ms - kOldestMs));
  std::vector<std::string> keys;
  for (int64_t back = kOldestMs / kDayMs; back >= 0; --back) {
    const std::string day = TimeOf(now_ms - back * kDayMs).substr(0, kDate);
    std::string compact = day;
    std::erase(compact, '-');
    if (compact < oldest.substr(0, compact.size())) continue;
    SLIPWAY_ASSIGN_OR_RETURN(const std::vector<data::ObjectInfo> objects,
                             store.List(fmt::format("{}/predictions/{}", subject_.model, day)));
    for (const data::ObjectInfo& object : objects) {
      const std::string_view name = NameOf(object.key);
      if (name.size() <= kStamp || !name.ends_with(kEnding)) continue;
      if (name.substr(0, kStamp) < oldest || seen_.contains(std::string(name))) continue;
      keys.push_back(object.key);
    }
  }
  std::ranges::sort(keys, {}, NameOf);
  return keys;
}

Result<ReadSegments> SegmentReader::Read(const std::string& place,
                                         const std::vector<FeatureBins>& bins, int64_t now_ms) {
  ReadSegments read;
  SLIPWAY_ASSIGN_OR_RETURN(const auto store, OpenPlace(place));
  if (now_ms < read_ms_) SLIPWAY_RETURN_IF_ERROR(BeginAnew(*store, now_ms));
  read_ms_ = now_ms;
  SLIPWAY_ASSIGN_OR_RETURN(std::vector<std::string> keys, Pending(*store, now_ms));
  read.more = keys.size() > kMostSegments;
  keys.resize(std::min(keys.size(), kMostSegments));
  for (const std::string& key : keys) {
    const Result<bool> counted = CountSegment(PathOf(place, key), subject_, bins, &read);
    if (!counted.ok()) {
      const ErrorCode code = counted.error().code();
      // What was counted before it is kept; the rest has its turn once the place is well again.
      if (!IsGone(code) && !IsDamaged(code)) {
        if (read.segments + read.others == 0) return counted.error();
        read.more = true;
        return read;
      }
      if (IsDamaged(code) && read.trouble.empty()) read.trouble = counted.error().ToString();
    } else {
      ++(*counted ? read.segments : read.others);
    }
    seen_.emplace(NameOf(key));
  }
  if (!read.more) Forget(now_ms);
  return read;
}

// Segments are told apart by times that are ahead of those to come.
Status SegmentReader::BeginAnew(data::ObjectStore& store, int64_t now_ms) {
  horizon_ = std::min(horizon_, StampOf(now_ms));
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<std::string> keys, Pending(store, read_ms_));
  for (const std::string& key : keys) seen_.emplace(NameOf(key));
  return {};
}

void SegmentReader::Forget(int64_t now_ms) {
  horizon_ = std::max(horizon_, StampOf(now_ms - kHourMs));
  std::erase_if(seen_, [&](const std::string& name) { return name < horizon_; });
}

Json SegmentReader::ToJson() const {
  return {{"service", subject_.service}, {"model", subject_.model}, {"digest", subject_.digest},
          {"horizon", horizon_},         {"seen", seen_},           {"read_ms", read_ms_}};
}

Result<SegmentReader> SegmentReader::FromJson(const Json& json) {
  const auto seen = json.find("seen");
  SegmentReader reader;
  reader.subject_ = {.service = GetString(json, "service"),
                     .model = GetString(json, "model"),
                     .digest = GetString(json, "digest")};
  reader.read_ms_ = GetInteger(json, "read_ms");
  reader.horizon_ = GetString(json, "horizon");
  if (seen == json.end() || !seen->is_array() || reader.horizon_.size() != kStamp)
    return Error(ErrorCode::kIntegrity, "the stored state of read segments can't be read");
  for (const Json& name : *seen)
    if (name.is_string()) reader.seen_.insert(name.get<std::string>());
  return reader;
}

}  // namespace slipway::monitor

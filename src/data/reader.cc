#include "data/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "core/text.h"
#include "data/reader_internal.h"

namespace slipway::data {
namespace {

constexpr const char* kReadable = "CSV, TSV or Parquet";

// Formats that people hand in by mistake, by their first bytes.
struct Signature {
  std::string_view bytes;
  const char* name;
};
constexpr std::array<Signature, 8> kSignatures = {
    {{"\x1F\x8B", "gzip data"},
     {"PK\x03\x04", "a ZIP archive or an Excel sheet"},
     {"\x28\xB5\x2F\xFD", "zstd data"},
     {"ARROW1", "an Arrow file"},
     {"SQLite format 3", "an SQLite database"},
     {"\xFF\xFE", "UTF-16 text"},
     {"\xFE\xFF", "UTF-16 text"},
     {"%PDF", "a PDF document"}}};

enum class Format { kCsv, kTsv, kParquet };

Result<Format> ChooseFormat(const std::string& name, const SourceFile& file) {
  if (name == "csv") return Format::kCsv;
  if (name == "tsv") return Format::kTsv;
  if (name == "parquet") return Format::kParquet;
  if (name != "auto") {
    const std::vector<std::string> known = {"auto", "csv", "tsv", "parquet"};
    const std::string nearest = NearestName(name, known);
    Error error = file.Invalid(fmt::format("unknown format '{}'", name)).Expected(JoinOr(known));
    return nearest.empty() ? error : std::move(error).Try(nearest);
  }
  std::array<char, 16> head{};
  SLIPWAY_ASSIGN_OR_RETURN(const size_t count, file.ReadAt(0, head.data(), head.size()));
  const std::string_view bytes(head.data(), count);
  if (bytes.starts_with("PAR1")) return Format::kParquet;
  for (const Signature& signature : kSignatures) {
    if (!bytes.starts_with(signature.bytes)) continue;
    return file.Invalid(fmt::format("this is {}", signature.name))
        .Expected(fmt::format("{}, uncompressed and in UTF-8", kReadable));
  }
  const std::string lower = ToLower(file.path());
  if (lower.ends_with(".parquet") || lower.ends_with(".pq")) return Format::kParquet;
  for (const char* ending : {".jsonl", ".ndjson", ".json"}) {
    if (lower.ends_with(ending)) return file.Invalid("this is JSON").Expected(kReadable);
  }
  return lower.ends_with(".tsv") || lower.ends_with(".tab") ? Format::kTsv : Format::kCsv;
}

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

ColumnPlan PlanColumn(const std::string& name, size_t source, const ReadOptions& options) {
  ColumnPlan plan;
  plan.name = name;
  plan.source = static_cast<int>(source);
  plan.forced = true;
  if (Contains(options.categorical_columns, name)) {
    plan.type = ColumnType::kCategory;
  } else if (Contains(options.numeric_columns, name)) {
    plan.type = ColumnType::kNumeric;
  } else if (Contains(options.timestamp_columns, name)) {
    plan.type = ColumnType::kTimestamp;
  } else {
    plan.forced = false;
  }
  return plan;
}

Error MissingColumn(const std::string& name, const std::vector<std::string>& names,
                    const SourceFile& file) {
  Error error = file.Invalid(fmt::format("there is no column '{}'", name));
  const std::string nearest = NearestName(name, names);
  if (!nearest.empty()) return std::move(error).Try(fmt::format("'{}'", nearest));
  constexpr size_t kMaxListed = 20;
  if (names.size() > kMaxListed) return error;
  return std::move(error).Expected("one of " + JoinOr(names));
}

}  // namespace

Result<std::vector<ColumnPlan>> PlanColumns(const std::vector<std::string>& names,
                                            const ReadOptions& options, const SourceFile& file) {
  std::vector<ColumnPlan> plans;
  std::optional<Error> missing;
  const std::vector<std::string>& wanted = options.columns.empty() ? names : options.columns;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const auto found = options.columns.empty() ? names.begin() + static_cast<std::ptrdiff_t>(i)
                                               : std::find(names.begin(), names.end(), wanted[i]);
    if (found == names.end()) {
      Error error = MissingColumn(wanted[i], names, file);
      missing = missing ? std::move(*missing).Also(std::move(error)) : std::move(error);
      continue;
    }
    plans.push_back(PlanColumn(*found, static_cast<size_t>(found - names.begin()), options));
  }
  if (missing) return *std::move(missing);
  return plans;
}

Status CheckNames(const std::vector<std::string>& names, const SourceFile& file, int64_t line) {
  std::vector<std::pair<std::string_view, size_t>> sorted;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) {
      return file.Invalid(fmt::format("column {} of {} has no name", i + 1, names.size()), line)
          .Expected("a header with a name for each column")
          .Try("naming it, or leaving the index out where the file is written");
    }
    sorted.emplace_back(names[i], i);
  }
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i].first != sorted[i - 1].first) continue;
    return file
        .Invalid(fmt::format("columns {} and {} are both named '{}'", sorted[i - 1].second + 1,
                             sorted[i].second + 1, sorted[i].first),
                 line)
        .Expected("a name of its own for each column");
  }
  return {};
}

Result<ReadResult> ReadTableInBlocks(const std::string& path, const ReadOptions& options,
                                     const ReadTuning& tuning, ProgressSink& progress) {
  SLIPWAY_ASSIGN_OR_RETURN(const SourceFile file, SourceFile::Open(path));
  SLIPWAY_ASSIGN_OR_RETURN(const Format format, ChooseFormat(options.format, file));
  Result<ReadResult> result =
      format == Format::kParquet
          ? ReadParquet(file, options, progress)
          : ReadCsv(file, options, format == Format::kTsv ? '\t' : ',', tuning, progress);
  // A file that changes meanwhile explains whatever else went wrong.
  SLIPWAY_RETURN_IF_ERROR(file.CheckUnchanged());
  if (result.ok()) result->bytes = file.size();
  return result;
}

}  // namespace slipway::data

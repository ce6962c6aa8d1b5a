#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "core/parallel.h"
#include "core/text.h"
#include "data/table_source_internal.h"

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

Result<std::unique_ptr<TableFile>> OpenFile(const std::string& path, const std::string& format,
                                            const ReadTuning& tuning) {
  SLIPWAY_ASSIGN_OR_RETURN(SourceFile file, SourceFile::Open(path));
  SLIPWAY_ASSIGN_OR_RETURN(const Format chosen, ChooseFormat(format, file));
  if (chosen == Format::kParquet) return OpenParquet(std::move(file), tuning);
  return OpenCsv(std::move(file), chosen == Format::kTsv ? '\t' : ',', tuning);
}

}  // namespace

Result<TableSource> TableSource::Open(const std::string& path, const ReadOptions& options,
                                      const ReadTuning& tuning) {
  TableSource source;
  source.threads_ = options.threads > 0 ? options.threads : AvailableCores();
  source.rules_ =
      std::make_unique<ValueRules>(MissingValues(options.missing_values), options.decimal_comma);
  SLIPWAY_ASSIGN_OR_RETURN(std::unique_ptr<TableFile> file, OpenFile(path, options.format, tuning));
  SLIPWAY_ASSIGN_OR_RETURN(source.plans_, PlanColumns(file->names(), options, file->source()));
  SLIPWAY_RETURN_IF_ERROR(file->ChooseTypes(*source.rules_, source.plans_));
  source.files_.push_back(std::move(file));
  return source;
}

int64_t TableSource::bytes() const {
  int64_t sum = 0;
  for (const std::unique_ptr<TableFile>& file : files_) sum += file->source().size();
  return sum;
}

Result<int64_t> TableSource::Read(const std::vector<ColumnPlan>& plans, bool checked,
                                  PieceSink& sink, ProgressSink& progress) const {
  ReadProgress shown(progress, bytes());
  PassEnd end;
  for (const std::unique_ptr<TableFile>& file : files_) {
    const ReadPass pass{.plans = plans,
                        .rules = *rules_,
                        .threads = threads_,
                        .first_index = end.next_index,
                        .checked = checked,
                        .progress = shown};
    Result<PassEnd> read = file->Read(pass, sink);
    // A file that changes meanwhile explains whatever else went wrong.
    SLIPWAY_RETURN_IF_ERROR(file->source().CheckUnchanged());
    if (!read.ok()) return std::move(read).error();
    end.next_index = read->next_index;
    end.rows += read->rows;
  }
  return end.rows;
}

}  // namespace slipway::data

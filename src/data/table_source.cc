#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "core/parallel.h"
#include "core/text.h"
#include "core/uri.h"
#include "data/constant_columns_internal.h"
#include "data/object_source_internal.h"
#include "data/postgres_uri_internal.h"
#include "data/table_source_internal.h"

namespace slipway::data {
namespace {

// Files that are looked at for a first guess at the types.
constexpr size_t kSampled = 8;

Result<std::unique_ptr<TableFile>> OpenTable(std::unique_ptr<ByteSource> file, TableFormat format,
                                             int threads, const ReadTuning& tuning) {
  switch (format) {
    case TableFormat::kCsv: return OpenCsv(std::move(file), {','}, tuning);
    case TableFormat::kTsv: return OpenCsv(std::move(file), {'\t'}, tuning);
    case TableFormat::kJsonLines: return OpenJsonLines(std::move(file), threads, tuning);
    case TableFormat::kParquet: return OpenParquet(std::move(file), tuning);
    case TableFormat::kArrow: return OpenArrow(std::move(file), tuning);
  }
  return Error(ErrorCode::kInternal, "a format without a reader");
}

Error UnknownScheme(const std::string& uri) {
  Location location;
  location.file = uri;
  // Whatever stands before the last '@' may be a password.
  if (const size_t at = uri.rfind('@'); at != std::string::npos) {
    const size_t begin = uri.find("://") + 3;
    location.file = uri.substr(0, begin) + uri.substr(std::max(begin, at + 1));
  }
  return Error(ErrorCode::kInvalidInput, "this build can't read it")
      .At(std::move(location))
      .Expected("a path, file:///PATH, s3://BUCKET/KEY or postgresql://HOST/DATABASE")
      .Try("a local copy");
}

Result<std::unique_ptr<ByteSource>> OpenStored(const SourceFiles& files, size_t index) {
  const SourceFileName& file = files.files[index];
  if (files.objects == nullptr) return OpenLocalFile(file.path);
  std::unique_ptr<ByteSource> source = OpenObjectSource(files.objects, file.object);
  if (file.object.size > 0) return source;
  return source->Invalid("the object is empty").Expected(kReadableFile);
}

Error OnlyInOne(const ByteSource& file, const std::string& column, const ByteSource& other,
                bool lacks) {
  return file
      .Invalid(lacks ? fmt::format("there is no column '{}'", column)
                     : fmt::format("column '{}' is only here", column))
      .Expected(fmt::format("the same columns as in {}", other.path()))
      .Try("a pattern that leaves one of the two out");
}

}  // namespace

Error ExplainFailure(const ByteSource& file, Error error) {
  if (error.code() == ErrorCode::kInterrupted) return error;
  if (Status unchanged = file.CheckUnchanged(); !unchanged.ok()) return unchanged.error();
  if (error.code() != ErrorCode::kInvalidInput) return error;
  const Status whole = file.CheckWhole();
  return whole.ok() ? error : whole.error();
}

Result<TableSource> TableSource::Open(const std::string& path, const ReadOptions& options,
                                      const ReadTuning& tuning) {
  TableSource source;
  source.threads_ = options.threads > 0 ? options.threads : AvailableCores();
  source.rules_ =
      std::make_unique<ValueRules>(MissingValues(options.missing_values), options.decimal_comma);
  if (IsPostgresUri(path)) {
    SLIPWAY_RETURN_IF_ERROR(source.OpenQuery(path, options, tuning));
  } else {
    SLIPWAY_RETURN_IF_ERROR(source.OpenPath(path, options, tuning));
  }
  SLIPWAY_ASSIGN_OR_RETURN(
      source.plans_, PlanColumns(source.names_, options, source.parts_.front().file->source()));
  SLIPWAY_RETURN_IF_ERROR(source.ChooseTypes(options));
  if (source.many()) {
    for (const Part& part : source.parts_) part.file->Rest();
  }
  return source;
}

Status TableSource::OpenQuery(const std::string& uri, const ReadOptions& options,
                              const ReadTuning& tuning) {
  parts_.resize(1);
  SLIPWAY_ASSIGN_OR_RETURN(parts_.front().file, OpenQueryTable(uri, options.query, tuning));
  return NameColumns(SourceFiles{true, {SourceFileName{}}, nullptr}, false);
}

Status TableSource::OpenPath(const std::string& path, const ReadOptions& options,
                             const ReadTuning& tuning) {
  if (!options.query.empty()) {
    Location location;
    location.file = path;
    return Error(ErrorCode::kInvalidInput, "a query can't be put to files")
        .At(std::move(location))
        .Expected("postgresql://HOST/DATABASE");
  }
  std::string local = path;
  if (IsFileUri(path)) {
    const std::optional<std::string> named = PathOfFileUri(path);
    if (!named) return UnknownScheme(path);
    local = *named;
  } else if (path.find("://") != std::string::npos && !IsObjectUri(path)) {
    return UnknownScheme(path);
  }
  SLIPWAY_ASSIGN_OR_RETURN(const SourceFiles files, ListSourceFiles(local));
  return OpenFiles(files, options, tuning);
}

Status TableSource::OpenFiles(const SourceFiles& files, const ReadOptions& options,
                              const ReadTuning& tuning) {
  parts_.resize(files.files.size());
  std::vector<TableFormat> formats(parts_.size());
  std::vector<std::unique_ptr<ByteSource>> sources(parts_.size());
  SLIPWAY_RETURN_IF_ERROR(ParallelFor(parts_.size(), threads_, [&](size_t i) -> Status {
    SLIPWAY_ASSIGN_OR_RETURN(std::unique_ptr<ByteSource> stored, OpenStored(files, i));
    SLIPWAY_ASSIGN_OR_RETURN(sources[i], Uncompress(std::move(stored)));
    SLIPWAY_ASSIGN_OR_RETURN(formats[i], ChooseFormat(options.format, *sources[i]));
    if (many()) sources[i]->Rest();
    return {};
  }));
  for (size_t i = 1; i < formats.size(); ++i) {
    if (formats[i] == formats[0]) continue;
    return sources[i]
        ->Invalid(fmt::format("this is {}", ToString(formats[i])))
        .Expected(fmt::format("{}, as {} is", ToString(formats[0]), sources[0]->path()))
        .Try("a pattern that matches files of one format only");
  }
  const int threads = many() ? 1 : threads_;
  SLIPWAY_RETURN_IF_ERROR(ParallelFor(parts_.size(), threads_, [&](size_t i) -> Status {
    SLIPWAY_ASSIGN_OR_RETURN(parts_[i].file,
                             OpenTable(std::move(sources[i]), formats[i], threads, tuning));
    const bool sampled = i % ((parts_.size() + kSampled - 1) / kSampled) == 0;
    if (many() && !sampled) parts_[i].file->Rest();
    return {};
  }));
  return NameColumns(files, formats.front() == TableFormat::kJsonLines);
}

// The first file's columns in its order, then those of folders.
Status TableSource::NameColumns(const SourceFiles& files, bool absent_is_missing) {
  names_ = parts_.front().file->names();
  std::unordered_set<std::string> known(names_.begin(), names_.end());
  const auto add = [&](const std::string& name) {
    if (known.insert(name).second) names_.push_back(name);
  };
  for (size_t i = 1; absent_is_missing && i < parts_.size(); ++i) {
    for (const std::string& name : parts_[i].file->names()) add(name);
  }
  for (const auto& [key, value] : files.files.front().partitions) add(key);
  for (size_t i = 0; i < parts_.size(); ++i) {
    SLIPWAY_RETURN_IF_ERROR(MatchColumns(parts_[i], files.files[i], absent_is_missing));
  }
  return {};
}

Status TableSource::MatchColumns(Part& part, const SourceFileName& name,
                                 bool absent_is_missing) const {
  const ByteSource& first = parts_.front().file->source();
  const ByteSource& file = part.file->source();
  std::unordered_map<std::string, int> own;
  for (const std::string& column : part.file->names()) {
    own.emplace(column, static_cast<int>(own.size()));
  }
  std::unordered_map<std::string, std::optional<std::string>> folders;
  for (const auto& [key, value] : name.partitions) folders.emplace(key, value);
  part.columns.assign(names_.size(), -1);
  part.values.resize(names_.size());
  size_t found = 0;
  size_t from_folders = 0;
  for (size_t i = 0; i < names_.size(); ++i) {
    const auto folder = folders.find(names_[i]);
    if (folder != folders.end()) ++from_folders;
    if (const auto column = own.find(names_[i]); column != own.end()) {
      part.columns[i] = column->second;
      ++found;
    } else if (folder != folders.end()) {
      part.values[i] = folder->second;
    } else if (!absent_is_missing) {
      return OnlyInOne(file, names_[i], first, true);
    }
  }
  if (found < own.size() || from_folders < folders.size()) {
    const std::unordered_set<std::string> known(names_.begin(), names_.end());
    for (const std::string& column : part.file->names()) {
      if (!known.contains(column)) return OnlyInOne(file, column, first, false);
    }
    for (const auto& [key, value] : name.partitions) {
      if (!known.contains(key)) return OnlyInOne(file, key, first, false);
    }
  }
  return {};
}

Status TableSource::ChooseTypes(const ReadOptions& options) {
  std::vector<ColumnPlan> readable;
  bool typed = false;
  for (ColumnPlan& plan : plans_) {
    const size_t left_out = issues_.size();
    SLIPWAY_ASSIGN_OR_RETURN(const bool own, TakeTypes(plan, !options.columns.empty()));
    typed = typed || own;
    if (issues_.size() == left_out) readable.push_back(std::move(plan));
  }
  plans_ = std::move(readable);
  if (plans_.empty()) {
    return parts_.front()
        .file->source()
        .Invalid("no column can be read")
        .Try(issues_.empty() ? "" : issues_.front().message);
  }
  return GuessTypes();
}

Result<bool> TableSource::TakeTypes(ColumnPlan& plan, bool asked_for) {
  const TableFile* typed_by = nullptr;
  FileType all;
  for (const Part& part : parts_) {
    const int column = part.columns[static_cast<size_t>(plan.source)];
    if (column < 0) continue;
    FileType type = part.file->TypeOf(column);
    if (!type.known) return false;
    const ByteSource& file = part.file->source();
    if (!type.type) {
      const std::string message = fmt::format("column '{}' has the type {}", plan.name, type.name);
      constexpr const char* kExpected = "numbers, text, booleans, dates or timestamps";
      constexpr const char* kRemedy = "flattening it, or leaving it out where the file is written";
      if (asked_for) return file.Invalid(message).Expected(kExpected).Try(kRemedy);
      Issue issue;
      issue.kind = "unreadable_column";
      issue.column = plan.name;
      issue.message = fmt::format("{}; expected {}; try {}", message, kExpected, kRemedy);
      issues_.push_back(std::move(issue));
      return true;
    }
    if (type.empty && typed_by != nullptr) continue;
    if (typed_by != nullptr && !all.empty && type.type != all.type && !plan.forced) {
      return file.Invalid(fmt::format("column '{}' has the type {}", plan.name, type.name))
          .Expected(fmt::format("{}, as in {}", all.name, typed_by->source().path()))
          .Try(fmt::format("data.categorical_columns: [{}], or writing it as one type", plan.name));
    }
    typed_by = part.file.get();
    all = std::move(type);
  }
  if (typed_by == nullptr) return false;
  // The file's own types stand: text is not looked through for numbers.
  if (!plan.forced) plan.type = *all.type;
  plan.forced = true;
  return true;
}

Status TableSource::GuessTypes() {
  std::vector<Evidence> evidence(plans_.size());
  const size_t step = (parts_.size() + kSampled - 1) / kSampled;
  for (size_t i = 0; i < parts_.size(); i += step) {
    const Part& part = parts_[i];
    std::vector<size_t> looked_at;
    std::vector<ColumnPlan> plans;
    for (size_t k = 0; k < plans_.size(); ++k) {
      const auto column = static_cast<size_t>(plans_[k].source);
      if (plans_[k].forced) continue;
      if (part.columns[column] >= 0) {
        looked_at.push_back(k);
        plans.push_back(plans_[k]);
        plans.back().source = part.columns[column];
      } else if (part.values[column]) {
        evidence[k].Look(TrimValue(*part.values[column]), *rules_);
      }
    }
    if (plans.empty()) continue;
    std::vector<Evidence> seen(plans.size());
    SLIPWAY_RETURN_IF_ERROR(part.file->Sample(*rules_, plans, seen));
    for (size_t k = 0; k < plans.size(); ++k) evidence[looked_at[k]].Add(seen[k]);
  }
  for (size_t k = 0; k < plans_.size(); ++k) {
    if (!plans_[k].forced) plans_[k].type = evidence[k].Type();
  }
  return {};
}

int64_t TableSource::bytes() const {
  int64_t sum = 0;
  for (const Part& part : parts_) sum += part.file->source().stored_size();
  return sum;
}

Result<int64_t> TableSource::Read(const std::vector<ColumnPlan>& plans, bool checked,
                                  PieceSink& sink, ProgressSink& progress) const {
  ReadProgress shown(progress, bytes());
  PassEnd end;
  for (const Part& part : parts_) {
    const ReadPass pass{.plans = plans,
                        .rules = *rules_,
                        .threads = threads_,
                        .first_index = end.next_index,
                        .checked = checked,
                        .progress = shown};
    Result<PassEnd> read = ReadPart(part, pass, sink);
    if (!read.ok()) return ExplainFailure(part.file->source(), std::move(read).error());
    SLIPWAY_RETURN_IF_ERROR(part.file->source().CheckUnchanged());
    if (many()) part.file->Rest();
    end.next_index = read->next_index;
    end.rows += read->rows;
  }
  return end.rows;
}

Result<PassEnd> TableSource::ReadPart(const Part& part, const ReadPass& pass,
                                      PieceSink& sink) const {
  std::vector<ColumnPlan> own;
  std::vector<std::optional<std::string>> values;
  std::vector<int> sources;  // Of each plan its place among `own`, -1 for a constant.
  for (const ColumnPlan& plan : pass.plans) {
    const auto column = static_cast<size_t>(plan.source);
    const bool constant = part.columns[column] < 0;
    sources.push_back(constant ? -1 : static_cast<int>(own.size()));
    values.push_back(part.values[column]);
    if (constant) continue;
    own.push_back(plan);
    own.back().source = part.columns[column];
  }
  if (own.size() == pass.plans.size()) {
    return part.file->Read(
        {own, pass.rules, pass.threads, pass.first_index, pass.checked, pass.progress}, sink);
  }
  // Somebody has to count the rows.
  if (own.empty()) own.push_back({part.file->names().front(), 0, ColumnType::kCategory, true});
  ConstantColumns joined(pass.plans, pass.rules, sources, values, sink);
  return part.file->Read(
      {own, pass.rules, pass.threads, pass.first_index, pass.checked, pass.progress}, joined);
}

}  // namespace slipway::data

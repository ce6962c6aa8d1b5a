#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <span>

#include "core/replace_file.h"
#include "serve/prediction_record_internal.h"
#include "serve/prediction_segments_internal.h"

namespace slipway::serve {
namespace {

using data::PackedColumn;
using data::PackedType;

template <typename T>
T ValueAt(std::string_view values, size_t place) {
  T value{};
  std::memcpy(&value, values.data() + place * sizeof(T), sizeof(T));
  return value;
}

int64_t Microseconds(double seconds) {
  constexpr double kMicroseconds = 1e6, kMost = 9e18;
  const double time = std::round(seconds * kMicroseconds);
  return std::abs(time) < kMost ? static_cast<int64_t>(time) : data::kMissingTime;
}

int64_t IntegerOf(std::string_view text) {
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Values that lie one behind the other, wherever they begin.
template <typename T>
void AppendAll(std::string_view bytes, std::vector<T>* values) {
  const size_t begin = values->size();
  values->resize(begin + bytes.size() / sizeof(T));
  if (!bytes.empty()) std::memcpy(values->data() + begin, bytes.data(), bytes.size());
}

PackedColumn Constant(std::string name, const std::string& value) {
  return {.name = std::move(name), .type = PackedType::kCategory, .categories = {value}};
}

class PredictionColumns : public SegmentColumns {
 public:
  explicit PredictionColumns(const LoggedModel& model) : model_(model) {
    columns_ = {{.name = "time", .type = PackedType::kTime},
                {.name = "request_id", .type = PackedType::kText},
                {.name = "row", .type = PackedType::kInteger, .repeats = true},
                Constant("model", model.name),
                Constant("version", model.version),
                Constant("digest", model.digest),
                {.name = "latency_ms", .type = PackedType::kFloat},
                {.name = "trace_id", .type = PackedType::kText}};
    for (const LoggedModel::Input& input : model.inputs) columns_.push_back(InputColumn(input));
    const auto outputs = model::OutputFields(model.classes, model.integer_labels);
    for (const model::OutputField& output : outputs) columns_.push_back(OutputColumn(output));
    if (!model.service.empty()) columns_.push_back(Constant("service", model.service));
    parts_.resize(model.inputs.size());
    if (model.integer_labels) {
      for (const std::string& name : model.classes) label_integers_.push_back(IntegerOf(name));
    }
  }

  bool Append(std::string_view record) override {
    RecordReader reader(record);
    head_ = reader.Take<RecordHead>();
    if (head_.kind != RecordKind::kPrediction) return false;
    id_ = reader.TakeBytes(head_.id_bytes);
    const size_t rows = head_.rows, classes = model_.classes.size();
    outcomes_ = reader.TakeBytes(rows * (classes == 0 ? sizeof(double) : sizeof(int32_t)));
    scores_ = reader.TakeBytes(rows * classes * sizeof(float));
    for (size_t i = 0; i < parts_.size(); ++i) {
      const bool texts = model_.inputs[i].type == data::ColumnType::kCategory;
      parts_[i] = texts ? TakeTexts(&reader) : reader.TakeBytes(rows * sizeof(double));
    }
    trace_ = reader.TakeText();
    if (!reader.ok() || !AreLabelsKnown()) return false;
    AppendRequest();
    for (size_t i = 0; i < parts_.size(); ++i) AppendInput(i);
    AppendOutputs();
    rows_ += head_.rows;
    return true;
  }

 private:
  enum Place { kTime, kId, kRow, kModel, kVersion, kDigest, kLatency, kTrace, kFirstInput };

  static PackedColumn InputColumn(const LoggedModel::Input& input) {
    PackedColumn column{.name = "input." + input.name};
    if (input.type == data::ColumnType::kTimestamp) column.type = PackedType::kTime;
    if (input.type == data::ColumnType::kCategory) {
      column.type = PackedType::kText;
      column.repeats = true;
    }
    return column;
  }

  PackedColumn OutputColumn(const model::OutputField& output) const {
    PackedColumn column{.name = output.name};
    if (output.type == "int64")
      column = {.name = output.name, .type = PackedType::kInteger, .repeats = true};
    if (output.type == "float") column.type = PackedType::kFloat;
    if (output.type == "string") {
      column.type = PackedType::kCategory;
      column.categories = model_.classes;
    }
    return column;
  }

  // Lengths and texts of all rows, as they lie.
  std::string_view TakeTexts(RecordReader* reader) const {
    const std::string_view before = reader->rest();
    for (uint32_t row = 0; row < head_.rows && reader->ok(); ++row) {
      const auto length = reader->Take<uint32_t>();
      if (length != kMissingText) reader->TakeBytes(length);
    }
    return before.substr(0, before.size() - reader->rest().size());
  }

  bool AreLabelsKnown() const {
    if (model_.regression()) return true;
    for (uint32_t row = 0; row < head_.rows; ++row) {
      const auto label = ValueAt<int32_t>(outcomes_, row);
      if (label < 0 || label >= std::ssize(model_.classes)) return false;
    }
    return true;
  }

  void AppendRequest() {
    for (uint32_t row = 0; row < head_.rows; ++row) {
      columns_[kTime].integers.push_back(head_.time);
      columns_[kId].AddText(id_);
      columns_[kRow].integers.push_back(head_.first_row + row);
      for (const Place same : {kModel, kVersion, kDigest}) columns_[same].codes.push_back(0);
      if (!model_.service.empty()) columns_.back().codes.push_back(0);
      columns_[kLatency].floats.push_back(head_.latency_ms);
      if (trace_.empty()) {
        columns_[kTrace].AddMissingText();
      } else {
        columns_[kTrace].AddText(trace_);
      }
    }
  }

  void AppendInput(size_t input) {
    PackedColumn& column = columns_[kFirstInput + input];
    const std::string_view part = parts_[input];
    if (column.type == PackedType::kDouble) return AppendAll(part, &column.doubles);
    if (column.type == PackedType::kText) return AppendTexts(part, &column);
    for (uint32_t row = 0; row < head_.rows; ++row)
      column.integers.push_back(Microseconds(ValueAt<double>(part, row)));
  }

  void AppendTexts(std::string_view part, PackedColumn* column) const {
    RecordReader texts(part);
    for (uint32_t row = 0; row < head_.rows; ++row) {
      const auto length = texts.Take<uint32_t>();
      if (length == kMissingText) {
        column->AddMissingText();
      } else {
        column->AddText(texts.TakeBytes(length));
      }
    }
  }

  void AppendOutputs() {
    const std::span outputs = std::span(columns_).subspan(kFirstInput + parts_.size());
    if (model_.regression()) return AppendAll(outcomes_, &outputs[0].doubles);
    if (model_.integer_labels) {
      for (uint32_t row = 0; row < head_.rows; ++row)
        outputs[0].integers.push_back(label_integers_[ValueAt<uint32_t>(outcomes_, row)]);
    } else {
      AppendAll(outcomes_, &outputs[0].codes);
    }
    const size_t classes = model_.classes.size();
    for (uint32_t row = 0; row < head_.rows; ++row) {
      for (size_t cls = 0; cls < classes; ++cls)
        outputs[1 + cls].floats.push_back(ValueAt<float>(scores_, row * classes + cls));
    }
  }

  const LoggedModel model_;
  std::vector<int64_t> label_integers_;  // By class, where labels are integers.
  // Of the record that is appended:
  RecordHead head_;
  std::string_view id_, outcomes_, scores_, trace_;
  std::vector<std::string_view> parts_;  // One an input.
};

class FeedbackColumns : public SegmentColumns {
 public:
  explicit FeedbackColumns(const std::string& model) {
    columns_ = {{.name = "time", .type = PackedType::kTime},
                {.name = "request_id", .type = PackedType::kText},
                {.name = "row", .type = PackedType::kInteger, .repeats = true},
                Constant("model", model),
                {.name = "version", .type = PackedType::kText, .repeats = true},
                {.name = "label", .type = PackedType::kText, .repeats = true},
                {.name = "label_number", .type = PackedType::kDouble},
                {.name = "predicted", .type = PackedType::kText, .repeats = true},
                {.name = "predicted_number", .type = PackedType::kDouble},
                {.name = "correct", .type = PackedType::kBoolean}};
  }

  bool Append(std::string_view record) override {
    RecordReader reader(record);
    const auto head = reader.Take<RecordHead>();
    if (head.kind != RecordKind::kFeedback) return false;
    const std::string_view id = reader.TakeBytes(head.id_bytes);
    const GivenLabel label = ReadLabel(&reader);
    const FeedbackMatch match = ReadMatch(&reader);
    if (!reader.ok()) return false;
    columns_[kTime].integers.push_back(head.time);
    columns_[kId].AddText(id);
    columns_[kRow].integers.push_back(head.first_row);
    columns_[kModel].codes.push_back(0);
    AddOrMiss(match.known, match.version, &columns_[kVersion]);
    columns_[kLabel].AddText(label.text);
    columns_[kLabelNumber].doubles.push_back(label.number);
    AddOrMiss(match.known, match.predicted, &columns_[kPredicted]);
    columns_[kPredictedNumber].doubles.push_back(match.predicted_number);
    columns_[kCorrect].codes.push_back(match.correct);
    ++rows_;
    return true;
  }

 private:
  enum Place {
    kTime,
    kId,
    kRow,
    kModel,
    kVersion,
    kLabel,
    kLabelNumber,
    kPredicted,
    kPredictedNumber,
    kCorrect
  };

  static void AddOrMiss(bool known, std::string_view text, PackedColumn* column) {
    if (known) {
      column->AddText(text);
    } else {
      column->AddMissingText();
    }
  }
};

// What a file says of itself: the version of this layout.
const data::FileMetadata kMetadata = {{"slipway.log", "1"}};
// Rows that are columns in memory at a time: a group of the file.
constexpr int64_t kGroupRows = int64_t{1} << 14U;

// All records of a spool as a file of Parquet; the bytes are empty where there are no rows.
struct Segment {
  int64_t rows = 0;
  std::string parquet;
};

Result<Segment> MakeSegment(SpoolReader* spool) {
  Segment segment;
  std::unique_ptr<data::PackedFile> file;
  const auto columns = SegmentColumns::Make(spool->header());
  const auto flush = [&]() -> Status {
    if (file == nullptr) {
      SLIPWAY_ASSIGN_OR_RETURN(file, data::MakePackedFile());
    }
    segment.rows += columns->rows();
    SLIPWAY_RETURN_IF_ERROR(file->Add(columns->columns(), columns->rows()));
    columns->Clear();
    return {};
  };
  for (std::string_view record = spool->NextRecord(); !record.empty();
       record = spool->NextRecord()) {
    columns->Append(record);
    if (columns->rows() >= kGroupRows) SLIPWAY_RETURN_IF_ERROR(flush());
  }
  if (!spool->status().ok()) return spool->status().error();
  if (columns->rows() > 0) SLIPWAY_RETURN_IF_ERROR(flush());
  if (file != nullptr) {
    SLIPWAY_ASSIGN_OR_RETURN(segment.parquet, file->Finish(kMetadata));
  }
  return segment;
}

}  // namespace

std::unique_ptr<SegmentColumns> SegmentColumns::Make(const SpoolHeader& header) {
  if (header.kind == SpoolKind::kFeedback)
    return std::make_unique<FeedbackColumns>(header.model.name);
  return std::make_unique<PredictionColumns>(header.model);
}

void SegmentColumns::Clear() {
  rows_ = 0;
  for (data::PackedColumn& column : columns_) column.Clear();
}

std::string KeyPartOf(std::string_view name) {
  std::string part;
  for (size_t i = 0; i < name.size(); ++i) {
    const auto byte = static_cast<unsigned char>(name[i]);
    const bool letter = (byte | 0x20U) >= 'a' && (byte | 0x20U) <= 'z';
    const bool digit = byte >= '0' && byte <= '9';
    // Readers of folders pass over names that begin with one of these.
    const bool mark = byte == '-' || (i > 0 && (byte == '.' || byte == '_'));
    if (letter || digit || mark) {
      part += name[i];
    } else {
      part += fmt::format("%{:02X}", byte);
    }
  }
  return part.empty() ? "model" : part;
}

std::string SegmentKey(SpoolKind kind, const std::string& model, Clock::WallTime now) {
  constexpr size_t kDate = 10, kRandom = 16;
  const std::string time = FormatTimestamp(now);
  std::string stamp = time;
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
  return fmt::format("{}/{}/{}/{}-{}.parquet", KeyPartOf(model),
                     kind == SpoolKind::kFeedback ? "feedback" : "predictions",
                     time.substr(0, kDate), stamp, RandomName().substr(0, kRandom));
}

Result<int64_t> PublishSpool(FileSystem& files, data::ObjectStore& store, const std::string& path) {
  SLIPWAY_ASSIGN_OR_RETURN(std::optional<SpoolReader> spool, SpoolReader::Open(path));
  int64_t rows = 0;
  if (spool) {
    SLIPWAY_ASSIGN_OR_RETURN(const Segment segment, MakeSegment(&*spool));
    rows = segment.rows;
    if (rows > 0) SLIPWAY_RETURN_IF_ERROR(store.Put(spool->header().key, segment.parquet));
  }
  SLIPWAY_RETURN_IF_ERROR(files.RemoveFile(path));
  return rows;
}

}  // namespace slipway::serve

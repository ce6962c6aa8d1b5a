#include <algorithm>
#include <array>
#include <span>
#include <string>

#include "serve/prediction_record_internal.h"

namespace slipway::serve {
namespace {

constexpr size_t kBytesPerRecord = size_t{256} << 10U;

// One past the last row, as an index.
struct Range {
  explicit Range(RowRange rows)
      : begin(static_cast<size_t>(rows.first)), count(static_cast<size_t>(rows.count)) {}
  template <typename T>
  std::span<const T> Of(const std::vector<T>& values, size_t each = 1) const {
    return std::span(values).subspan(begin * each, count * each);
  }
  size_t begin, count;
};

template <typename T>
void PutAll(std::span<const T> values, RecordWriter* writer) {
  writer->PutBytes(values.data(), values.size_bytes());
}

size_t TextBytes(const data::Column& column, std::span<const int32_t> codes) {
  size_t bytes = codes.size() * sizeof(uint32_t);
  for (const int32_t code : codes) {
    if (code != data::kMissingCode) bytes += column.categories[static_cast<size_t>(code)].size();
  }
  return bytes;
}

void PutTexts(const data::Column& column, std::span<const int32_t> codes, RecordWriter* writer) {
  for (const int32_t code : codes) {
    if (code == data::kMissingCode) {
      writer->Put(kMissingText);
    } else {
      writer->PutText(column.categories[static_cast<size_t>(code)]);
    }
  }
}

}  // namespace

bool Fits(const LoggedModel& model, const Observation& observation) {
  const model::Predictions& predictions = *observation.predictions;
  const data::Table& table = *observation.rows;
  if (predictions.classes != std::ssize(model.classes) || predictions.rows != table.rows) {
    return false;
  }
  const auto fits = [&](const data::Column& column, const LoggedModel::Input& input) {
    return column.type == input.type && column.size() == table.rows;
  };
  return std::ranges::equal(table.columns, model.inputs, fits);
}

int64_t RowsPerRecord(const Observation& observation) {
  const auto classes = static_cast<size_t>(observation.predictions->classes);
  const size_t row =
      sizeof(double) * (observation.rows->columns.size() + 1) + sizeof(float) * classes;
  return static_cast<int64_t>(std::max<size_t>(kBytesPerRecord / row, 1));
}

size_t SizeOfRecord(RecordKind kind, const Observation& observation, RowRange rows) {
  const model::Predictions& predictions = *observation.predictions;
  const Range range(rows);
  const size_t outcome = predictions.regression() ? sizeof(double) : sizeof(int32_t);
  size_t size = sizeof(RecordHead) + observation.request_id.size() + outcome * range.count;
  if (kind == RecordKind::kOutcome) return size;
  size += sizeof(float) * range.count * static_cast<size_t>(predictions.classes);
  for (const data::Column& column : observation.rows->columns) {
    size += column.type == data::ColumnType::kCategory ? TextBytes(column, range.Of(column.codes))
                                                       : range.count * sizeof(double);
  }
  return size + sizeof(uint32_t) + observation.trace_id.size();
}

void WriteRecord(RecordKind kind, const Observation& observation, RowRange rows, char* room) {
  constexpr float kMillisecond = 1e6F;
  const model::Predictions& predictions = *observation.predictions;
  const Range range(rows);
  RecordWriter writer(room);
  RecordHead head;
  head.kind = kind;
  head.model = observation.model->number;
  head.first_row = static_cast<uint32_t>(rows.first);
  head.rows = static_cast<uint32_t>(rows.count);
  head.time = observation.begun_ns;
  head.latency_ms = static_cast<float>(observation.made_ns - observation.begun_ns) / kMillisecond;
  head.id_bytes = static_cast<uint32_t>(observation.request_id.size());
  writer.Put(head);
  writer.PutBytes(observation.request_id.data(), observation.request_id.size());
  if (predictions.regression()) {
    PutAll(range.Of(predictions.values), &writer);
  } else {
    PutAll(range.Of(predictions.labels), &writer);
  }
  if (kind == RecordKind::kOutcome) return;
  PutAll(range.Of(predictions.scores, static_cast<size_t>(predictions.classes)), &writer);
  for (const data::Column& column : observation.rows->columns) {
    if (column.type == data::ColumnType::kCategory) {
      PutTexts(column, range.Of(column.codes), &writer);
    } else {
      PutAll(range.Of(column.numbers), &writer);
    }
  }
  writer.PutText(observation.trace_id);
}

size_t SizeOfRecord(const Feedback& feedback) {
  return sizeof(RecordHead) + feedback.request_id.size() + sizeof(GivenLabel::Kind) +
         sizeof(double) + sizeof(uint32_t) + feedback.label.text.size();
}

void WriteRecord(const LoggedModel& asked, const Feedback& feedback, const FeedbackArrival& arrival,
                 char* room) {
  const bool own = !arrival.own_ids.empty() && feedback.request_id.starts_with(arrival.own_ids);
  RecordWriter writer(room);
  RecordHead head;
  head.kind = RecordKind::kFeedback;
  head.is_copy = arrival.reach == FeedbackReach::kCopied ? 1 : 0;
  head.may_be_others = arrival.reach != FeedbackReach::kAlone && !own ? 1 : 0;
  head.model = asked.number;
  head.first_row = static_cast<uint32_t>(feedback.row);
  head.rows = 1;
  head.time = arrival.now_ns;
  head.id_bytes = static_cast<uint32_t>(feedback.request_id.size());
  writer.Put(head);
  writer.PutBytes(feedback.request_id.data(), feedback.request_id.size());
  writer.Put(feedback.label.kind);
  writer.Put(feedback.label.number);
  writer.PutText(feedback.label.text);
}

GivenLabel ReadLabel(RecordReader* record) {
  GivenLabel label;
  label.kind = record->Take<GivenLabel::Kind>();
  label.number = record->Take<double>();
  label.text = record->TakeText();
  return label;
}

void AppendMatch(const FeedbackMatch& match, std::string* record) {
  const size_t begin = record->size();
  record->resize(begin + match.version.size() + match.predicted.size() + 2 * sizeof(uint32_t) +
                 sizeof(match.known) + sizeof(match.predicted_number) + sizeof(match.correct));
  RecordWriter writer(record->data() + begin);
  writer.Put(match.known);
  writer.PutText(match.version);
  writer.PutText(match.predicted);
  writer.Put(match.predicted_number);
  writer.Put(match.correct);
}

FeedbackMatch ReadMatch(RecordReader* record) {
  FeedbackMatch match;
  match.known = record->Take<uint8_t>() != 0;
  match.version = record->TakeText();
  match.predicted = record->TakeText();
  match.predicted_number = record->Take<double>();
  match.correct = record->Take<int32_t>();
  return match;
}

}  // namespace slipway::serve

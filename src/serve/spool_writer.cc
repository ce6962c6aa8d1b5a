#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "core/text.h"
#include "serve/prediction_segments_internal.h"
#include "serve/spool_writer_internal.h"

namespace slipway::serve {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// A frame is written at the end of each turn, and before it grows beyond this.
constexpr size_t kFrameBytes = size_t{1} << 20U;
constexpr milliseconds kFirstRetry(200), kLastRetry(5000);

int64_t Microseconds(auto time) {
  return std::chrono::duration_cast<microseconds>(time.time_since_epoch()).count();
}

RecordHead HeadOf(std::string_view record) { return RecordReader(record).Take<RecordHead>(); }

}  // namespace

void Outage::Failed(const std::string& message) {
  if (!std::exchange(lasts_, true)) tell_(message);
}

void Outage::Worked(const std::string& message) {
  if (std::exchange(lasts_, false)) tell_(message);
}

milliseconds BackOff::Next() { return std::exchange(next_, std::min(next_ * 2, most_)); }

SpoolWriter::SpoolWriter(const PredictionLogOptions& options, const LoggedModels& models,
                         FeedbackJoin* join, const SpoolFolder* folder, PredictionCounts* counts,
                         Sealed sealed)
    : options_(options),
      models_(models),
      join_(join),
      folder_(folder),
      counts_(counts),
      sealed_(std::move(sealed)),
      back_off_(kFirstRetry, kLastRetry),
      outage_(options.tell),
      full_(options.tell) {}

void SpoolWriter::Drain(const PredictionLanes& lanes) {
  if (stuck_ && options_.clock->SteadyNow() < retry_at_) return;
  if (stuck_ && !FlushAll()) return;
  epoch_us_ = Microseconds(options_.clock->Now()) - Microseconds(options_.clock->SteadyNow());
  TakeAll(lanes);
  TakeLabels(lanes);
  FlushAll();
  SealOld();
}

Status SpoolWriter::Finish(const PredictionLanes& lanes) {
  retry_at_ = {};
  Drain(lanes);
  // What one turn leaves, the next one takes.
  if (!stuck_) Drain(lanes);
  const int64_t lost = stuck_ ? DropAll(lanes) : 0;
  for (const auto& stream : streams_) Seal(stream.get());
  streams_.clear();
  if (lost == 0) return {};
  Location location;
  location.file = folder_->path();
  return Error(ErrorCode::kIo, fmt::format("{} of the prediction log could not be written here",
                                           Plural(lost, "row", "rows")))
      .At(std::move(location))
      .Try("to make room on the disk");
}

void SpoolWriter::TakeAll(const PredictionLanes& lanes) {
  for (const auto& lane : lanes) {
    // A loop that is faster than this thread must not keep it from the others.
    size_t left = lane->queue.capacity();
    while (!stuck_) {
      const auto record = lane->queue.Front();
      if (!record || record->size() > left) break;
      left -= record->size();
      Take(*record);
      lane->queue.Pop();
    }
  }
}

// The prediction that a label is of may have come to a queue that was emptied before the label came
// to its own. It was answered before, so that it is in its queue by now.
void SpoolWriter::TakeLabels(const PredictionLanes& lanes) {
  if (labels_.empty()) return;
  const std::vector<std::string> labels = std::exchange(labels_, {});
  TakeAll(lanes);
  for (const std::string& record : labels) JoinLabel(record);
}

void SpoolWriter::Take(std::string_view record) {
  const RecordHead head = HeadOf(record);
  if (head.kind == RecordKind::kFeedback) {
    labels_.emplace_back(record);
    return;
  }
  const LoggedModel* const model = models_.Find(head.model);
  if (model == nullptr) return;
  join_->AddOutcomes(*model, record);
  if (head.kind == RecordKind::kPrediction)
    Keep(SpoolKind::kPredictions, *model, record, head.rows);
}

void SpoolWriter::JoinLabel(std::string_view record) {
  RecordReader reader(record);
  const auto head = reader.Take<RecordHead>();
  const std::string_view id = reader.TakeBytes(head.id_bytes);
  const GivenLabel label = ReadLabel(&reader);
  const FeedbackJoin::Joined joined =
      join_->Join(id, head.first_row, label, head.may_be_others != 0);
  const LoggedModel* const model =
      joined.model == nullptr ? models_.Find(head.model) : joined.model;
  if (model == nullptr || folder_ == nullptr || head.is_copy != 0) return;
  joined_ = record;
  AppendMatch(joined.match, &joined_);
  Keep(SpoolKind::kFeedback, *model, joined_, 1);
}

void SpoolWriter::Keep(SpoolKind kind, const LoggedModel& model, std::string_view record,
                       int64_t rows) {
  if (counts_->waiting_bytes.load() >= options_.spool_bytes) {
    counts_->dropped += rows;
    full_.Failed(fmt::format("{}: {} of the prediction log wait here, more are dropped",
                             folder_->path(), FormatBytes(options_.spool_bytes)));
    return;
  }
  if (full_.lasts()) full_.Worked("the prediction log has room again");
  Stream& stream = StreamOf(kind, model);
  stream.frame.Add(record);
  stream.frame.AddRows(rows);
  constexpr int64_t kNanoseconds = 1000;
  const int64_t time = HeadOf(record).time / kNanoseconds + epoch_us_;
  std::memcpy(stream.frame.last() + offsetof(RecordHead, time), &time, sizeof(time));
  if (stream.frame.bytes() >= kFrameBytes && Flush(&stream) && IsFull(stream)) Seal(&stream);
}

bool SpoolWriter::IsFull(const Stream& stream) const {
  return stream.rows >= options_.segment_rows || stream.bytes >= options_.segment_bytes;
}

SpoolWriter::Stream& SpoolWriter::StreamOf(SpoolKind kind, const LoggedModel& model) {
  for (const auto& stream : streams_) {
    const bool same =
        kind == SpoolKind::kFeedback ? stream->model->name == model.name : stream->model == &model;
    if (stream->kind == kind && same) return *stream;
  }
  streams_.push_back(std::make_unique<Stream>());
  streams_.back()->kind = kind;
  streams_.back()->model = &model;
  return *streams_.back();
}

bool SpoolWriter::FlushAll() {
  stuck_ = false;
  const bool written =
      std::ranges::all_of(streams_, [&](const auto& stream) { return Flush(stream.get()); });
  if (!written) return false;
  back_off_.Reset();
  outage_.Worked("the prediction log is written again");
  return true;
}

bool SpoolWriter::Flush(Stream* stream) {
  if (stream->frame.empty()) return true;
  const Status written = Write(stream);
  if (written.ok()) return true;
  ++counts_->failed_writes;
  stuck_ = true;
  retry_at_ = options_.clock->SteadyNow() + back_off_.Next();
  outage_.Failed("the prediction log can't be written, and goes on trying: " +
                 written.error().ToString());
  return false;
}

Status SpoolWriter::Write(Stream* stream) {
  if (stream->file == nullptr) SLIPWAY_RETURN_IF_ERROR(Begin(stream));
  const std::string_view frame = stream->frame.Finish();
  if (Status appended = stream->file->Append(frame); !appended.ok()) {
    // Its last frame may be torn: nothing may follow.
    Seal(stream);
    return appended;
  }
  const auto bytes = static_cast<int64_t>(frame.size());
  stream->rows += stream->frame.rows();
  stream->bytes += bytes;
  counts_->waiting_bytes += bytes;
  stream->frame.Clear();
  return {};
}

Status SpoolWriter::Begin(Stream* stream) {
  SpoolHeader header;
  header.kind = stream->kind;
  header.key = SegmentKey(stream->kind, stream->model->name, options_.clock->Now());
  header.model.name = stream->model->name;
  if (stream->kind == SpoolKind::kPredictions) header.model = *stream->model;
  std::string name = BaseName(header.key);
  name.resize(name.rfind('.'));
  const std::string path = JoinPath(folder_->path(), name + std::string(kSpoolSuffix));
  SLIPWAY_ASSIGN_OR_RETURN(auto file, options_.files->CreateFile(path));
  if (Status begun = file->Append(WriteSpoolHeader(header)); !begun.ok()) {
    // A full disk must not fill with these.
    (void)options_.files->RemoveFile(path);
    return begun;
  }
  stream->path = path;
  stream->file = std::move(file);
  stream->rows = stream->bytes = 0;
  stream->begun = options_.clock->SteadyNow();
  return {};
}

void SpoolWriter::Seal(Stream* stream) {
  if (stream->file == nullptr) return;
  // Its bytes are with the system already; what a crash of the machine leaves is told by checksums.
  (void)stream->file->Close();
  stream->file.reset();
  if (stream->rows > 0) {
    sealed_(stream->path, stream->bytes);
  } else {
    (void)options_.files->RemoveFile(stream->path);
  }
}

void SpoolWriter::SealOld() {
  const std::chrono::duration<double> most(options_.segment_seconds);
  const auto now = options_.clock->SteadyNow();
  for (const auto& stream : streams_) {
    if (IsFull(*stream) || now - stream->begun >= most) Seal(stream.get());
  }
  std::erase_if(streams_, [](const auto& stream) {
    return stream->file == nullptr && stream->frame.empty();
  });
}

int64_t SpoolWriter::DropAll(const PredictionLanes& lanes) {
  int64_t rows = 0;
  for (const auto& stream : streams_) {
    rows += stream->frame.rows();
    stream->frame.Clear();
  }
  for (const auto& lane : lanes) {
    for (auto record = lane->queue.Front(); record; record = lane->queue.Front()) {
      const RecordHead head = HeadOf(*record);
      if (head.kind != RecordKind::kOutcome && head.is_copy == 0) rows += head.rows;
      lane->queue.Pop();
    }
  }
  counts_->dropped += rows;
  return rows;
}

}  // namespace slipway::serve

// Arrow's own formats: files (Feather 2 is the same) and streams of record batches.
#include <arrow/array.h>
#include <arrow/ipc/reader.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <exception>
#include <string_view>
#include <utility>

#include "core/parallel.h"
#include "data/arrow_input_internal.h"
#include "data/arrow_values_internal.h"
#include "data/decoded_pass_internal.h"
#include "data/table_file_internal.h"

namespace slipway::data {
namespace {

constexpr std::string_view kFileMagic = "ARROW1";

// Batches in order, whichever format they are in.
class Batches {
 public:
  static arrow::Result<Batches> Open(const std::shared_ptr<ArrowInput>& input, bool is_file,
                                     const arrow::ipc::IpcReadOptions& options) {
    Batches batches;
    if (is_file) {
      ARROW_ASSIGN_OR_RAISE(batches.file_,
                            arrow::ipc::RecordBatchFileReader::Open(input.get(), options));
    } else {
      ARROW_ASSIGN_OR_RAISE(batches.stream_,
                            arrow::ipc::RecordBatchStreamReader::Open(input, options));
    }
    return batches;
  }

  std::shared_ptr<arrow::Schema> schema() const {
    return file_ ? file_->schema() : stream_->schema();
  }

  // Null at the end.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() {
    if (stream_) return stream_->Next();
    if (next_ == file_->num_record_batches()) return nullptr;
    return file_->ReadRecordBatch(next_++);
  }

 private:
  std::shared_ptr<arrow::ipc::RecordBatchFileReader> file_;
  std::shared_ptr<arrow::ipc::RecordBatchStreamReader> stream_;
  int next_ = 0;
};

// What `work` gives, its exceptions as a status.
template <typename T, typename Work>
arrow::Result<T> Guarded(Work work) {
  try {
    return work();
  } catch (const std::exception& error) {
    return arrow::Status::Invalid(error.what());
  }
}

// Some columns, batch by batch; a batch larger than a block is shown in slices.
class ArrowDecoder : public BlockDecoder {
 public:
  ArrowDecoder(const ByteSource& file, bool is_file, const ReadPass& pass)
      : file_(file),
        is_file_(is_file),
        input_(std::make_shared<ArrowInput>(file, "Arrow")),
        pass_(pass) {
    // Columns come in the order of the file.
    for (const ColumnPlan& plan : pass.plans) columns_.push_back(plan.source);
    std::ranges::sort(columns_);
    arrow::ipc::IpcReadOptions options = arrow::ipc::IpcReadOptions::Defaults();
    options.included_fields = columns_;
    options.use_threads = pass.threads > 1;
    batches_ = Guarded<Batches>([&] { return Batches::Open(input_, is_file, options); });
  }

  Result<int64_t> Decode(int64_t rows, int threads, std::vector<ColumnPiece>& pieces) override {
    if (!batches_.ok()) return input_->Explain("", batches_.status());
    while (batch_ == nullptr || at_ == batch_->num_rows()) {
      auto next = Guarded<std::shared_ptr<arrow::RecordBatch>>([&] { return batches_->Next(); });
      if (!next.ok()) return input_->Explain("", next.status());
      batch_ = *std::move(next);
      at_ = 0;
      if (batch_ == nullptr) {
        SLIPWAY_RETURN_IF_ERROR(CheckEnd());
        return 0;
      }
      TellProgress();
    }
    const std::shared_ptr<arrow::RecordBatch> slice = batch_->Slice(at_, rows);
    SLIPWAY_RETURN_IF_ERROR(ParallelFor(pieces.size(), threads, [&](size_t i) {
      return Append(*slice, pass_.plans[i], pieces[i]);
    }));
    at_ += slice->num_rows();
    return slice->num_rows();
  }

 private:
  Status Append(const arrow::RecordBatch& batch, const ColumnPlan& plan, ColumnPiece& piece) const {
    const auto place = std::ranges::lower_bound(columns_, plan.source) - columns_.begin();
    const std::shared_ptr<arrow::Array> array = batch.column(static_cast<int>(place));
    // Damaged offsets and codes would point anywhere.
    if (const arrow::Status valid = array->ValidateFull(); !valid.ok()) {
      return input_->Explain(plan.name, valid);
    }
    AppendArray(*array, false, piece);
    return {};
  }

  // A stream may end without its mark, and so does one that was cut between two batches.
  Status CheckEnd() const {
    if (is_file_) return {};
    if (input_->at_end()) {
      return file_.Invalid("the stream has no end mark: it may be cut short")
          .Expected("a whole Arrow stream")
          .Try("writing it again, and closing its writer");
    }
    char more = 0;
    SLIPWAY_ASSIGN_OR_RETURN(const size_t count,
                             file_.ReadAt(input_->Tell().ValueOrDie(), &more, 1));
    if (count == 0) return {};
    return file_.Invalid("there is more behind the end of the stream")
        .Expected("one Arrow stream")
        .Try("a file for each stream, and a pattern that matches them");
  }

  void TellProgress() {
    const int64_t read = file_.StoredUntil(input_->furthest());
    pass_.progress.Add(std::max<int64_t>(0, read - std::exchange(told_, std::max(told_, read))));
  }

  const ByteSource& file_;
  const bool is_file_;  // Else a stream.
  const std::shared_ptr<ArrowInput> input_;
  const ReadPass& pass_;
  std::vector<int> columns_;  // Of the file, in its order.
  arrow::Result<Batches> batches_;
  std::shared_ptr<arrow::RecordBatch> batch_;
  int64_t at_ = 0;  // Rows of the batch that were shown.
  int64_t told_ = 0;
};

class ArrowTable : public TableFile {
 public:
  explicit ArrowTable(std::unique_ptr<ByteSource> file) : file_(std::move(file)) {}

  Status Open() {
    char head[kFileMagic.size()];
    SLIPWAY_ASSIGN_OR_RETURN(const size_t count, file_->ReadAt(0, head, sizeof head));
    is_file_ = std::string_view(head, count) == kFileMagic;
    if (is_file_ && !file_->IsSeekable()) {
      return file_->Invalid("an Arrow file can't be read from within gzip or zstd data")
          .Try("to uncompress it, or to write it with compressed buffers or as a stream");
    }
    SLIPWAY_RETURN_IF_ERROR(ReadSchema());
    for (const std::shared_ptr<arrow::Field>& field : schema_->fields()) {
      names_.push_back(field->name());
    }
    return CheckNames(names_, *file_, 0);
  }

  const ByteSource& source() const override { return *file_; }
  const std::vector<std::string>& names() const override { return names_; }

  FileType TypeOf(int column) const override {
    const arrow::DataType& type = *schema_->field(column)->type();
    return {true, ColumnTypeOf(type), type.id() == arrow::Type::NA, type.ToString()};
  }

  Result<PassEnd> Read(const ReadPass& pass, PieceSink& sink) const override {
    ArrowDecoder decoder(*file_, is_file_, pass);
    return ReadDecoded(decoder, pass, sink);
  }

 private:
  Status ReadSchema() {
    const auto input = std::make_shared<ArrowInput>(*file_, "Arrow");
    const auto batches = Guarded<Batches>(
        [&] { return Batches::Open(input, is_file_, arrow::ipc::IpcReadOptions::Defaults()); });
    if (!batches.ok()) return input->Explain("", batches.status());
    schema_ = batches->schema();
    return {};
  }

  const std::unique_ptr<ByteSource> file_;
  bool is_file_ = false;  // Else a stream.
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::string> names_;
};

}  // namespace

Result<std::unique_ptr<TableFile>> OpenArrow(std::unique_ptr<ByteSource> file,
                                             const ReadTuning& /*tuning*/) {
  auto table = std::make_unique<ArrowTable>(std::move(file));
  SLIPWAY_RETURN_IF_ERROR(table->Open());
  return table;
}

}  // namespace slipway::data

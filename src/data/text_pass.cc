#include <atomic>
#include <mutex>
#include <utility>

#include "core/interrupt.h"
#include "core/parallel.h"
#include "data/text_pass_internal.h"

namespace slipway::data {
namespace {

class TextPass {
 public:
  TextPass(const ByteSource& file, TextBlocks& blocks,
           const std::function<std::unique_ptr<TextParser>()>& make_parser, const ReadPass& pass,
           PieceSink& sink)
      : file_(file), blocks_(blocks), make_parser_(make_parser), pass_(pass), sink_(sink) {}

  Result<PassEnd> Run() {
    const auto count = static_cast<size_t>(pass_.threads);
    const Status status =
        ParallelFor(count, pass_.threads, [this](size_t) { return ReadBlocks(); });
    if (fault_) return FaultError();
    SLIPWAY_RETURN_IF_ERROR(status);
    PassEnd end{pass_.first_index + rows_.size(), 0};
    for (const int64_t rows : rows_) end.rows += rows;
    return end;
  }

 private:
  Status ReadBlocks() {
    AbandonUnlessDone leaving(sink_);
    const std::unique_ptr<TextParser> parser = make_parser_();
    TextBlock block;
    while (!failed_) {
      SLIPWAY_RETURN_IF_ERROR(CheckInterrupted());
      Result<bool> more = blocks_.Next(block);
      if (more.ok() && !*more) break;
      Status status = more.ok() ? ReadBlock(*parser, block) : std::move(more).error();
      if (!status.ok()) {
        failed_ = true;
        return status;
      }
      pass_.progress.Add(block.stored);
    }
    if (!failed_) leaving.Done();
    return {};
  }

  Status ReadBlock(TextParser& parser, const TextBlock& block) {
    ParsedBlock parsed;
    std::optional<TextFault> fault = parser.Parse(block, parsed);
    {
      const std::lock_guard lock(mutex_);
      if (rows_.size() <= block.index) rows_.resize(block.index + 1);
      rows_[block.index] = parsed.rows;
      if (fault) {
        // Blocks before this one are all begun: whichever is the first wrong one, it will be found.
        failed_ = true;
        if (!fault_ || fault->block < fault_->block) fault_ = std::move(fault);
        return {};
      }
    }
    return sink_.Take(pass_.first_index + block.index, std::move(parsed.pieces), 1);
  }

  Error FaultError() const {
    Location location;
    location.file = file_.path();
    location.line = file_.LineAt(fault_->offset).value_or(0);
    location.column = fault_->column;
    location.row = fault_->row + 1;
    if (location.row > 0) {
      for (size_t i = 0; i < fault_->block; ++i) location.row += rows_[i];
    }
    Error error = Error(ErrorCode::kInvalidInput, fault_->message)
                      .At(std::move(location))
                      .Expected(fault_->expected);
    return fault_->hint.empty() ? error : std::move(error).Try(fault_->hint);
  }

  const ByteSource& file_;
  TextBlocks& blocks_;
  const std::function<std::unique_ptr<TextParser>()>& make_parser_;
  const ReadPass& pass_;
  PieceSink& sink_;

  std::atomic<bool> failed_{false};
  std::mutex mutex_;  // Guards the two below.
  std::vector<int64_t> rows_;
  std::optional<TextFault> fault_;
};

}  // namespace

Result<PassEnd> ReadText(const ByteSource& file, TextBlocks& blocks,
                         const std::function<std::unique_ptr<TextParser>()>& make_parser,
                         const ReadPass& pass, PieceSink& sink) {
  return TextPass(file, blocks, make_parser, pass, sink).Run();
}

}  // namespace slipway::data

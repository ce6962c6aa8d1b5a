#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "core/interrupt.h"
#include "core/parallel.h"
#include "data/decoded_pass_internal.h"

namespace slipway::data {
namespace {

class DecodedPass {
 public:
  DecodedPass(BlockDecoder& decoder, const ReadPass& pass, PieceSink& sink)
      : decoder_(decoder), pass_(pass), sink_(sink) {}

  Result<PassEnd> Run() {
    const auto workers = static_cast<size_t>(pass_.threads);
    SLIPWAY_RETURN_IF_ERROR(
        ParallelFor(workers, pass_.threads, [this](size_t) { return TakeBlocks(); }));
    return PassEnd{pass_.first_index + next_, rows_};
  }

 private:
  Status TakeBlocks() {
    AbandonUnlessDone leaving(sink_);
    while (true) {
      std::vector<ColumnPiece> pieces;
      Result<size_t> index = Decode(pieces);
      if (index.ok() && pieces.empty()) break;
      Status status = index.ok() ? sink_.Take(pass_.first_index + *index, std::move(pieces), 1)
                                 : std::move(index).error();
      if (status.ok()) continue;
      failed_ = true;
      return status;
    }
    if (!failed_) leaving.Done();
    return {};
  }

  // The next block; no pieces where there is none.
  Result<size_t> Decode(std::vector<ColumnPiece>& pieces) {
    const std::lock_guard lock(mutex_);
    if (ended_ || failed_) return next_;
    SLIPWAY_RETURN_IF_ERROR(CheckInterrupted());
    pieces.reserve(pass_.plans.size());
    for (const ColumnPlan& plan : pass_.plans) pieces.emplace_back(plan, pass_.rules);
    Result<int64_t> rows =
        decoder_.Decode(BlockRows(pieces.size()), std::max(1, pass_.threads / 2), pieces);
    if (!rows.ok()) {
      failed_ = true;  // While nobody else decodes: what comes behind the failure would be told.
      return std::move(rows).error();
    }
    rows_ += *rows;
    if (*rows > 0) return next_++;
    ended_ = true;
    pieces.clear();
    return next_;
  }

  BlockDecoder& decoder_;
  const ReadPass& pass_;
  PieceSink& sink_;
  std::atomic<bool> failed_{false};

  std::mutex mutex_;  // Guards the decoder and all below.
  size_t next_ = 0;
  int64_t rows_ = 0;
  bool ended_ = false;
};

}  // namespace

int64_t BlockRows(size_t columns) {
  // A block's values, over all columns.
  constexpr int64_t kBlockValues = int64_t{2} << 20U;
  constexpr int64_t kLeastRows = 1024;
  constexpr int64_t kMostRows = int64_t{1} << 16U;
  const auto count = std::max<int64_t>(1, static_cast<int64_t>(columns));
  return std::clamp(kBlockValues / count, kLeastRows, kMostRows);
}

Result<PassEnd> ReadDecoded(BlockDecoder& decoder, const ReadPass& pass, PieceSink& sink) {
  return DecodedPass(decoder, pass, sink).Run();
}

}  // namespace slipway::data

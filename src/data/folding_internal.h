// Digests of blocks, made on several threads, folded in row order.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>

#include "data/scan.h"

namespace slipway::data {

// Thread-safe. Whoever brings the block whose turn it is folds it and those that wait behind it.
class OrderedFolding {
 public:
  // `ahead`: how many digests may wait; whoever brings one more waits for its turn.
  OrderedFolding(BlockSink& sink, size_t ahead) : sink_(sink), ahead_(ahead) {}

  // Indices from 0, each once.
  void Add(size_t index, int64_t rows, std::unique_ptr<BlockDigest> digest);
  // Nobody waits any more: something failed, and the block whose turn it is may never come.
  void Abandon();

 private:
  struct Waiting {
    int64_t rows = 0;
    std::unique_ptr<BlockDigest> digest;
  };

  BlockSink& sink_;
  const size_t ahead_;
  std::mutex mutex_;  // Guards all below.
  std::condition_variable turn_;
  std::map<size_t, Waiting> waiting_;
  size_t next_ = 0;
  int64_t rows_ = 0;
  bool folding_ = false;
  bool abandoned_ = false;
};

}  // namespace slipway::data

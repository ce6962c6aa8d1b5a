// A uniform sample of the rows of what is scanned, in memory for the sample alone.
#pragma once

#include <memory>
#include <vector>

#include "data/scan.h"
#include "data/types.h"

namespace slipway::data {

class RowSampler : public BlockSink {
 public:
  RowSampler(int64_t rows, uint64_t seed);
  ~RowSampler() override;

  Status Begin(const std::vector<ColumnHeader>& columns) override;
  std::unique_ptr<BlockDigest> Reduce(const Block& block, int threads) const override;
  void Fold(std::unique_ptr<BlockDigest> digest, int64_t first_row, int64_t rows) override;

  // After the scan, once: rows in their order; the same for the same table and seed.
  Table Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace slipway::data

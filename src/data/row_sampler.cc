#include "data/row_sampler.h"

#include <utility>

#include "data/row_sample_internal.h"
#include "data/value_hash.h"

namespace slipway::data {
namespace {

struct SampleDigest : BlockDigest {
  explicit SampleDigest(RowSample::Candidates chosen) : candidates(std::move(chosen)) {}
  RowSample::Candidates candidates;
};

// Adds a column's values to the hashes of the rows.
void AddHashes(const ColumnView& view, uint64_t salt, std::vector<uint64_t>* hashes) {
  if (view.type != ColumnType::kCategory) {
    for (size_t row = 0; row < hashes->size(); ++row) {
      (*hashes)[row] += HashOf(view.numbers[row]) * salt;
    }
    return;
  }
  std::vector<uint64_t> of_code(view.categories->size());
  for (size_t code = 0; code < of_code.size(); ++code) {
    of_code[code] = HashOf(std::string_view((*view.categories)[code]));
  }
  for (size_t row = 0; row < hashes->size(); ++row) {
    const int32_t code = view.codes[row];
    if (code >= 0) (*hashes)[row] += of_code[static_cast<size_t>(code)] * salt;
  }
}

}  // namespace

struct RowSampler::State {
  State(int64_t rows, uint64_t seed) : sample(rows, seed) {}
  RowSample sample;
};

RowSampler::RowSampler(int64_t rows, uint64_t seed) : state_(std::make_unique<State>(rows, seed)) {}
RowSampler::~RowSampler() = default;

Status RowSampler::Begin(const std::vector<ColumnHeader>& columns) {
  state_->sample.Begin(columns);
  return {};
}

std::unique_ptr<BlockDigest> RowSampler::Reduce(const Block& block, int /*threads*/) const {
  std::vector<uint64_t> hashes(static_cast<size_t>(block.rows));
  for (size_t i = 0; i < block.columns.size(); ++i) {
    AddHashes(block.columns[i], MixBits(i) | 1U, &hashes);
  }
  return std::make_unique<SampleDigest>(state_->sample.Choose(block, hashes));
}

void RowSampler::Fold(std::unique_ptr<BlockDigest> digest, int64_t first_row, int64_t /*rows*/) {
  state_->sample.Add(static_cast<SampleDigest&>(*digest).candidates, first_row);
}

Table RowSampler::Finish() { return state_->sample.Finish(); }

}  // namespace slipway::data

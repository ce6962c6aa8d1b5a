#include <algorithm>
#include <mutex>
#include <utility>

#include "core/parallel.h"
#include "data/column_profiler_internal.h"
#include "data/profile.h"
#include "data/row_sample_internal.h"
#include "data/value_hash.h"

namespace slipway::data {
namespace {

constexpr size_t kMaxExamples = 10;
constexpr int64_t kMostExactValues = 100'000;  // A column.
constexpr int64_t kExactValues = 8'000'000;    // Of all columns: 64 MB.
constexpr size_t kMostParts = 8;               // Of a block, reduced side by side.
constexpr int64_t kSampleValues = 4'000'000;   // Likewise, 32 MB.

int64_t ShareOf(int64_t room, size_t columns, int64_t most) {
  return std::min(most, room / std::max<int64_t>(1, static_cast<int64_t>(columns)));
}

struct TableDigest : BlockDigest {
  std::vector<ColumnProfiler::Digest> columns;
  std::vector<uint64_t> row_hashes;
  RowSample::Candidates candidates;
};

}  // namespace

struct TableProfiler::State {
  State(const std::vector<ColumnHeader>& headers, const ProfileOptions& options)
      : sample(ShareOf(kSampleValues, headers.size(), options.sample_rows), options.seed) {
    const int64_t exact = ShareOf(kExactValues, headers.size(), kMostExactValues);
    for (const ColumnHeader& header : headers) {
      columns.push_back(std::make_unique<ColumnProfiler>(header, columns.size(), exact));
    }
    sample.Begin(headers);
  }

  int64_t rows = 0;
  std::vector<std::unique_ptr<ColumnProfiler>> columns;
  RepeatedRowsSketch repeated;
  RowSample sample;
};

TableProfiler::TableProfiler(ProfileOptions options) : options_(std::move(options)) {}
TableProfiler::~TableProfiler() = default;

Status TableProfiler::Begin(const std::vector<ColumnHeader>& columns) {
  state_ = std::make_unique<State>(columns, options_);
  return {};
}

std::unique_ptr<BlockDigest> TableProfiler::Reduce(const Block& block, int threads) const {
  auto digest = std::make_unique<TableDigest>();
  digest->columns.resize(block.columns.size());
  digest->row_hashes.resize(static_cast<size_t>(block.rows));
  const size_t parts = std::clamp<size_t>(static_cast<size_t>(threads), 1, kMostParts);
  std::mutex mutex;
  // Cannot fail; an interrupt is left to the reader, who checks for it between blocks.
  (void)ParallelFor(parts, threads, [&](size_t part) -> Status {
    std::vector<uint64_t> hashes(digest->row_hashes.size());
    for (size_t i = part; i < block.columns.size(); i += parts) {
      digest->columns[i] = state_->columns[i]->Reduce(block.columns[i], hashes);
    }
    const std::lock_guard lock(mutex);
    for (size_t row = 0; row < hashes.size(); ++row) digest->row_hashes[row] += hashes[row];
    return {};
  });
  for (uint64_t& hash : digest->row_hashes) hash = MixBits(hash);
  digest->candidates = state_->sample.Choose(block, digest->row_hashes);
  return digest;
}

void TableProfiler::Fold(std::unique_ptr<BlockDigest> digest, int64_t first_row, int64_t rows) {
  auto& part = static_cast<TableDigest&>(*digest);
  for (size_t i = 0; i < part.columns.size(); ++i) {
    state_->columns[i]->Fold(std::move(part.columns[i]), first_row, rows);
  }
  if (options_.repeated_rows) state_->repeated.AddAll(part.row_hashes, first_row);
  state_->sample.Add(part.candidates, first_row);
  state_->rows += rows;
}

TableProfile TableProfiler::Finish(int threads) {
  TableProfile profile;
  State& state = *state_;
  profile.rows = state.rows;
  profile.columns.resize(state.columns.size());
  if (threads <= 0) threads = AvailableCores();
  // Cannot fail, as above.
  (void)ParallelFor(state.columns.size(), threads, [&](size_t i) -> Status {
    profile.columns[i] = state.columns[i]->Finish();
    return {};
  });
  for (const std::unique_ptr<ColumnProfiler>& column : state.columns) {
    profile.missing_rows.push_back(column->missing_rows());
    profile.infinite_rows.push_back(column->infinite_rows());
  }
  profile.repeated = state.repeated.Summary(kMaxExamples);
  profile.sample = state.sample.Finish();
  if (options_.target.empty()) return profile;
  const std::vector<double> associations = Associations(profile.sample, options_.target, threads);
  for (size_t i = 0; i < associations.size(); ++i) {
    profile.columns[i].association = associations[i];
  }
  return profile;
}

TableProfile ProfileTable(const Table& table, const ProfileOptions& options, int threads) {
  TableProfiler profiler(options);
  // Neither can fail; an interrupt is left to the caller, who checks for it between steps.
  (void)ScanRows(table, profiler, threads);
  return profiler.Finish(threads);
}

TableProfile ProfileTable(const Table& table, std::span<const int64_t> rows,
                          const ProfileOptions& options, int threads) {
  TableProfiler profiler(options);
  (void)ScanRows(table, rows, profiler, threads);
  return profiler.Finish(threads);
}

}  // namespace slipway::data

// Statistics of a table's columns, in one pass over tables of any size.
//
// Memory is bounded: what grows with the rows goes into sketches that state their error. Profiles
// of parts of a table merge into the profile of the whole, within that error, and can be stored:
// they are what later data is compared with.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "data/repeated_rows.h"
#include "data/scan.h"
#include "data/types.h"

namespace slipway::data {

// Where ColumnProfile::quantiles are taken.
inline constexpr std::array<double, 9> kQuantileProbabilities = {0,    0.01, 0.05, 0.25, 0.5,
                                                                 0.75, 0.95, 0.99, 1};
inline constexpr int kHistogramBins = 20;
inline constexpr int kTopCategories = 100;

struct ProfileOptions {
  // Rows kept as a uniform sample, fewer of tables with more than 400 columns.
  int64_t sample_rows = 10'000;
  uint64_t seed = 42;  // Of the sample.
  // Association with this column is measured, on the sample; "" for none.
  std::string target;
  bool repeated_rows = true;  // Whether rows that repeat an earlier one are counted.
};

struct TableProfile {
  int64_t rows = 0;
  std::vector<ColumnProfile> columns;  // In the order of the table.
  RepeatedRowsSummary repeated;
  // In a model's own profile: of its predictions for rows that it did not learn from, which are
  // other rows than those of `columns`. Null elsewhere.
  std::shared_ptr<const TableProfile> predictions;

  // What a stored profile does not have:
  Table sample;  // Rows in their order.
  // By column the first ten rows without a value, and with an infinite one; from 0.
  std::vector<std::vector<int64_t>> missing_rows, infinite_rows;
};

// Makes the profile of what is scanned. Quantiles and histograms are exact while a column has at
// most 100,000 values (less where more than 80 columns share the room); distinct values up to 1,024
// and categories up to 2,048 different ones.
class TableProfiler : public BlockSink {
 public:
  explicit TableProfiler(ProfileOptions options = {});
  ~TableProfiler() override;

  Status Begin(const std::vector<ColumnHeader>& columns) override;
  std::unique_ptr<BlockDigest> Reduce(const Block& block, int threads) const override;
  void Fold(std::unique_ptr<BlockDigest> digest, int64_t first_row, int64_t rows) override;

  // Call once, after the scan.
  TableProfile Finish(int threads = 0);

 private:
  struct State;
  const ProfileOptions options_;
  std::unique_ptr<State> state_;
};

// The profile of some rows of a table in memory, or of all. The same on any number of threads, 0
// for all available cores. A column without values has no quantiles and no histogram, one with a
// single value has one bin. Infinite values count as present; everything else is over finite ones.
TableProfile ProfileTable(const Table& table, const ProfileOptions& options = {}, int threads = 0);
TableProfile ProfileTable(const Table& table, std::span<const int64_t> rows,
                          const ProfileOptions& options = {}, int threads = 0);

// kInvalidInput where a column has none, as in a stored profile that was cut down.
Status CheckSketches(const TableProfile& profile);

// The profile of both parts' rows. kInvalidInput where a column has another type in each, naming
// it, or no sketches; one that a part lacks is missing in all rows of that part.
Result<TableProfile> MergeProfiles(const TableProfile& left, const TableProfile& right);

// How much of the target each column of `sample` tells by itself, in its order: Theil's uncertainty
// coefficient, I(X; Y) / H(Y), 1 where the column gives the target away. Numbers are cut into up to
// 16 bins of equal counts, missing values are one more; the mutual information is corrected for the
// bias of counting (Miller 1955) and is 0 at least. NaN for the target itself, and where it has one
// value only.
std::vector<double> Associations(const Table& sample, const std::string& target, int threads = 0);

// Count, mean and sum of squared differences from it.
struct Moments {
  int64_t count = 0;
  double mean = 0, m2 = 0;
};
// Of both together, after Chan, Golub and LeVeque (1979).
Moments MergeMoments(const Moments& left, const Moments& right);

// Sets what follows from the sketches: distinct, top, minimum, maximum, quantiles, histogram and
// their errors.
void Summarize(const ColumnSketches& sketches, ColumnProfile* profile);

// As a file keeps it: the columns' figures in plain JSON, their sketches in base64. The sketches of
// exact columns are thinned to a few kilobytes.
Json ToStoredJson(const TableProfile& profile);
Result<TableProfile> TableProfileFromJson(const Json& json);
// The same of a file's text, for which a profile of 500 columns is a matter of milliseconds.
Result<TableProfile> ReadStoredProfile(std::string_view text, const std::string& file);

}  // namespace slipway::data

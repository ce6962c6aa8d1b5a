// A table against its schema, block by block: types, ranges, categories, patterns, lengths, missing
// and repeated values, freshness, and expressions between columns.
//
// Results do not depend on how rows are divided into blocks and partial tallies.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/table_schema.h"
#include "core/clock.h"
#include "core/result.h"
#include "data/block.h"
#include "data/types.h"

namespace slipway::data {

struct SchemaPlan;
struct SchemaTally;

class SchemaCheck {
 public:
  // A schema as the configuration reads it, and the columns of the table in the order of the
  // blocks. `now` is what "now" and ages are measured by. kInvalidInput, with the places in the
  // schema's file, for expressions that are wrong: all of them at once.
  static Result<SchemaCheck> Make(const config::TableSchema& schema,
                                  const std::vector<std::string>& names,
                                  const std::vector<ColumnType>& types, Clock::WallTime now);

  // What was counted of some consecutive rows. One thread at a time; different ones are
  // independent.
  class Partial {
   public:
    explicit Partial(std::shared_ptr<const SchemaPlan> plan);
    ~Partial();
    Partial(Partial&&) noexcept;
    Partial& operator=(Partial&&) noexcept;

    // Blocks come in the order of rows.
    void Add(const Block& block);
    // `later` is of the same SchemaCheck and of later rows. `first_row` goes on top of its rows,
    // where its blocks counted from 0 because nobody knew yet how many rows come before them.
    void Merge(Partial&& later, int64_t first_row = 0);

   private:
    friend class SchemaCheck;
    std::shared_ptr<const SchemaPlan> plan_;
    std::unique_ptr<SchemaTally> tally_;
  };
  Partial Start() const { return Partial(plan_); }

  // `all` merged from all rows. The table's issues first, then those of columns in the schema's
  // order, then those of checks. `value` is what `limit` is compared with: a share (below_minimum,
  // above_maximum, unexpected_category, pattern_mismatch, too_short, too_long, schema_type,
  // not_unique of present values; not_nullable, too_many_missing and failed_check of all rows),
  // rows (row_count), seconds (too_old) or columns (missing_columns, extra_columns, column_order).
  std::vector<Issue> Issues(const Partial& all, int64_t rows) const;

 private:
  explicit SchemaCheck(std::shared_ptr<const SchemaPlan> plan) : plan_(std::move(plan)) {}

  std::shared_ptr<const SchemaPlan> plan_;
};

}  // namespace slipway::data

// Requests that are predicted together, and what each gets of it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>

#include "core/clock.h"
#include "data/types.h"
#include "model/predictor.h"
#include "serve/batcher.h"

namespace slipway::serve {

struct Waiting {
  data::Table rows;
  Batcher::Done done;
  Clock::SteadyTime since;

  // A request without rows takes room all the same.
  int64_t weight() const { return std::max<int64_t>(rows.rows, 1); }
};

// Requests that left their queue.
struct Batch {
  std::shared_ptr<const model::Predictor> predictor;
  std::list<Waiting> requests;
  std::list<Waiting> late;  // To be refused.
  int64_t rows = 0;         // Of `requests`.
};

// The rows of all requests, one behind the other; nothing where they have not the same columns, or
// one of them has columns of other lengths than its table, which would shift the rows of others.
std::optional<data::Table> JoinRows(const Batch& batch);

// The answers to `rows` rows from `begin` on.
model::Predictions SliceOf(const model::Predictions& all, int64_t begin, int64_t rows);

}  // namespace slipway::serve

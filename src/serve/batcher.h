// Requests predicted together, for a model whose call costs much and whose rows cost little: a
// graph in ONNX Runtime, whose call takes tens of microseconds for one row as for thirty.
//
// The requests of a model wait in a queue of its own. Once there are rows enough, or the oldest has
// waited long enough, a worker joins their rows, predicts once and gives each request the answers
// to its own. Joining is of no account to whoever asks: rows that a model refuses are refused to
// the request that had them, with its own row number, and the others are answered. Only in the last
// bit may a score differ, where the engine adds up in another order for more rows.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "core/clock.h"
#include "core/result.h"
#include "data/types.h"
#include "model/predictor.h"

namespace slipway::serve {

struct BatcherOptions {
  // Most of a batch, but for a request that has more by itself: it goes alone.
  int64_t rows = 32;
  // How long the oldest request waits for others. 0: until a worker is free, which takes what has
  // come meanwhile, so that batches grow with the load and an idle server makes nobody wait.
  double delay_seconds = 0;
  int threads = 0;            // Workers; 0 for one a core that this process may use.
  int64_t queue_rows = 4096;  // Most that wait, a model; at least `rows`.
  // A request whose turn comes later than that is refused: whoever asked has given up. Above the
  // delay.
  double longest_wait_seconds = 10;
};

struct BatcherCounts {
  // Since the start. Those of a batch are counted when it goes.
  int64_t batches = 0, requests = 0, rows = 0;
  int64_t refused = 0;       // Requests that met a full queue.
  int64_t late = 0;          // Requests that had waited too long.
  int64_t retried = 0;       // Requests that were predicted alone because their batch failed.
  int64_t waiting_rows = 0;  // Now.

  // Of a batch; 0 before the first.
  double mean_rows() const {
    return batches == 0 ? 0 : static_cast<double>(rows) / static_cast<double>(batches);
  }
};

// All calls from any thread.
class Batcher {
 public:
  // Must not throw, nor end the batcher; it may submit.
  using Done = std::move_only_function<void(Result<model::Predictions>)>;

  // kInvalidInput names an option that can't be; kIo where the system gives no threads. `clock`
  // outlives it.
  static Result<std::unique_ptr<Batcher>> Make(const BatcherOptions& options,
                                               const Clock& clock = SystemClock());
  // Predicts what still waits, without delay. Nobody else submits any more.
  virtual ~Batcher() = default;

  // Calls `done` once, from a worker thread, with what `predictor` says of `rows`, or kUnavailable
  // where that took too long. The predictor is the queue: rows of different ones are never mixed.
  // Where its queue is full it returns false, and `rows` and `done` are still the caller's. A
  // served model is kept while it is asked by {served, served->model.predictor.get()}.
  virtual bool Submit(std::shared_ptr<const model::Predictor> predictor, data::Table&& rows,
                      Done&& done) = 0;

  virtual BatcherCounts counts() const = 0;
};

}  // namespace slipway::serve

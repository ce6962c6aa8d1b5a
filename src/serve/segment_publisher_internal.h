// Makes segments of the spools that get no more rows, one after the other, and tries again where
// the store can't be reached.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "serve/prediction_spool_internal.h"
#include "serve/spool_writer_internal.h"

namespace slipway::serve {

class SegmentPublisher {
 public:
  // All outlive it.
  SegmentPublisher(const PredictionLogOptions& options, data::ObjectStore* store,
                   PredictionCounts* counts);

  // Takes over what another process left. Before Run.
  void Adopt(std::unique_ptr<SpoolFolder> folder);
  // By any thread.
  void Add(const std::string& path, int64_t bytes);

  // Returns after Finish, when nothing waits or one spool could not be put where it belongs: with
  // the error.
  Status Run();
  // Nothing is added any more. By any thread.
  void Finish();

 private:
  struct Spool {
    std::string path;
    int64_t bytes = 0;
  };

  std::optional<Spool> Next();
  Status Publish(const Spool& spool);
  void Done(const Spool& spool);
  Error Unfinished(Error cause);

  const PredictionLogOptions& options_;
  data::ObjectStore* const store_;
  PredictionCounts* const counts_;
  std::vector<std::unique_ptr<SpoolFolder>> adopted_;
  BackOff back_off_;
  Outage outage_;

  std::mutex mutex_;  // Guards what follows.
  std::condition_variable changed_;
  std::deque<Spool> spools_;
  bool finishing_ = false;
};

}  // namespace slipway::serve

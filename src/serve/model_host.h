// The models of a server: loaded, checked, and replaced while it answers.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "model/artifact.h"
#include "serve/answer_writer.h"

namespace slipway::serve {

struct LoadedModel {
  model::Model model;
  std::string name;     // In paths and answers.
  std::string version;  // The registry's counter, or what a deployment calls it; "" for none.
  std::vector<double> prediction_bounds = {};  // Set by the host: PredictionBoundsOf.
};

// A path is known by its last part: models/churn.onnx is churn.
std::string NameOfPath(const std::string& path);

// Where a model comes from. Load resolves its reference anew, so that an alias that moved gives
// another version.
class ModelSource {
 public:
  virtual ~ModelSource() = default;
  virtual const std::string& reference() const = 0;
  virtual Result<LoadedModel> Load() = 0;
};

// A model that answers. Never changes.
struct ServedModel {
  explicit ServedModel(LoadedModel loaded);

  model::Model model;
  std::string name;
  std::string version;
  std::vector<double> prediction_bounds;  // Of a regression.
  AnswerWriter writer;
  bool batched;  // A call costs much: several requests may share one.
};

// What a reload came to.
struct Taken {
  std::vector<std::shared_ptr<const ServedModel>> models;  // That are new.
  std::optional<Error> error;                              // Of all that failed, as one.
};

class ModelHost {
 public:
  // The first source is the one that /predict asks.
  explicit ModelHost(std::vector<std::unique_ptr<ModelSource>> sources);

  // Loads each anew and takes it once it has answered its golden rows as they were answered when it
  // was trained. One that fails keeps its old model, and so does one that is the same as before.
  // kInvalidInput where two have the same name and version, which nobody could tell apart.
  Taken Load();

  bool ready() const { return ready_.load(std::memory_order_acquire); }
  // Rises with each model that is taken: who keeps one looks whether it is still the newest.
  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
  // In the order of the sources; before they are ready there are none.
  std::vector<std::shared_ptr<const ServedModel>> models() const;

 private:
  // In the place of source `place`, unless the model there is this one already.
  Status Take(size_t place, LoadedModel loaded, Taken* taken);

  std::vector<std::unique_ptr<ModelSource>> sources_;
  mutable std::mutex mutex_;  // Guards what follows.
  std::vector<std::shared_ptr<const ServedModel>> models_;
  std::atomic<bool> ready_{false};
  std::atomic<uint64_t> generation_{0};
};

}  // namespace slipway::serve

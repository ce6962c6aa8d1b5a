// The models of a server: loaded, checked, and replaced while it answers.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "model/artifact.h"
#include "serve/answer_writer.h"

namespace slipway::serve {

struct LoadedModel {
  model::Model model;
  std::string name;
  std::string version;  // The registry's counter; "" for a path.
};

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
  ServedModel(LoadedModel loaded, std::string shown);

  model::Model model;
  std::string name;  // In paths and answers.
  std::string version;
  AnswerWriter writer;
};

class ModelHost {
 public:
  // The first source is the one that /predict asks.
  explicit ModelHost(std::vector<std::unique_ptr<ModelSource>> sources);

  // Loads each anew and takes it once it has answered its golden rows as they were answered when it
  // was trained. One that fails keeps its old model; the errors of all are returned as one.
  Status Load();

  bool ready() const { return ready_.load(std::memory_order_acquire); }
  // Rises with each model that is taken: who keeps one looks whether it is still the newest.
  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
  // In the order of the sources; before they are ready there are none.
  std::vector<std::shared_ptr<const ServedModel>> models() const;

 private:
  std::vector<std::unique_ptr<ModelSource>> sources_;
  mutable std::mutex mutex_;  // Guards what follows.
  std::vector<std::shared_ptr<const ServedModel>> models_;
  std::atomic<bool> ready_{false};
  std::atomic<uint64_t> generation_{0};
};

}  // namespace slipway::serve

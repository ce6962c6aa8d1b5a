#include "serve/model_host.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <utility>

#include "core/file_system.h"
#include "serve/prediction_bounds.h"

namespace slipway::serve {
namespace {

// What parity between engines is held to (docs/models.md).
constexpr double kLargestDifference = 1e-6;

Error At(Error error, const std::string& reference) {
  Location location = error.location();
  if (location.file.empty()) location.file = reference;
  return std::move(error).At(std::move(location));
}

// It answers as it did when it was trained. Warms it up, too. A single ONNX file has no golden
// rows.
Status CheckParity(const model::Model& model) {
  FileSystem& files = LocalFileSystem();
  const std::string path = JoinPath(model.directory, "golden.jsonl");
  const auto stat = files.Stat(path);
  if (!stat.ok()) return {};
  SLIPWAY_ASSIGN_OR_RETURN(const std::string golden, files.ReadFile(path));
  SLIPWAY_ASSIGN_OR_RETURN(const model::ParityReport parity,
                           model::CheckGolden(golden, model.schema, *model.predictor));
  if (parity.label_mismatches == 0 && parity.largest_difference <= kLargestDifference) return {};
  Location location;
  location.file = path;
  location.row = parity.worst_row;
  return Error(ErrorCode::kIntegrity,
               fmt::format("the model does not answer its golden rows as it did: {} of {} labels "
                           "differ, scores by up to {:g}",
                           parity.label_mismatches, parity.rows, parity.largest_difference))
      .At(std::move(location))
      .Try("slipway models verify");
}

}  // namespace

std::string NameOfPath(const std::string& text) {
  std::filesystem::path path(text);
  if (path.filename().empty()) path = path.parent_path();
  const std::string name = (path.extension() == ".onnx" ? path.stem() : path.filename()).string();
  return name.empty() || name == "." ? "model" : name;
}

ServedModel::ServedModel(LoadedModel loaded)
    : model(std::move(loaded.model)),
      name(std::move(loaded.name)),
      version(std::move(loaded.version)),
      prediction_bounds(std::move(loaded.prediction_bounds)),
      writer(model.schema, name, version),
      batched(std::string_view(model.predictor->engine()) == "onnxruntime") {}

ModelHost::ModelHost(std::vector<std::unique_ptr<ModelSource>> sources)
    : sources_(std::move(sources)), models_(sources_.size()) {}

Status ModelHost::Take(size_t place, LoadedModel loaded, Taken* taken) {
  const std::string& name = loaded.name;
  const std::lock_guard lock(mutex_);
  for (size_t other = 0; other < models_.size(); ++other) {
    if (other == place || models_[other] == nullptr) continue;
    if (models_[other]->name == name && models_[other]->version == loaded.version) {
      return Error(ErrorCode::kInvalidInput,
                   fmt::format("'{}' is the name of another model that is served here", name))
          .Expected("models that differ in name or version");
    }
  }
  const ServedModel* const before = models_[place].get();
  if (before != nullptr && before->name == name && before->version == loaded.version &&
      before->model.digest == loaded.model.digest)
    return {};
  models_[place] = std::make_shared<const ServedModel>(std::move(loaded));
  generation_.fetch_add(1, std::memory_order_release);
  taken->models.push_back(models_[place]);
  return {};
}

Taken ModelHost::Load() {
  Taken taken;
  for (size_t place = 0; place < sources_.size(); ++place) {
    auto loaded = sources_[place]->Load();
    Status done = loaded.ok() ? CheckParity(loaded->model) : Status(loaded.error());
    if (done.ok()) {
      loaded->prediction_bounds = PredictionBoundsOf(loaded->model.directory, loaded->model.schema);
      done = Take(place, *std::move(loaded), &taken);
    }
    if (done.ok()) continue;
    Error error = At(std::move(done).error(), sources_[place]->reference());
    taken.error = taken.error ? std::move(*taken.error).Also(std::move(error)) : std::move(error);
  }
  if (!taken.error) ready_.store(true, std::memory_order_release);
  return taken;
}

std::vector<std::shared_ptr<const ServedModel>> ModelHost::models() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<const ServedModel>> all;
  for (const auto& model : models_) {
    if (model != nullptr) all.push_back(model);
  }
  return all;
}

}  // namespace slipway::serve

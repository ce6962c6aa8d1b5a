#include "serve/model_host.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <utility>

#include "core/file_system.h"

namespace slipway::serve {
namespace {

// What parity between engines is held to (docs/models.md).
constexpr double kLargestDifference = 1e-6;

Error At(Error error, const std::string& reference) {
  Location location = error.location();
  if (location.file.empty()) location.file = reference;
  return std::move(error).At(std::move(location));
}

// A path is known by its last part: models/churn.onnx is churn.
std::string NameOf(const LoadedModel& loaded) {
  if (!loaded.version.empty()) return loaded.name;
  std::filesystem::path path(loaded.name);
  if (path.filename().empty()) path = path.parent_path();
  const std::string name = (path.extension() == ".onnx" ? path.stem() : path.filename()).string();
  return name.empty() || name == "." ? "model" : name;
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

ServedModel::ServedModel(LoadedModel loaded, std::string shown)
    : model(std::move(loaded.model)),
      name(std::move(shown)),
      version(std::move(loaded.version)),
      writer(model.schema, name, version) {}

ModelHost::ModelHost(std::vector<std::unique_ptr<ModelSource>> sources)
    : sources_(std::move(sources)), models_(sources_.size()) {}

Status ModelHost::Load() {
  std::optional<Error> errors;
  for (size_t i = 0; i < sources_.size(); ++i) {
    auto loaded = sources_[i]->Load();
    Status checked = loaded.ok() ? CheckParity(loaded->model) : Status(loaded.error());
    if (!checked.ok()) {
      Error error = At(std::move(checked).error(), sources_[i]->reference());
      errors = errors ? std::move(*errors).Also(std::move(error)) : std::move(error);
      continue;
    }
    std::string name = NameOf(*loaded);
    auto served = std::make_shared<const ServedModel>(*std::move(loaded), std::move(name));
    const std::lock_guard lock(mutex_);
    models_[i] = std::move(served);
    generation_.fetch_add(1, std::memory_order_release);
  }
  if (errors) return *std::move(errors);
  ready_.store(true, std::memory_order_release);
  return {};
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

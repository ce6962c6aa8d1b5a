// What tests of the service share: models that know one number, and requests by hand.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"
#include "serve/service.h"

namespace slipway::serve {

// Says "old" from 40 on, "young" below, and refuses what is below 0.
class AgePredictor final : public model::Predictor {
 public:
  explicit AgePredictor(std::string engine = "native") : engine_(std::move(engine)) {}

  Result<model::Predictions> Predict(const data::Table& table, int /*threads*/) const override {
    model::Predictions answers = model::Predictions::Make(table.rows, 2);
    for (int64_t row = 0; row < table.rows; ++row) {
      const double age = table.columns[0].numbers[static_cast<size_t>(row)];
      if (age < 0) {
        Location location;
        location.row = row + 1;
        location.field = "age";
        return Error(ErrorCode::kInvalidInput, "nobody is so young").At(std::move(location));
      }
      const auto place = static_cast<size_t>(row);
      answers.labels[place] = age >= 40 ? 1 : 0;
      answers.scores[2 * place + static_cast<size_t>(answers.labels[place])] = 1;
    }
    return answers;
  }
  const std::vector<model::InputField>& inputs() const override { return inputs_; }
  const std::vector<std::string>& classes() const override { return classes_; }
  const char* engine() const override { return engine_.c_str(); }

 private:
  std::string engine_;
  std::vector<model::InputField> inputs_;
  std::vector<std::string> classes_ = {"young", "old"};
};

inline LoadedModel AgeModel(std::string name, std::string version, std::string digest,
                            std::string engine = "native") {
  LoadedModel loaded;
  loaded.model.directory = "/nowhere";
  loaded.model.digest = std::move(digest);
  model::InputField age;
  age.name = "age";
  loaded.model.schema.inputs.push_back(std::move(age));
  loaded.model.schema.task = "classification";
  loaded.model.schema.target = "group";
  loaded.model.schema.classes = {"young", "old"};
  loaded.model.predictor = std::make_unique<AgePredictor>(std::move(engine));
  loaded.name = std::move(name);
  loaded.version = std::move(version);
  return loaded;
}

// Gives what it is told to; an error where it is told nothing.
class FakeSource final : public ModelSource {
 public:
  FakeSource(std::string name, std::string version, std::string engine = "native")
      : name_(std::move(name)), version_(std::move(version)), engine_(std::move(engine)) {}

  const std::string& reference() const override { return name_; }
  Result<LoadedModel> Load() override {
    if (broken) return Error(ErrorCode::kIntegrity, "the model is damaged");
    return AgeModel(name_, version_, "sha256:" + version_ + digest, engine_);
  }
  void MoveTo(std::string version) { version_ = std::move(version); }

  bool broken = false;
  std::string digest = "00";

 private:
  std::string name_, version_, engine_;
};

inline std::string HeaderOf(const http::Response& response, const std::string& name) {
  const size_t at = response.header_lines.find(name + ": ");
  if (at == std::string::npos) return "";
  const size_t begin = at + name.size() + 2;
  return response.header_lines.substr(begin, response.header_lines.find('\r', begin) - begin);
}

}  // namespace slipway::serve

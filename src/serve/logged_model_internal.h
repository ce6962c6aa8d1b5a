// What the log keeps of a model that answers: enough to read its rows again when it is gone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "data/types.h"
#include "serve/model_host.h"

namespace slipway::serve {

struct LoggedModel {
  struct Input {
    std::string name;
    data::ColumnType type = data::ColumnType::kNumeric;
  };

  static LoggedModel Of(const ServedModel& model, const std::string& service = "");

  bool regression() const { return classes.empty(); }
  // The same model, loaded once more.
  bool IsSame(const LoggedModel& other) const {
    return name == other.name && version == other.version && digest == other.digest;
  }

  uint32_t number = 0;  // By which records name it; counts from 0.
  std::string name, version, digest;
  std::string service;  // That the server is one of; "" for none.
  std::vector<Input> inputs;
  std::vector<std::string> classes;   // None of a regression.
  std::vector<double> class_numbers;  // NumberOfText of each.
  bool integer_labels = false;
};

// All but the number.
Json ToJson(const LoggedModel& model);
Result<LoggedModel> LoggedModelFromJson(const Json& json);

}  // namespace slipway::serve

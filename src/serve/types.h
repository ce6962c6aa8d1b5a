// What the prediction server asks of its parts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/types.h"
#include "model/types.h"

namespace slipway::serve {

// An answer that is no prediction: {"error": message, "field": …, "row": …}. `row` counts from 0.
struct Rejection {
  int status = 400;
  std::string message = {};
  std::string field = {};  // "" where it is about none.
  std::optional<int64_t> row = {};
};

// What is done with a text that training did not have.
enum class UnknownCategory {
  kAccept,  // The model answers as it does for a value that it knows nothing of.
  kReject,  // 422, naming field, row and the nearest known.
};

// In which shape the question came, and the answer goes.
enum class Shape {
  kOne,   // {"features": […]} of /predict: one row.
  kMany,  // {"instances": …}.
};

// Rows to predict: the model's inputs in their order, kept from call to call for their room.
struct Rows {
  data::Table table;
  Shape shape = Shape::kOne;
  std::string request_id;  // That the body had ("id" of V2, "request_id"); "" for none.
};

}  // namespace slipway::serve

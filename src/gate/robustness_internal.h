// What the robustness gate asks of a model: rows that are changed in one way each.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "data/types.h"
#include "model/artifact.h"
#include "model/types.h"

namespace slipway::gate {

// What a check expects of the answers to its rows.
enum class Expected {
  kSame,       // Those of the rows as they were.
  kSound,      // Any that are finite and fit together.
  kOrRefused,  // That, or an error that says what the model does not take.
};

struct RobustnessCheck {
  std::string name;  // "missing age"
  data::Table rows;
  Expected expected = Expected::kSound;
};

// The checks that make sense for the model's inputs, of `rows`, which are plain ones with exactly
// these inputs. A graph of others must answer a missing value only where training had some.
std::vector<RobustnessCheck> MakeRobustnessChecks(const model::Model& model,
                                                  const data::Table& rows);

// The rows at these indices with the model's inputs alone, in their order.
data::Table InputRows(const data::Table& table, const std::vector<model::InputField>& inputs,
                      std::span<const int64_t> rows);

// Every value of a column gone.
void SetMissing(data::Column* column);

// True where the native kernel runs the graph, which Slipway then wrote.
bool IsOurs(const model::Model& model);

}  // namespace slipway::gate

// Columns in the form that a model's input wants.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "data/category_column.h"
#include "data/types.h"
#include "model/types.h"

namespace slipway::model {

using data::MakeCategoryColumn;

// The inputs of `table` by their types: times as their seconds, numbers as text where the field is
// a category; nothing where the table has them so already. kInvalidInput names the input that it
// lacks, or the first row whose text is not a number.
Result<std::optional<data::Table>> ConvertInputs(const data::Table& table,
                                                 const std::vector<InputField>& inputs);

}  // namespace slipway::model

// Columns in the form that a model's input wants.
#pragma once

#include <span>
#include <string>

#include "core/result.h"
#include "data/types.h"
#include "model/types.h"

namespace slipway::model {

// A category column of these texts, "" for missing.
data::Column MakeCategoryColumn(std::string name, std::span<const std::string> texts);

// `column` as `field` takes it: times as their seconds, numbers as text where the field is a
// category. kInvalidInput names the first row whose text is not a number.
Result<data::Column> ConvertColumn(const data::Column& column, const InputField& field);

}  // namespace slipway::model

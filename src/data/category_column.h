// A category column out of texts.
#pragma once

#include <span>
#include <string>

#include "data/types.h"

namespace slipway::data {

// "" for missing.
Column MakeCategoryColumn(std::string name, std::span<const std::string> texts);

}  // namespace slipway::data

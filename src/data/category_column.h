// A category column out of texts, and how a text of one is taken.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "data/types.h"

namespace slipway::data {

// "" for missing.
Column MakeCategoryColumn(std::string name, std::span<const std::string> texts);

// "True" or "False", as pandas writes a boolean, for either word in any case; other texts as they
// are. So a model takes a boolean from CSV and from Parquet as the same category.
std::string_view CanonicalBoolean(std::string_view text);

}  // namespace slipway::data

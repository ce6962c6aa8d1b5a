#include <algorithm>
#include <string>

#include "core/text.h"
#include "serve/input_names_internal.h"

namespace slipway::serve {

InputNames::InputNames(const model::ModelSchema& schema) {
  for (size_t i = 0; i < schema.inputs.size(); ++i) {
    const std::string_view name = schema.inputs[i].name;
    const bool plain = std::ranges::none_of(
        name, [](char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; });
    names_.push_back({name, plain});
    guesses_.push_back(i);
    indices_.emplace(name, i);
  }
}

std::optional<size_t> InputNames::Find(std::string_view name) const {
  const auto found = indices_.find(name);
  if (found == indices_.end()) return std::nullopt;
  return found->second;
}

std::string InputNames::Nearest(std::string_view name) const {
  std::vector<std::string> names;
  for (const Name& one : names_) names.emplace_back(one.text);
  return NearestName(name, names);
}

}  // namespace slipway::serve

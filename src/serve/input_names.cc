#include <algorithm>
#include <bit>
#include <string>

#include "core/text.h"
#include "serve/input_names_internal.h"
#include "serve/quick_hash_internal.h"

namespace slipway::serve {

InputNames::InputNames(const model::ModelSchema& schema) {
  for (size_t i = 0; i < schema.inputs.size(); ++i) {
    const std::string_view name = schema.inputs[i].name;
    const bool plain = std::ranges::none_of(
        name, [](char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; });
    names_.push_back({name, plain});
    guesses_.push_back(i);
  }
  slots_.assign(std::bit_ceil(2 * names_.size() + 2), names_.size());
  shift_ = 64 - static_cast<unsigned>(std::countr_zero(slots_.size()));
  for (size_t i = 0; i < names_.size(); ++i) {
    size_t slot = QuickHash(names_[i].text) >> shift_;
    while (slots_[slot] < names_.size()) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = i;
  }
}

size_t InputNames::Find(std::string_view name) const {
  for (size_t slot = QuickHash(name) >> shift_;; slot = (slot + 1) & (slots_.size() - 1)) {
    const size_t index = slots_[slot];
    if (index == names_.size()) return kNone;
    if (names_[index].text == name) return index;
  }
}

std::string InputNames::Nearest(std::string_view name) const {
  std::vector<std::string> names;
  for (const Name& one : names_) names.emplace_back(one.text);
  return NearestName(name, names);
}

}  // namespace slipway::serve

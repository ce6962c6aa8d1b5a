// The model's inputs by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/types.h"
#include "serve/json_input_internal.h"

namespace slipway::serve {

// `schema` outlives it.
class InputNames {
 public:
  explicit InputNames(const model::ModelSchema& schema);

  size_t size() const { return names_.size(); }
  std::optional<size_t> Find(std::string_view name) const;
  // The same for a key as it stands in JSON; one with escapes is not found, though it may be there.
  std::optional<size_t> FindKey(const JsonInput& input, ondemand::raw_json_string key) const;
  // The nearest name, or "".
  std::string Nearest(std::string_view name) const;

  // The input that a key names which stands at `place` of a mapping, if it is the one that stood
  // there last: rows of a client have their keys in one order, and need no look-up then.
  std::optional<size_t> Guess(const JsonInput& input, ondemand::raw_json_string key,
                              size_t place) const {
    if (place >= guesses_.size()) return std::nullopt;
    const Name& name = names_[guesses_[place]];
    if (!name.plain || !input.IsKey(key, name.text)) return std::nullopt;
    return guesses_[place];
  }
  void StoodAt(size_t place, size_t index) {
    if (place < guesses_.size()) guesses_[place] = index;
  }

 private:
  struct Name {
    std::string_view text;
    bool plain = true;  // It is the same in JSON: no escapes.
  };

  std::vector<Name> names_;
  std::vector<size_t> guesses_;  // By place; first the schema's order.
  // Open addressing by QuickHash, at most half full; names_.size() where there is none.
  std::vector<size_t> slots_;
  unsigned shift_ = 0;  // From a hash to a slot.
};

}  // namespace slipway::serve

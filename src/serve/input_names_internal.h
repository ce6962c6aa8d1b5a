// The model's inputs by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
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
  // kNone where there is no such input. No std::optional: this runs once a value, and one is slow
  // to hand over.
  static constexpr size_t kNone = std::numeric_limits<size_t>::max();
  size_t Find(std::string_view name) const;
  // The nearest name, or "".
  std::string Nearest(std::string_view name) const;

  // Takes the key that comes next in a mapping, the `place`-th, if it is the one that stood there
  // last: rows of a client have their keys in one order, and need no look-up then.
  size_t TakeGuess(size_t place, JsonInput* input) const {
    if (place >= guesses_.size()) return kNone;
    const size_t guess = guesses_[place];
    if (!names_[guess].plain || !input->TakeKey(names_[guess].text)) return kNone;
    return guess;
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

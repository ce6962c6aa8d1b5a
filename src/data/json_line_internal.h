// One line of JSON Lines: an object, taken apart into values.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "data/json_keys_internal.h"

namespace slipway::data {

// Takes what a key held; an array as its JSON text without blanks.
class JsonValues {
 public:
  virtual ~JsonValues() = default;
  virtual void AddText(int column, std::string_view text) = 0;
  virtual void AddBoolean(int column, bool value) = 0;
};

// What is wrong with a line, and at which of its bytes, from 1 (0 where that is not known).
struct JsonFault {
  int64_t column = 0;
  std::string message;
  std::string expected;
  std::string hint;
};

// Not thread-safe.
class JsonLineReader {
 public:
  // With `discover`, unknown keys are added to `root` and what each one holds is noted there;
  // without it they are passed over.
  JsonLineReader(JsonKey& root, bool discover);
  ~JsonLineReader();

  // A new block: new keys are noted as its own.
  void BeginBlock(size_t index);
  // `line` holds one line, blanks around it allowed. Values before a fault are added.
  std::optional<JsonFault> Read(std::string_view line, JsonValues* values);

 private:
  struct Parser;

  const std::unique_ptr<Parser> parser_;
};

}  // namespace slipway::data

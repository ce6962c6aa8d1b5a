// The datatypes of tensors of the Open Inference Protocol.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "model/types.h"

namespace slipway::serve {

enum class Datatype : uint8_t {
  kBool,
  kUint8,
  kUint16,
  kUint32,
  kUint64,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kFp16,
  kFp32,
  kFp64,
  kBytes,
};

// "BOOL", "UINT8", …
std::string_view NameOf(Datatype datatype);
// Nothing where there is none of that name.
std::optional<Datatype> DatatypeOf(std::string_view name);
// What JSON has for one: "a whole number", …
const char* ValueOf(Datatype datatype);

// Whether it holds the finite `number`, written as `text` in JSON. A BOOL is 0 or 1.
bool Holds(Datatype datatype, double number, std::string_view text);

// As metadata tell them.
Datatype DatatypeOf(const model::InputField& field);
Datatype DatatypeOf(const model::OutputField& field);

}  // namespace slipway::serve

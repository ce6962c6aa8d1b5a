// A value or an Error. Errors are values here: nothing of ours throws.
#pragma once

#include <expected>
#include <utility>

#include "core/error.h"

namespace slipway {

template <typename T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
  // NOLINTNEXTLINE(google-explicit-constructor): `return Error(...)` is the idiom.
  Result(Error error) : std::expected<T, Error>(std::unexpected(std::move(error))) {}

  bool ok() const { return this->has_value(); }
};

using Status = Result<void>;

}  // namespace slipway

#define SLIPWAY_CONCAT_INNER(a, b) a##b
#define SLIPWAY_CONCAT(a, b) SLIPWAY_CONCAT_INNER(a, b)

// Returns from the enclosing function when `expression`, a Result, holds an error.
#define SLIPWAY_RETURN_IF_ERROR(expression)                         \
  do {                                                              \
    if (auto slipway_status = (expression); !slipway_status.ok()) { \
      return std::move(slipway_status).error();                     \
    }                                                               \
  } while (false)

// Assigns the value of `expression`, a Result, to `declaration`, or returns its error.
#define SLIPWAY_ASSIGN_OR_RETURN(declaration, expression) \
  SLIPWAY_ASSIGN_OR_RETURN_INNER(SLIPWAY_CONCAT(slipway_result_, __LINE__), declaration, expression)
#define SLIPWAY_ASSIGN_OR_RETURN_INNER(result, declaration, expression) \
  auto result = (expression);                                           \
  if (!result.ok()) return std::move(result).error();                   \
  declaration = *std::move(result)

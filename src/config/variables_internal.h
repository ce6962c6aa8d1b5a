// `${VAR}` and `${VAR:-default}` in scalars, from the environment of the process.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/node_internal.h"

namespace slipway::config {

// True where `text` names a variable (an escaped "$${" does not).
bool HasVariable(std::string_view text);

// `text` with variables replaced and "$$" as "$". A default is taken where the variable is unset or
// empty, as a shell does, and runs to the next "}"; it names no variables itself. An unset variable
// without one, a "${" that names none, a shell's other forms and a URI with a password in clear go
// to `problems`; no message carries a value.
std::optional<std::string> ExpandVariables(const std::string& text, const Position& at,
                                           const std::string& key, Problems* problems);

// `text` as it is; one that holds a URI with a password in clear goes to `problems`.
std::optional<std::string> WithoutPassword(const std::string& text, const Position& at,
                                           const std::string& key, Problems* problems);

// "DATA_DIR set", "DATA_DIR not set, its default": for origins; "" without variables.
std::string DescribeVariables(std::string_view text);

}  // namespace slipway::config

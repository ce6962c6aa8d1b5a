// Regular expressions of users, by RE2: linear in the text, bounded in memory and stack, whatever
// the expression.
//
// A Pattern is immutable and safe to match from several threads; copies share the compiled program.
// Syntax: https://github.com/google/re2/wiki/Syntax (no backreferences, no lookaround).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"

namespace re2 {
class RE2;
}

namespace slipway {

class Pattern {
 public:
  // kInvalidInput, without a place, for what is no expression, is longer than 1,000 bytes or would
  // take more than a few megabytes.
  static Result<Pattern> Make(const std::string& expression);

  // Whether some part of `text` matches: ^ and $ tie it to the ends. A text that is not UTF-8 is
  // matched by what its valid characters match.
  bool Matches(std::string_view text) const;
  const std::string& text() const;

 private:
  explicit Pattern(std::shared_ptr<const re2::RE2> compiled) : compiled_(std::move(compiled)) {}

  std::shared_ptr<const re2::RE2> compiled_;
};

// `text` as an expression that matches itself.
std::string EscapePattern(std::string_view text);

}  // namespace slipway

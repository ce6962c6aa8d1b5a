#include "core/pattern.h"

#include <fmt/format.h>
#include <re2/re2.h>

namespace slipway {
namespace {

constexpr size_t kMostBytes = 1000;
constexpr int64_t kMostMemory = 8 << 20;

}  // namespace

Result<Pattern> Pattern::Make(const std::string& expression) {
  if (expression.size() > kMostBytes) {
    return Error(ErrorCode::kInvalidInput, fmt::format("a pattern of {} bytes", expression.size()))
        .Expected(fmt::format("at most {}", kMostBytes));
  }
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMostMemory);
  auto compiled = std::make_shared<const RE2>(expression, options);
  if (!compiled->ok()) {
    return Error(ErrorCode::kInvalidInput, "no valid pattern: " + compiled->error())
        .Expected("a regular expression as RE2 has it");
  }
  return Pattern(std::move(compiled));
}

bool Pattern::Matches(std::string_view text) const {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *compiled_);
}

const std::string& Pattern::text() const { return compiled_->pattern(); }

std::string EscapePattern(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (std::string_view(R"(\.+*?()|[]{}^$)").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

}  // namespace slipway

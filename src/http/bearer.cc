#include "http/bearer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/text.h"
#include "http/text.h"

namespace slipway::http {
namespace {

constexpr std::string_view kScheme = "bearer ";

}  // namespace

Status CheckBearerToken(std::string_view token, Location where) {
  const bool printable = std::ranges::all_of(token, [](char c) { return c > ' ' && c <= '~'; });
  if (!printable)
    return Error(ErrorCode::kInvalidInput, "a token has a character that no header can carry")
        .At(std::move(where))
        .Expected("printable ASCII characters without blanks");
  if (token.size() < kShortestToken)
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("a token of {} is short enough to guess",
                             Plural(static_cast<int64_t>(token.size()), "character", "characters")))
        .At(std::move(where))
        .Expected(fmt::format("{} or more", kShortestToken))
        .Try("openssl rand -hex 32");
  return {};
}

Presented FindBearerToken(const Request& request, std::string_view* token) {
  size_t count = 0;
  for (const Header& header : request.headers) {
    if (!EqualsIgnoringCase(header.name, "authorization")) continue;
    *token = header.value;
    ++count;
  }
  if (count == 0) return Presented::kNone;
  if (count > 1) return Presented::kSeveral;
  if (!EqualsIgnoringCase(token->substr(0, kScheme.size()), kScheme)) return Presented::kOther;
  token->remove_prefix(kScheme.size());
  while (token->starts_with(' ')) token->remove_prefix(1);
  return Presented::kToken;
}

std::string BearerRefusal(Presented presented) {
  const char* what = "the token is not known";
  if (presented == Presented::kNone) what = "this page needs a token";
  if (presented == Presented::kSeveral) what = "there is more than one Authorization";
  if (presented == Presented::kOther) what = "Authorization is of another scheme";
  return fmt::format("{}; expected the header 'Authorization: Bearer TOKEN'", what);
}

}  // namespace slipway::http

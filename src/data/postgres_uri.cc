#include <algorithm>
#include <vector>

#include "core/text.h"
#include "core/uri.h"
#include "data/postgres_uri_internal.h"

namespace slipway::data {
namespace {

constexpr std::string_view kSeparator = "://";

// "user@" of "user:password@".
std::string HidePassword(std::string_view credentials) {
  const size_t colon = credentials.find(':');
  if (colon == std::string_view::npos) return std::string(credentials);
  return std::string(credentials.substr(0, colon)) + "@";
}

bool IsSecret(std::string_view option) {
  const std::string name = ToLower(DecodePercent(option.substr(0, option.find('='))));
  return name.find("password") != std::string::npos;
}

std::string JoinOptions(const std::vector<std::string>& options) {
  return options.empty() ? "" : "?" + Join(options, "&");
}

}  // namespace

bool IsPostgresUri(std::string_view text) {
  const size_t separator = text.find(kSeparator);
  if (separator == std::string_view::npos) return false;
  std::string_view scheme = text.substr(0, separator);
  scheme = scheme.substr(0, scheme.find('+'));
  return scheme == "postgresql" || scheme == "postgres";
}

PostgresUri ParsePostgresUri(std::string_view uri) {
  std::string_view rest = uri.substr(uri.find(kSeparator) + kSeparator.size());
  PostgresUri parsed;
  // Up to the last '@', whatever a password may hold.
  const std::string_view credentials = rest.substr(0, rest.rfind('@') + 1);
  rest.remove_prefix(credentials.size());
  parsed.ambiguous =
      !credentials.empty() && credentials.find_first_of("/?#@") != credentials.size() - 1;
  const size_t question = std::min(rest.find('?'), rest.size());
  std::string_view options = rest.substr(std::min(question + 1, rest.size()));
  rest = rest.substr(0, question);
  const size_t slash = std::min(rest.find('/'), rest.size());
  const std::string database(rest.substr(slash));
  std::vector<std::string> passed;
  std::vector<std::string> shown;
  while (!options.empty()) {
    const size_t end = std::min(options.find('&'), options.size());
    const std::string_view option = options.substr(0, end);
    options.remove_prefix(std::min(end + 1, options.size()));
    constexpr std::string_view kTable = "table=";
    if (option.starts_with(kTable)) {
      parsed.table = DecodePercent(option.substr(kTable.size()));
      shown.emplace_back(option);
      continue;
    }
    passed.emplace_back(option);
    if (!IsSecret(option)) shown.emplace_back(option);
  }
  const std::string authority(rest.substr(0, slash));
  parsed.connection =
      "postgresql://" + std::string(credentials) + authority + database + JoinOptions(passed);
  parsed.shown =
      "postgresql://" + HidePassword(credentials) + authority + database + JoinOptions(shown);
  return parsed;
}

std::string QuoteIdentifier(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string QuoteTable(std::string_view table) {
  const size_t dot = table.find('.');
  if (dot == std::string_view::npos) return QuoteIdentifier(table);
  return QuoteIdentifier(table.substr(0, dot)) + "." + QuoteIdentifier(table.substr(dot + 1));
}

}  // namespace slipway::data

#include <algorithm>
#include <vector>

#include "core/text.h"
#include "data/percent_internal.h"
#include "data/postgres_uri_internal.h"

namespace slipway::data {
namespace {

constexpr std::string_view kSeparator = "://";

// "user@host" of "user:password@host".
std::string HidePassword(std::string_view authority) {
  const size_t at = authority.rfind('@');
  const size_t colon = authority.find(':');
  if (at == std::string_view::npos || colon >= at) return std::string(authority);
  return std::string(authority.substr(0, colon)) + std::string(authority.substr(at));
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
  const size_t question = std::min(rest.find('?'), rest.size());
  std::string_view options = rest.substr(std::min(question + 1, rest.size()));
  rest = rest.substr(0, question);
  const size_t slash = std::min(rest.find('/'), rest.size());
  const std::string database(rest.substr(slash));
  PostgresUri parsed;
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
    if (option.find("password") == std::string_view::npos) shown.emplace_back(option);
  }
  const std::string_view authority = rest.substr(0, slash);
  parsed.connection = "postgresql://" + std::string(authority) + database + JoinOptions(passed);
  parsed.shown = "postgresql://" + HidePassword(authority) + database + JoinOptions(shown);
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

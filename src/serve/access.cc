#include "serve/access.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "core/file_system.h"
#include "core/text.h"
#include "http/bearer.h"
#include "serve/allowed_hosts_internal.h"

namespace slipway::serve {
namespace {

// A set that was meant to close the server must not open it by being empty.
Error NoTokens(const std::string& where) {
  Location location;
  location.file = where;
  return Error(ErrorCode::kInvalidInput, "there is no token")
      .At(std::move(location))
      .Expected("one or more; leave it away for a server that asks for none");
}

Status ReadTokenFile(const std::string& path, std::vector<SecretDigest>* tokens) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::string text, LocalFileSystem().ReadFile(path));
  const size_t before = tokens->size();
  int64_t line_number = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = Trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    ++line_number;
    if (line.empty() || line.front() == '#') continue;
    Location where;
    where.file = path;
    where.line = line_number;
    SLIPWAY_RETURN_IF_ERROR(http::CheckBearerToken(line, std::move(where)));
    tokens->emplace_back(line);
  }
  if (tokens->size() == before) return NoTokens(path);
  return {};
}

Status ReadTokenVariable(const char* name, std::string_view text,
                         std::vector<SecretDigest>* tokens) {
  const size_t before = tokens->size();
  while (!text.empty()) {
    const size_t end = std::min(text.find(','), text.size());
    const std::string_view token = Trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (token.empty()) continue;
    Location where;
    where.file = name;
    SLIPWAY_RETURN_IF_ERROR(http::CheckBearerToken(token, std::move(where)));
    tokens->emplace_back(token);
  }
  if (tokens->size() == before) return NoTokens(name);
  return {};
}

void WarnOfReaders(const std::string& path, std::vector<std::string>* warnings) {
  struct stat info{};
  if (path.empty() || ::stat(path.c_str(), &info) != 0) return;
  if ((info.st_mode & (S_IRGRP | S_IROTH)) == 0) return;
  warnings->push_back(
      fmt::format("{}: others than its owner may read the tokens; try chmod 600 {}", path, path));
}

// Of an HTTP/1.0 request in absolute form without Host. Of all others the parser has put the
// target's authority into Host.
std::string_view AuthorityOf(const http::Request& request) {
  const std::string_view host = request.Find("Host");
  if (!host.empty() || request.target.starts_with('/')) return host;
  const size_t scheme = request.target.find("://");
  if (scheme == std::string_view::npos) return "";
  const std::string_view rest = request.target.substr(scheme + 3);
  return rest.substr(0, rest.find_first_of("/?"));
}

Rejection Unauthorized(http::Presented presented) {
  return {.status = 401, .message = http::BearerRefusal(presented)};
}

Rejection WrongHost(const http::Request& request) {
  constexpr size_t kLongestName = 255;  // RFC 1035, 2.3.4.
  const std::string name = Printable(AuthorityOf(request).substr(0, kLongestName));
  return {.status = 403,
          .message = fmt::format("the server is not to be called '{}'; its operator allows names "
                                 "by --allowed-hosts",
                                 name)};
}

}  // namespace

Scope ScopeOf(std::string_view path) {
  static constexpr std::array<std::string_view, 6> kOpenPaths = {
      "/", "/health", "/ping", "/ready", "/v2/health/live", "/v2/health/ready"};
  if (path.starts_with("/admin/")) return Scope::kAdmin;
  return std::ranges::find(kOpenPaths, path) != kOpenPaths.end() ? Scope::kOpen : Scope::kPredict;
}

void AccessOptions::ReadEnvironment() {
  if (const char* value = std::getenv(kTokensVariable); value != nullptr) tokens = value;
  if (const char* value = std::getenv(kAdminTokensVariable); value != nullptr) admin_tokens = value;
}

Access::Access() : hosts_(std::make_shared<const AllowedHosts>()) {}

Result<Access> Access::Make(const AccessOptions& options) {
  Access made;
  SLIPWAY_ASSIGN_OR_RETURN(AllowedHosts hosts, AllowedHosts::Make(options.hosts));
  made.hosts_ = std::make_shared<const AllowedHosts>(std::move(hosts));
  if (!options.tokens_path.empty())
    SLIPWAY_RETURN_IF_ERROR(ReadTokenFile(options.tokens_path, &made.tokens_));
  if (!options.admin_tokens_path.empty())
    SLIPWAY_RETURN_IF_ERROR(ReadTokenFile(options.admin_tokens_path, &made.admin_tokens_));
  if (options.tokens)
    SLIPWAY_RETURN_IF_ERROR(ReadTokenVariable(kTokensVariable, *options.tokens, &made.tokens_));
  if (options.admin_tokens) {
    SLIPWAY_RETURN_IF_ERROR(
        ReadTokenVariable(kAdminTokensVariable, *options.admin_tokens, &made.admin_tokens_));
  }
  WarnOfReaders(options.tokens_path, &made.warnings_);
  WarnOfReaders(options.admin_tokens_path, &made.warnings_);
  return made;
}

// Always looks at all of them.
bool Access::Holds(const Tokens& tokens, const SecretDigest& digest) {
  bool found = false;
  for (const SecretDigest& token : tokens) found |= token.Equals(digest);
  return found;
}

std::optional<Rejection> Access::CheckToken(const http::Request& request, Scope scope) const {
  std::string_view token;
  const http::Presented presented = http::FindBearerToken(request, &token);
  if (presented != http::Presented::kToken) return Unauthorized(presented);
  const SecretDigest digest(token);
  const bool admin = Holds(admin_tokens_, digest);
  const bool known = Holds(tokens_, digest);
  if (admin || (known && scope == Scope::kPredict)) return std::nullopt;
  if (known) return Rejection{.status = 403, .message = "this page needs an admin token"};
  return Unauthorized(presented);
}

std::optional<Rejection> Access::Check(const http::Request& request, Scope scope) const {
  // Whoever looks after the process asks by an address that changes, and learns nothing else.
  if (scope == Scope::kOpen) return std::nullopt;
  // Not 421: it has clients ask again on another connection, even what must not happen twice, and
  // here none would be answered. MLflow says 403 as well.
  if (!hosts_->any() && !hosts_->Allows(AuthorityOf(request))) return WrongHost(request);
  if (scope == Scope::kAdmin && admin_tokens_.empty())
    return Rejection{.status = 403,
                     .message =
                         "the server was started without admin tokens; its operator gives "
                         "them by --admin-tokens"};
  if (scope == Scope::kPredict && tokens_.empty()) return std::nullopt;
  return CheckToken(request, scope);
}

Status AccessHost::Load() {
  SLIPWAY_ASSIGN_OR_RETURN(Access made, Access::Make(options_));
  auto taken = std::make_shared<const Access>(std::move(made));
  const std::lock_guard<std::mutex> lock(mutex_);
  current_ = std::move(taken);
  generation_.fetch_add(1, std::memory_order_release);
  return {};
}

std::shared_ptr<const Access> AccessHost::current() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return current_;
}

}  // namespace slipway::serve

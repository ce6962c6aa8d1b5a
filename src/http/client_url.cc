#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "core/text.h"
#include "core/uri.h"
#include "http/client_url_internal.h"
#include "http/text.h"

namespace slipway::http {
namespace {

constexpr std::string_view kPlain = "http://", kTls = "https://";
constexpr int kLargestPort = 65535, kPlainPort = 80, kTlsPort = 443;
constexpr ByteSet kNameBytes = ByteSet("-._~").WithAlphanumeric();
constexpr ByteSet kAddressBytes = ByteSet(":.").WithAlphanumeric();

bool StartsWithScheme(std::string_view url, std::string_view scheme) {
  return EqualsIgnoringCase(url.substr(0, scheme.size()), scheme);
}

Error BadUrl(const std::string& what) {
  return Error(ErrorCode::kInvalidInput, what)
      .Expected("http://HOST:PORT/PATH, or the same with https");
}

bool ReadPort(std::string_view text, ClientUrl* url) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), url->port);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() && url->port >= 1 &&
         url->port <= kLargestPort;
}

Status ReadAuthority(std::string_view text, ClientUrl* url) {
  const size_t at = text.rfind('@');
  if (at != std::string_view::npos) {
    url->credentials = DecodePercent(text.substr(0, at));
    text.remove_prefix(at + 1);
  }
  const bool bracketed = text.starts_with('[');
  const size_t host_end = bracketed ? text.find(']') : std::min(text.find(':'), text.size());
  if (host_end == std::string_view::npos) return BadUrl("the URL's address has no end");
  url->host = text.substr(bracketed ? 1 : 0, bracketed ? host_end - 1 : host_end);
  const ByteSet& allowed = bracketed ? kAddressBytes : kNameBytes;
  if (url->host.empty() || !allowed.HasAll(url->host)) return BadUrl("the URL has no valid host");
  text.remove_prefix(bracketed ? host_end + 1 : host_end);
  url->authority = bracketed ? "[" + url->host + "]" : url->host;
  url->port = url->uses_tls ? kTlsPort : kPlainPort;
  if (text.empty()) return {};
  if (text.front() != ':' || !ReadPort(text.substr(1), url))
    return BadUrl("the URL's port is no number from 1 to 65535");
  url->authority += ":" + std::to_string(url->port);
  return {};
}

}  // namespace

Result<ClientUrl> ParseClientUrl(std::string_view text) {
  ClientUrl url;
  url.uses_tls = StartsWithScheme(text, kTls);
  if (!url.uses_tls && !StartsWithScheme(text, kPlain))
    return BadUrl("the URL does not begin with http:// or https://");
  text.remove_prefix(url.uses_tls ? kTls.size() : kPlain.size());
  text = text.substr(0, text.find('#'));
  const std::string_view authority = text.substr(0, text.find_first_of("/?"));
  SLIPWAY_RETURN_IF_ERROR(ReadAuthority(authority, &url));
  text.remove_prefix(authority.size());
  const std::string_view path = text.substr(0, text.find('?'));
  url.target = path.empty() ? "/" : "";
  url.target += text;
  url.shown = fmt::format("{}{}{}", url.uses_tls ? kTls : kPlain, url.authority, Printable(path));
  if (!kTargetBytes.HasAll(url.target))
    return BadUrl(url.shown + ": the URL has a character that must be percent-encoded");
  return url;
}

}  // namespace slipway::http

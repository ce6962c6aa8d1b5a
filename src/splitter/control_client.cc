#include "splitter/control_client.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "core/json.h"
#include "core/text.h"
#include "core/uri.h"

namespace slipway::splitter {
namespace {

constexpr int kOk = 200, kBadRequest = 400, kUnauthorized = 401;

// The mistakes that it told, as it would have told them here.
Error MistakesOf(const Json& errors, const std::string& url) {
  std::optional<Error> first;
  for (const Json& each : errors) {
    if (!each.is_object()) continue;
    Location location;
    location.file = url;
    location.field = Printable(GetString(each, "field"));
    Error error = Error(ErrorCode::kInvalidInput, Printable(GetString(each, "message")))
                      .At(std::move(location));
    first = first ? std::move(*first).Also(std::move(error)) : std::move(error);
  }
  if (first) return *std::move(first);
  return {ErrorCode::kInvalidInput, url + ": the splitter refused the request"};
}

Error ErrorOf(const http::ClientResponse& answer, const std::string& url) {
  const Result<Json> json = ParseJson(answer.body, url);
  const bool is_object = json.ok() && json->is_object();
  if (answer.status == kBadRequest && is_object && json->contains("errors"))
    return MistakesOf((*json)["errors"], url);
  const std::string told = is_object ? Printable(GetString(*json, "error")) : "";
  const std::string message = fmt::format("{}: the splitter answers {}{}{}", url, answer.status,
                                          told.empty() ? "" : ": ", told);
  if (answer.status == kUnauthorized) return {ErrorCode::kPermission, message};
  return {answer.status == kBadRequest ? ErrorCode::kInvalidInput : ErrorCode::kUnavailable,
          message};
}

// What is no answer of a splitter's.
Error Nonsense(const Error& cause, const std::string& url) {
  return Error(ErrorCode::kUnavailable, url + ": what answers is no splitter").CausedBy(cause);
}

}  // namespace

SplitterClient::SplitterClient(http::HttpClient* client, std::string url, std::string token,
                               double timeout_seconds)
    : client_(client),
      url_(std::move(url)),
      token_(std::move(token)),
      timeout_seconds_(timeout_seconds) {}

Result<std::string> SplitterClient::Ask(const std::string& method, const std::string& target,
                                        std::string body) {
  http::ClientRequest request{
      .method = method, .url = url_ + target, .timeout_seconds = timeout_seconds_};
  request.headers = {{"Authorization", "Bearer " + token_}};
  if (!body.empty()) request.headers.push_back({"Content-Type", "application/json"});
  request.body = std::move(body);
  SLIPWAY_ASSIGN_OR_RETURN(http::ClientResponse answer, client_->Fetch(request));
  if (answer.status != kOk) return ErrorOf(answer, url_);
  return std::move(answer.body);
}

Status SplitterClient::Apply(const Routes& routes) {
  SLIPWAY_RETURN_IF_ERROR(Ask("PUT", "/routes", CompactJson(ToJson(routes))));
  return {};
}

Result<Routes> SplitterClient::CurrentRoutes() {
  SLIPWAY_ASSIGN_OR_RETURN(const std::string body, Ask("GET", "/routes", ""));
  Result<Routes> routes = ParseRoutes(body, url_);
  if (!routes.ok()) return Nonsense(routes.error(), url_);
  return routes;
}

Result<InstanceSnapshot> SplitterClient::Snapshot() {
  SLIPWAY_ASSIGN_OR_RETURN(const std::string body, Ask("GET", "/snapshot", ""));
  const Result<Json> json = ParseJson(body, url_);
  if (!json.ok()) return Nonsense(json.error(), url_);
  Result<SplitterSnapshot> snapshot = SplitterSnapshotFromJson(*json, url_);
  if (!snapshot.ok()) return Nonsense(snapshot.error(), url_);
  return InstanceSnapshot{GetString(*json, "instance"), *std::move(snapshot)};
}

Result<bool> SplitterClient::Drained(const std::string& version) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::string body,
                           Ask("GET", "/drained?version=" + EncodePercent(version), ""));
  const Result<Json> json = ParseJson(body, url_);
  if (!json.ok()) return Nonsense(json.error(), url_);
  const auto drained = json->find("drained");
  if (drained == json->end() || !drained->is_boolean())
    return Nonsense(Error(ErrorCode::kInvalidInput, "there is no member \"drained\""), url_);
  return drained->get<bool>();
}

}  // namespace slipway::splitter

// The pages of the Open Inference Protocol.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/uri.h"
#include "serve/open_inference.h"
#include "serve/service_internal.h"

namespace slipway::serve {
namespace {

// /v2/models/NAME[/versions/VERSION][/ready|/infer]
struct ModelPath {
  std::string name, version;  // Decoded.
  std::string_view verb;
};

std::optional<ModelPath> ParseModelPath(std::string_view path) {
  constexpr std::string_view kBefore = "/v2/models/", kVersions = "versions/";
  if (!path.starts_with(kBefore)) return std::nullopt;
  path.remove_prefix(kBefore.size());
  const auto take = [&] {
    const size_t end = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    return part;
  };
  ModelPath parsed;
  parsed.name = DecodePercent(take());
  if (path.starts_with(kVersions)) {
    path.remove_prefix(kVersions.size());
    parsed.version = DecodePercent(take());
    if (parsed.version.empty()) return std::nullopt;
  }
  parsed.verb = take();
  const bool known = parsed.verb.empty() || parsed.verb == "ready" || parsed.verb == "infer";
  return !parsed.name.empty() && known && path.empty() ? std::optional(parsed) : std::nullopt;
}

}  // namespace

bool Service::RouteInference(Asking* asking) {
  const http::Request& request = asking->request;
  if (!request.path.starts_with("/v2")) return false;
  http::Response& response = *asking->response;
  const bool reads = request.method == "GET" || request.method == "HEAD";
  const bool server = request.path == "/v2" || request.path == "/v2/",
             live = request.path == "/v2/health/live",
             all_ready = request.path == "/v2/health/ready";
  const std::optional<ModelPath> path =
      server || live || all_ready ? std::nullopt : ParseModelPath(request.path);
  if (!path && !server && !live && !all_ready) return false;
  const bool infer = path && path->verb == "infer";
  if (infer ? request.method != "POST" : !reads) {
    WrongMethod(asking, infer ? "POST" : "GET");
  } else if (server) {
    response.body = CompactJson(ServerMetadata());
  } else if (live) {
    WriteLive(&response.body);
  } else if (all_ready) {
    response.status = ready() ? 200 : 503;
    WriteReady(ready(), &response.body);
  } else if (infer) {
    Predict(asking, Call::kInfer, path->name, path->version);
  } else {
    ShowModel(asking, path->name, path->version, path->verb);
  }
  return true;
}

void Service::ShowModel(Asking* asking, std::string_view name, std::string_view version,
                        std::string_view verb) {
  const Answering* const answering = FindModel(asking, name, version);
  if (answering == nullptr) return;
  http::Response& response = *asking->response;
  if (verb == "ready") {
    response.status = ready() ? 200 : 503;
    WriteModelReady(answering->model->name, ready(), &response.body);
    return;
  }
  std::vector<std::string> versions;
  for (const Answering& one : asking->loop.models) {
    if (one.model->name == name && !one.model->version.empty())
      versions.push_back(one.model->version);
  }
  response.body =
      CompactJson(ModelMetadata(answering->model->model.schema, answering->model->name, versions));
}

}  // namespace slipway::serve

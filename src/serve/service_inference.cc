// The pages of the Open Inference Protocol.
#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "core/text.h"
#include "serve/open_inference.h"
#include "serve/service_internal.h"

namespace slipway::serve {
namespace {

// /v2/models/NAME[/versions/VERSION][/ready|/infer]
struct ModelPath {
  std::string_view name, version, verb;
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
  parsed.name = take();
  if (path.starts_with(kVersions)) {
    path.remove_prefix(kVersions.size());
    parsed.version = take();
    if (parsed.version.empty()) return std::nullopt;
  }
  parsed.verb = take();
  const bool known = parsed.verb.empty() || parsed.verb == "ready" || parsed.verb == "infer";
  return !parsed.name.empty() && known && path.empty() ? std::optional(parsed) : std::nullopt;
}

}  // namespace

void Service::Infer(Asking* asking, Answering* answering) {
  const ServedModel& served = *answering->model;
  InferRequest request;
  const std::optional<Rejection> rejection =
      ReadInfer(asking->request.body, served.model.schema, options_.reader.max_rows, &request);
  if (rejection) return Reject(asking, *rejection);
  const auto predictions = served.model.predictor->Predict(request.rows, 1);
  if (!predictions.ok()) return Reject(asking, RejectionOf(predictions.error()));
  asking->response->note = static_cast<uint32_t>(predictions->rows) + 1;
  asking->response->body = CompactJson(
      WriteInfer(*predictions, served.model.schema, served.name, served.version, request));
}

bool Service::RouteInference(Asking* asking) {
  const http::Request& request = asking->request;
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (request.path == "/v2") {
    if (reads) {
      asking->response->body = CompactJson(ServerMetadata());
    } else {
      WrongMethod(asking, "GET");
    }
    return true;
  }
  const std::optional<ModelPath> path = ParseModelPath(request.path);
  if (!path) return false;
  const bool infer = path->verb == "infer";
  if (infer ? request.method != "POST" : !reads) {
    WrongMethod(asking, infer ? "POST" : "GET");
    return true;
  }
  if (infer) asking->response->note = 1;
  Answering* const answering = FindModel(asking, path->name);
  if (answering == nullptr) return true;
  const ServedModel& served = *answering->model;
  if (!path->version.empty() && path->version != served.version) {
    Reject(asking, {.status = 404,
                    .message = fmt::format("'{}' is served in version {}, not {}", served.name,
                                           served.version, Printable(path->version))});
  } else if (infer) {
    Infer(asking, answering);
  } else if (path->verb == "ready") {
    Ready(asking);
  } else {
    asking->response->body =
        CompactJson(ModelMetadata(served.model.schema, served.name, served.version));
  }
  return true;
}

}  // namespace slipway::serve

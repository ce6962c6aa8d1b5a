#include "serve/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "core/text.h"
#include "serve/openapi.h"
#include "serve/page.h"
#include "serve/service_internal.h"

namespace slipway::serve {
namespace {

constexpr const char* kPrometheusType = "text/plain; version=0.0.4; charset=utf-8";
constexpr size_t kLongestRequestId = 128;

// /models/NAME/predict
std::optional<std::string_view> ModelOfPath(std::string_view path) {
  constexpr std::string_view kBefore = "/models/", kBehind = "/predict";
  if (!path.starts_with(kBefore) || !path.ends_with(kBehind)) return std::nullopt;
  path.remove_prefix(kBefore.size());
  if (path.size() <= kBehind.size()) return std::nullopt;
  path.remove_suffix(kBehind.size());
  return path;
}

// What a client calls its request; "" for none that is fit to be told again.
std::string_view RequestIdOf(const http::Request& request) {
  const std::string_view id = request.Find("X-Request-Id");
  const bool plain = std::ranges::all_of(id, [](char c) { return c > 0x20 && c < 0x7f; });
  return plain && id.size() <= kLongestRequestId ? id : std::string_view();
}

bool WantsPrometheus(const http::Request& request) {
  if (request.query.find("format=prometheus") != std::string_view::npos) return true;
  const std::string_view accept = request.Find("Accept");
  return accept.find("text/plain") != std::string_view::npos ||
         accept.find("application/openmetrics-text") != std::string_view::npos;
}

}  // namespace

Rejection RejectionOf(const Error& error) {
  Rejection rejection;
  const bool theirs = error.code() == ErrorCode::kInvalidInput;
  rejection.status = theirs ? 422 : error.code() == ErrorCode::kUnavailable ? 503 : 500;
  rejection.message = error.message();
  if (!error.expected().empty()) rejection.message += "; expected " + error.expected();
  rejection.field = error.location().field;
  if (error.location().row > 0) rejection.row = error.location().row - 1;
  return rejection;
}

Service::Service(const ServiceOptions& options, const ModelHost& host, int loops)
    : options_(options),
      host_(host),
      metrics_(Metrics::Make(loops, options.window_seconds, SystemClock())) {
  for (int i = 0; i < loops; ++i) loops_.push_back(std::make_unique<Loop>(i));
}

Service::~Service() = default;

void Service::Answer(const http::Request& request, int loop, int64_t /*begun_ns*/,
                     http::Response* response) {
  Asking asking{request, *loops_[static_cast<size_t>(loop)], response, RequestIdOf(request)};
  Route(&asking);
}

// The contract counts predictions, and not who asks whether they are answered.
void Service::Answered(int loop, uint32_t note, int status, int64_t begun_ns, bool /*sent*/) {
  if (note > 0) metrics_->Count(loop, status, note - 1, begun_ns, Now());
}

std::string Service::ErrorBody(int /*status*/, const std::string& message) {
  std::string body;
  AnswerWriter::WriteRejection({.message = message}, &body);
  return body;
}

void Service::Reject(Asking* asking, const Rejection& rejection) {
  asking->response->status = rejection.status;
  asking->response->body.clear();
  AnswerWriter::WriteRejection(rejection, &asking->response->body);
  if (rejection.status == 503) asking->response->AddHeader("Retry-After", "1");
}

void Service::Reply(Asking* asking, int status, std::string_view body) {
  asking->response->status = status;
  asking->response->body = body;
}

void Service::Health(Asking* asking) { Reply(asking, 200, R"({"status":"ok"})"); }

void Service::Ready(Asking* asking) {
  if (draining_.load(std::memory_order_acquire))
    return Reply(asking, 503, R"({"status":"draining"})");
  if (!host_.ready()) return Reply(asking, 503, R"({"status":"loading"})");
  Reply(asking, 200, R"({"status":"ready"})");
}

void Service::ShowMetrics(Asking* asking) {
  const auto models = host_.models();
  const std::string model = models.empty() ? "" : models.front()->name;
  const std::string version = models.empty() ? "" : models.front()->version;
  const int64_t in_flight = server_ == nullptr ? 0 : server_->in_flight();
  if (WantsPrometheus(asking->request)) {
    asking->response->content_type = kPrometheusType;
    asking->response->body = metrics_->ToPrometheus(
        in_flight, model, version, models.empty() ? "" : models.front()->model.digest);
    return;
  }
  Json json = Metrics::ToJson(metrics_->Snapshot());
  json["in_flight"] = in_flight;
  json["model"] = model;
  json["version"] = version;
  asking->response->body = CompactJson(json);
}

void Service::ShowPage(Asking* asking) {
  asking->response->content_type = "text/html; charset=utf-8";
  asking->response->AddHeader("Content-Security-Policy", kPagePolicy);
  asking->response->AddHeader("X-Content-Type-Options", "nosniff");
  asking->response->body = TryPage();
}

void Service::Describe(Asking* asking) {
  std::vector<DescribedModel> described;
  const auto models = host_.models();
  for (const auto& model : models)
    described.push_back({model->name, model->version, &model->model.schema});
  if (described.empty()) return Reject(asking, {.status = 503, .message = "no model is ready yet"});
  asking->response->body = CompactJson(OpenApi(described, options_.metrics));
}

Answering* Service::FindModel(Asking* asking, std::string_view name) {
  auto& models = asking->loop.Models(host_, options_.reader);
  if (models.empty()) {
    Reject(asking, {.status = 503, .message = "no model is ready yet"});
    return nullptr;
  }
  if (name.empty()) return &models.front();
  const auto found =
      std::ranges::find_if(models, [&](const Answering& one) { return one.model->name == name; });
  if (found != models.end()) return &*found;
  std::vector<std::string> names;
  for (const Answering& one : models) names.push_back(one.model->name);
  Reject(asking, {.status = 404,
                  .message = fmt::format("there is no model '{}' here; expected {}",
                                         Printable(name), JoinOr(names))});
  return nullptr;
}

void Service::Predict(Asking* asking, Call call, std::string_view name) {
  http::Response& response = *asking->response;
  response.note = 1;
  Answering* const found = FindModel(asking, name);
  if (found == nullptr) return;
  Answering& answering = *found;
  const std::string_view body = asking->request.body;
  const std::optional<Rejection> rejection =
      call == Call::kPredict ? answering.reader->ReadPredict(body, &answering.rows)
                             : answering.reader->ReadInvocation(body, &answering.rows);
  if (rejection) return Reject(asking, *rejection);
  const auto predictions = answering.model->model.predictor->Predict(answering.rows.table, 1);
  if (!predictions.ok()) return Reject(asking, RejectionOf(predictions.error()));
  response.note = static_cast<uint32_t>(predictions->rows) + 1;
  if (asking->id.empty()) asking->id = answering.rows.request_id;
  if (asking->id.empty()) asking->id = asking->loop.NewId();
  response.AddHeader("X-Request-Id", asking->id);
  const AnswerWriter& writer = answering.model->writer;
  if (call == Call::kPredict) {
    writer.WritePredict(*predictions, answering.rows.shape, asking->id, &response.body);
  } else {
    writer.WriteInvocation(*predictions, &response.body);
  }
}

void Service::Route(Asking* asking) {
  struct Page {
    std::string_view method, path;
    void (*answer)(Service*, Asking*);
  };
  static constexpr std::array kPages = {
      Page{"POST", "/predict",
           [](Service* to, Asking* of) { to->Predict(of, Call::kPredict, ""); }},
      Page{"POST", "/invocations",
           [](Service* to, Asking* of) { to->Predict(of, Call::kInvocation, ""); }},
      Page{"GET", "/health", [](Service* to, Asking* of) { to->Health(of); }},
      Page{"GET", "/ping", [](Service* to, Asking* of) { to->Health(of); }},
      Page{"GET", "/ready", [](Service* to, Asking* of) { to->Ready(of); }},
      Page{"GET", "/metrics", [](Service* to, Asking* of) { to->ShowMetrics(of); }},
      Page{"GET", "/", [](Service* to, Asking* of) { to->ShowPage(of); }},
      Page{"GET", "/openapi.json", [](Service* to, Asking* of) { to->Describe(of); }},
      Page{"GET", "/v2/health/live", [](Service* to, Asking* of) { to->Health(of); }},
      Page{"GET", "/v2/health/ready", [](Service* to, Asking* of) { to->Ready(of); }},
  };
  const http::Request& request = asking->request;
  const auto method_fits = [&](std::string_view method) {
    return request.method == method || (method == "GET" && request.method == "HEAD");
  };
  const auto page = std::ranges::find(kPages, request.path, &Page::path);
  const bool hidden = !options_.metrics && request.path == "/metrics";
  if (page != kPages.end() && !hidden) {
    if (method_fits(page->method)) return page->answer(this, asking);
    return WrongMethod(asking, page->method);
  }
  if (RouteInference(asking)) return;
  const std::optional<std::string_view> name = ModelOfPath(request.path);
  if (!name) {
    return Reject(asking, {.status = 404,
                           .message = "there is no such page; expected /predict, /invocations, "
                                      "/models/NAME/predict, /v2, /health, /ready or /metrics"});
  }
  if (!method_fits("POST")) return WrongMethod(asking, "POST");
  Predict(asking, Call::kPredict, *name);
}

void Service::WrongMethod(Asking* asking, std::string_view method) {
  Reject(asking, {.status = 405, .message = fmt::format("this page is for {}", method)});
  asking->response->AddHeader("Allow", method == "GET" ? "GET, HEAD" : method);
}

}  // namespace slipway::serve

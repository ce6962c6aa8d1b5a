#include "serve/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "core/text.h"
#include "core/uri.h"
#include "http/bearer.h"
#include "serve/service_internal.h"

namespace slipway::serve {
namespace {

constexpr int kFirstErrorStatus = 400, kNotImplementedStatus = 501, kUnavailableStatus = 503;

// /models/NAME/predict
std::optional<std::string> ModelOfPath(std::string_view path) {
  constexpr std::string_view kBefore = "/models/", kBehind = "/predict";
  if (!path.starts_with(kBefore) || !path.ends_with(kBehind)) return std::nullopt;
  path.remove_prefix(kBefore.size());
  if (path.size() <= kBehind.size()) return std::nullopt;
  path.remove_suffix(kBehind.size());
  if (path.find('/') != std::string_view::npos) return std::nullopt;
  return DecodePercent(path);
}

// What a client calls its request; "" for none that is fit to be told again.
std::string_view RequestIdOf(const http::Request& request) {
  const std::string_view id = request.Find("X-Request-Id");
  return IsRequestId(id) ? id : std::string_view();
}

std::string TextOf(const std::array<char, kIdSize>& id) { return {id.data(), id.size()}; }

}  // namespace

bool IsReplicaTag(std::string_view tag) {
  return !tag.empty() && tag.size() <= kLongestReplicaTag && std::ranges::all_of(tag, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

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

Service::Service(const ServiceOptions& options, const ServiceParts& parts, int loops)
    : options_(options),
      parts_(parts),
      instance_(TextOf(LowerHex(RandomSeed()))),
      metrics_(Metrics::Make(loops, options.window_seconds, SystemClock())),
      predictions_(options.prediction_bounds, loops + 1) {
  for (int i = 0; i < loops; ++i) loops_.push_back(std::make_unique<Loop>(options_.replica));
}

Service::~Service() = default;

void Service::ForgetOldModels() {
  for (const auto& loop : loops_) {
    const std::lock_guard lock(loop->mutex);
    loop->models.clear();
    loop->generation = 0;
  }
}

void Service::Answer(const http::Request& request, const http::Arrival& arrival,
                     http::Response* response) {
  Loop& loop = *loops_[static_cast<size_t>(arrival.loop)];
  const std::lock_guard lock(loop.mutex);
  Asking asking{request, arrival, loop, response};
  asking.id = RequestIdOf(request);
  asking.own_id = !asking.id.empty();
  if (!asking.own_id) asking.id = loop.NewId();
  asking.trace = ContinueTrace(request, &loop.random);
  const Access& access = loop.CurrentAccess(*parts_.access);
  if (const auto refused = access.Check(request, ScopeOf(request.path))) {
    Reject(&asking, *refused);
    if (refused->status == 401) response->AddHeader("WWW-Authenticate", http::kBearerChallenge);
  } else {
    Route(&asking);
  }
  Finish(&asking);
}

void Service::Finish(Asking* asking) {
  if (asking->response->later) return;  // It was finished before it went.
  asking->response->AddHeader("X-Request-Id", asking->id);
  AddTraceResponse(asking->trace, asking->response);
  if (!asking->noted) asking->response->note = NoteOf(*asking);
}

uint64_t Service::NoteOf(const Asking& asking) {
  const uint64_t counted =
      asking.counts ? kCounted + static_cast<uint64_t>(asking.rows) : kNotCounted;
  const uint64_t above = counted << kTicketBits;
  if (parts_.access_log == nullptr) return above;
  const http::Request& request = asking.request;
  AccessEntry entry;
  entry.method = request.method;
  entry.path = request.path;
  entry.request_id = asking.id;
  entry.peer = request.peer;
  entry.user_agent = request.Find("User-Agent");
  if (asking.model != nullptr) {
    entry.model = asking.model->name;
    entry.version = asking.model->version;
  }
  entry.trace = asking.trace;
  entry.rows = asking.rows;
  entry.shed = asking.shed;
  return above | parts_.access_log->Begin(asking.arrival.loop, entry);
}

// The contract counts predictions, and requests that the server could not take; who asks whether
// predictions are answered does not count, and neither do those who speak no HTTP (501, 505): any
// scanner of ports would make a version look broken.
void Service::Answered(const http::Delivery& delivery) {
  const uint64_t counted = delivery.note >> kTicketBits;
  const int64_t now = Now();
  if (parts_.access_log != nullptr) {
    parts_.access_log->Finish(delivery, static_cast<uint32_t>(delivery.note), now);
  }
  const bool servers_own = delivery.note == 0 && delivery.status >= kFirstErrorStatus &&
                           delivery.status <= kUnavailableStatus &&
                           delivery.status != kNotImplementedStatus;
  // One whose client went before there was an answer has none to count.
  if (delivery.status == 0 || (counted < kCounted && !servers_own)) return;
  const int64_t rows = servers_own ? 0 : static_cast<int64_t>(counted - kCounted);
  metrics_->Count(delivery.loop, delivery.status, rows, delivery.begun_ns, now);
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

void Service::WrongMethod(Asking* asking, std::string_view method) {
  Reject(asking, {.status = 405, .message = fmt::format("this page is for {}", method)});
  asking->response->AddHeader("Allow", method == "GET" ? "GET, HEAD" : method);
}

bool Service::RoutePage(Asking* asking) {
  struct Page {
    std::string_view method, path;
    void (*answer)(Service*, Asking*);
  };
  using S = Service;
  static constexpr std::array kPages = {
      Page{"POST", "/predict", [](S* to, Asking* of) { to->Predict(of, Call::kPredict, "", ""); }},
      Page{"POST", "/invocations",
           [](S* to, Asking* of) { to->Predict(of, Call::kInvocation, "", ""); }},
      Page{"POST", "/feedback", [](S* to, Asking* of) { to->TakeFeedback(of); }},
      Page{"GET", "/health", [](S*, Asking* of) { Reply(of, 200, R"({"status":"ok"})"); }},
      Page{"GET", "/ready", [](S* to, Asking* of) { to->Ready(of); }},
      Page{"GET", "/ping", [](S* to, Asking* of) { to->Ready(of); }},
      Page{"GET", "/version", [](S*, Asking* of) { ShowVersion(of); }},
      Page{"GET", "/metrics", [](S* to, Asking* of) { to->ShowMetrics(of); }},
      Page{"GET", "/", [](S*, Asking* of) { ShowPage(of); }},
      Page{"GET", "/openapi.json", [](S* to, Asking* of) { to->Describe(of); }},
      Page{"POST", "/admin/reload", [](S* to, Asking* of) { to->Reload(of); }},
  };
  const http::Request& request = asking->request;
  const auto page = std::ranges::find(kPages, request.path, &Page::path);
  const bool hidden = (!options_.metrics && request.path == "/metrics") ||
                      (!options_.admin && request.path == "/admin/reload") ||
                      (parts_.log == nullptr && request.path == "/feedback");
  if (page == kPages.end() || hidden) return false;
  const bool fits =
      request.method == page->method || (page->method == "GET" && request.method == "HEAD");
  if (fits) {
    page->answer(this, asking);
  } else {
    WrongMethod(asking, page->method);
  }
  return true;
}

void Service::Route(Asking* asking) {
  if (RoutePage(asking) || RouteInference(asking)) return;
  const std::optional<std::string> name = ModelOfPath(asking->request.path);
  if (!name) {
    return Reject(asking, {.status = 404,
                           .message = "there is no such page; expected /predict, /invocations, "
                                      "/models/NAME/predict, /v2, /health, /ready or /metrics"});
  }
  if (asking->request.method != "POST") return WrongMethod(asking, "POST");
  Predict(asking, Call::kPredict, *name, "");
}

}  // namespace slipway::serve

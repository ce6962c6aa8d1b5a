// The pages about the models, and what is told about predictions afterwards.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "core/build_info.h"
#include "http/feedback_header.h"
#include "serve/openapi.h"
#include "serve/page.h"
#include "serve/prometheus_format_internal.h"
#include "serve/service_internal.h"

namespace slipway::serve {
namespace {

constexpr const char* kPrometheusType = "text/plain; version=0.0.4; charset=utf-8";

// The value of `key` in a query; "" where it is not there.
std::string_view ParameterOf(std::string_view query, std::string_view key) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    if (pair.size() > key.size() && pair.starts_with(key) && pair[key.size()] == '=')
      return pair.substr(key.size() + 1);
  }
  return {};
}

// What is asked for by name comes first; else JSON, unless it is not wanted and text is.
bool WantsPrometheus(const http::Request& request) {
  const std::string_view format = ParameterOf(request.query, "format");
  if (!format.empty()) return format == "prometheus";
  const std::string_view accept = request.Find("Accept");
  if (accept.find("application/json") != std::string_view::npos) return false;
  return accept.find("text/plain") != std::string_view::npos ||
         accept.find("application/openmetrics-text") != std::string_view::npos;
}

FeedbackReach ReachOf(const http::Request& request) {
  const std::string_view told = request.Find(http::kFeedbackHeader);
  if (told == http::kSharedFeedback) return FeedbackReach::kShared;
  return told == http::kCopiedFeedback ? FeedbackReach::kCopied : FeedbackReach::kAlone;
}

// Of the header of who reads /metrics; 0 where it names none.
int64_t EpochOf(const http::Request& request) {
  const std::string_view told = request.Find(http::kFeedbackHeader);
  if (!told.starts_with(http::kFeedbackEpoch)) return 0;
  const std::string_view digits = told.substr(http::kFeedbackEpoch.size());
  int64_t epoch = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), epoch);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  return whole && epoch > 0 ? epoch : 0;
}

void AddCounts(const FeedbackCounts& counts, bool regression, Json* json) {
  (*json)["matched"] = counts.matched;
  if (counts.matched == 0) return;
  const auto matched = static_cast<double>(counts.matched);
  if (regression) {
    (*json)["absolute_error_sum"] = counts.absolute_error;
    (*json)["squared_error_sum"] = counts.squared_error;
    (*json)["mean_absolute_error"] = counts.absolute_error / matched;
    return;
  }
  (*json)["correct"] = counts.correct;
  (*json)["accuracy"] = static_cast<double>(counts.correct) / matched;
  Json& labels = (*json)["labels"] = Json::object();
  for (const auto& [label, count] : counts.labels) labels[label] = count;
}

Json ScoresOf(const PredictionLogStats& stats, int64_t epoch) {
  Json scores = Json::array();
  for (const FeedbackScore& score : stats.scores) {
    Json one = {{"model", score.model}, {"version", score.version}};
    AddCounts(score.all, score.regression, &one);
    if (epoch != 0) {
      one["in_epoch"] = {{"epoch", score.epoch}};
      AddCounts(score.in_epoch, score.regression, &one["in_epoch"]);
    }
    scores.push_back(std::move(one));
  }
  return scores;
}

void AppendLogged(const PredictionLogStats& stats, std::string* text) {
  const auto out = std::back_inserter(*text);
  AppendFamily("slipway_logged_rows_total", "counter", "Rows for the prediction log, by outcome.",
               text);
  for (const auto& [outcome, rows] : {std::pair("recorded", stats.recorded),
                                      {"sampled_out", stats.sampled_out},
                                      {"dropped", stats.dropped},
                                      {"written", stats.written}}) {
    fmt::format_to(out, "slipway_logged_rows_total{{outcome=\"{}\"}} {}\n", outcome, rows);
  }
  AppendSingle("slipway_feedback_total", "counter", "Labels that came as feedback.",
               stats.feedback_count, text);
  AppendSingle("slipway_feedback_unmatched_total", "counter",
               "Labels whose prediction should be known here and was not.",
               stats.feedback_unmatched, text);
  if (stats.scores.empty()) return;
  AppendFamily("slipway_feedback_matched_total", "counter",
               "Feedback on rows whose prediction was still known.", text);
  for (const FeedbackScore& score : stats.scores) {
    fmt::format_to(out, "slipway_feedback_matched_total{{model=\"{}\",version=\"{}\"}} {}\n",
                   LabelValue(score.model), LabelValue(score.version), score.all.matched);
  }
  const bool classes = std::ranges::any_of(
      stats.scores, [](const FeedbackScore& score) { return !score.regression; });
  if (!classes) return;
  AppendFamily("slipway_feedback_correct_total", "counter", "Of these, the right classes.", text);
  for (const FeedbackScore& score : stats.scores) {
    if (score.regression) continue;
    fmt::format_to(out, "slipway_feedback_correct_total{{model=\"{}\",version=\"{}\"}} {}\n",
                   LabelValue(score.model), LabelValue(score.version), score.all.correct);
  }
}

}  // namespace

bool Service::ready() const {
  return parts_.models->ready() && !draining_.load(std::memory_order_acquire);
}

void Service::Ready(Asking* asking) {
  if (ready()) return Reply(asking, 200, R"({"status":"ready"})");
  const bool draining = draining_.load(std::memory_order_acquire);
  Reply(asking, 503, draining ? R"({"status":"draining"})" : R"({"status":"loading"})");
}

std::string Service::MetricsText() {
  std::vector<ModelLabels> labels;
  const auto models = parts_.models->models();
  for (const auto& model : models)
    labels.push_back({model->name, model->version, model->model.digest});
  const http::Server* const server = server_.load(std::memory_order_acquire);
  std::string text = metrics_->ToPrometheus(server == nullptr ? 0 : server->in_flight(), labels);
  predictions_.AppendPrometheus(models, &text);
  if (parts_.log != nullptr) AppendLogged(parts_.log->Stats(), &text);
  if (parts_.access_log != nullptr) {
    AppendSingle("slipway_access_log_dropped_total", "counter",
                 "Lines that the access log had no room for.", parts_.access_log->dropped(), &text);
  }
  if (parts_.batcher == nullptr) return text;
  const BatcherCounts counts = parts_.batcher->counts();
  AppendSingle("slipway_batches_total", "counter", "Calls of a model for several requests.",
               counts.batches, &text);
  AppendSingle("slipway_batch_rows_total", "counter", "Rows of these.", counts.rows, &text);
  AppendSingle("slipway_batch_refused_total", "counter", "Requests that met a full queue.",
               counts.refused, &text);
  AppendSingle("slipway_batch_late_total", "counter", "Requests that had waited too long.",
               counts.late, &text);
  AppendSingle("slipway_batch_retried_total", "counter",
               "Requests predicted alone because their batch failed.", counts.retried, &text);
  return text;
}

Json Service::MetricsJson(int64_t epoch) {
  const auto models = parts_.models->models();
  const http::Server* const server = server_.load(std::memory_order_acquire);
  Json json = Metrics::ToJson(metrics_->Snapshot());
  json["in_flight"] = server == nullptr ? 0 : server->in_flight();
  json["model"] = models.empty() ? "" : models.front()->name;
  json["version"] = models.empty() ? "" : models.front()->version;
  json["instance"] = instance_;
  json["predictions"] = predictions_.ToJson(models);
  if (parts_.log != nullptr) {
    if (epoch != 0) parts_.log->BeginEpoch(epoch);
    const PredictionLogStats stats = parts_.log->Stats();
    json["feedback_count"] = stats.feedback_count;
    json["feedback"] = ScoresOf(stats, epoch);
    json["feedback_unmatched"] = stats.feedback_unmatched;
    json["logged_rows"] = stats.recorded;
    json["log_dropped_rows"] = stats.dropped;
  }
  if (parts_.batcher != nullptr) json["batch_mean_rows"] = parts_.batcher->counts().mean_rows();
  return json;
}

void Service::ShowMetrics(Asking* asking) {
  if (WantsPrometheus(asking->request)) {
    asking->response->content_type = kPrometheusType;
    asking->response->body = MetricsText();
  } else {
    asking->response->body = CompactJson(MetricsJson(EpochOf(asking->request)));
  }
}

void Service::ShowPage(Asking* asking) {
  asking->response->content_type = "text/html; charset=utf-8";
  asking->response->AddHeader("Content-Security-Policy", PagePolicy());
  asking->response->AddHeader("X-Content-Type-Options", "nosniff");
  asking->response->body = TryPage();
}

void Service::ShowVersion(Asking* asking) {
  asking->response->content_type = "text/plain; charset=utf-8";
  asking->response->body = fmt::format("slipway {}\n", Version());
}

void Service::Describe(Asking* asking) {
  std::vector<DescribedModel> described;
  const auto models = parts_.models->models();
  for (const auto& model : models) {
    described.push_back({model->name, model->version, model->model.digest,
                         model->model.predictor->engine(), &model->model.schema});
  }
  if (described.empty()) return Reject(asking, {.status = 503, .message = "no model is ready yet"});
  DescribedServer server;
  server.metrics = options_.metrics;
  server.feedback = parts_.log != nullptr;
  server.admin = options_.admin;
  server.tokens = options_.tokens;
  server.allowed_hosts = options_.allowed_hosts;
  server.reader = options_.reader;
  server.max_labels = options_.max_labels;
  asking->response->body = CompactJson(OpenApi(described, server));
}

void Service::TakeFeedback(Asking* asking) {
  if (!TakesIn(asking)) return;
  Answering* const answering = FindModel(asking, "", "");
  if (answering == nullptr) return;
  std::vector<Feedback> feedback;
  if (const auto rejection = ParseFeedback(asking->request.body, options_.max_labels, &feedback))
    return Reject(asking, *rejection);
  const FeedbackArrival arrival{
      .now_ns = Now(), .reach = ReachOf(asking->request), .own_ids = asking->loop.own_ids()};
  const int64_t accepted =
      parts_.log->RecordFeedback(asking->arrival.loop, answering->logged, feedback, arrival);
  if (accepted == 0 && !feedback.empty())
    return Reject(asking, {.status = 503, .message = "there is no room for feedback now"});
  asking->response->body = fmt::format("{{\"accepted\":{}}}", accepted);
}

void Service::Reload(Asking* asking) {
  Finish(asking);
  asking->response->later = true;
  reloads_.Ask({asking->arrival.ticket, asking->response->note, asking->response->header_lines});
}

void Service::AnswerReloads(std::vector<ReloadQueue::Waiting> waiting, const Taken& taken) {
  http::Server* const server = server_.load(std::memory_order_acquire);
  if (server == nullptr) return;
  Json models = Json::array();
  for (const auto& model : parts_.models->models()) {
    models.push_back({{"model", model->name},
                      {"version", model->version},
                      {"digest", model->model.digest},
                      {"new", std::ranges::find(taken.models, model) != taken.models.end()}});
  }
  Json answer = {{"models", std::move(models)}};
  if (taken.error) answer["error"] = taken.error->ToString();
  for (ReloadQueue::Waiting& one : waiting) {
    http::Response response;
    response.status = taken.error ? 409 : 200;
    response.body = CompactJson(answer);
    response.header_lines = std::move(one.header_lines);
    response.note = one.note;
    server->Complete(one.ticket, std::move(response));
  }
}

}  // namespace slipway::serve

// How a prediction is answered: at once, or by the batcher later.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <new>
#include <optional>
#include <utility>

#include "core/text.h"
#include "serve/service_internal.h"

namespace slipway::serve {
namespace {

// What curl and browsers send by themselves tells nothing of the body.
bool MayBeJson(std::string_view type) {
  if (type.empty() || type == "application/json") return true;
  static constexpr std::array<std::string_view, 3> kOthers = {"text/csv", "multipart/form-data",
                                                              "application/octet-stream"};
  const std::string lower = ToLower(type);
  return std::ranges::none_of(kOthers,
                              [&](std::string_view other) { return lower.starts_with(other); });
}

// The id of a trace that whoever asked goes on with.
class TraceText {
 public:
  explicit TraceText(const TraceContext& context)
      : text_(FormatTraceParent(context)), was_sent_(context.was_sent) {}

  std::string_view id() const {
    constexpr size_t kAt = 3, kSize = 32;  // Behind the version, "00-".
    return was_sent_ ? std::string_view(text_.data() + kAt, kSize) : std::string_view();
  }

 private:
  const std::array<char, kTraceParentSize> text_;
  const bool was_sent_;
};

void WriteAnswer(const ServedModel& served, Call call, Shape shape, const InferRequest& infer,
                 const model::Predictions& predictions, std::string_view id, std::string* body) {
  switch (call) {
    case Call::kPredict: return served.writer.WritePredict(predictions, shape, id, body);
    case Call::kInvocation: return served.writer.WriteInvocation(predictions, body);
    case Call::kInfer: return served.writer.WriteInfer(predictions, infer, body);
  }
}

void Fail(const Rejection& rejection, http::Response* response) {
  response->status = rejection.status;
  response->note = WithoutRows(response->note);
  response->body.clear();
  AnswerWriter::WriteRejection(rejection, &response->body);
  if (rejection.status == 503) response->AddHeader("Retry-After", "1");
}

}  // namespace

Answering* Service::FindModel(Asking* asking, std::string_view name, std::string_view version) {
  auto& models = asking->loop.Models(parts_, options_.reader, &predictions_);
  if (models.empty()) {
    Reject(asking, {.status = 503, .message = "no model is ready yet"});
    return nullptr;
  }
  const auto found = std::ranges::find_if(models, [&](const Answering& one) {
    return (name.empty() || one.model->name == name) &&
           (version.empty() || one.model->version == version);
  });
  if (found != models.end()) {
    asking->model = found->model.get();
    return &*found;
  }
  std::vector<std::string> names, versions;
  for (const Answering& one : models) {
    if (one.model->name == name) versions.push_back(one.model->version);
    if (std::ranges::find(names, one.model->name) == names.end()) names.push_back(one.model->name);
  }
  const std::string message =
      versions.empty()
          ? fmt::format("there is no model '{}' here; expected {}", Printable(name), JoinOr(names))
          : fmt::format("'{}' is served in version {}, not {}", Printable(name), JoinOr(versions),
                        Printable(version));
  Reject(asking, {.status = 404, .message = message});
  return nullptr;
}

bool Service::TakesIn(Asking* asking) {
  if (asking->arrival.in_flight > options_.max_in_flight) {
    asking->shed = true;
    Reject(asking, {.status = 503, .message = "too many requests wait; try again in a second"});
    return false;
  }
  const std::string_view coding = asking->request.Find("Content-Encoding");
  if (!coding.empty() && ToLower(coding) != "identity") {
    Reject(asking, {.status = 415,
                    .message = fmt::format("a body in the coding '{}'; expected one as it is",
                                           Printable(coding))});
    return false;
  }
  const std::string_view type = asking->request.Find("Content-Type");
  if (!asking->request.Find(kBinaryTensorsHeader).empty()) {
    Reject(asking, RefuseBinaryTensors());
    return false;
  }
  if (!MayBeJson(type)) {
    Reject(asking, {.status = 415,
                    .message = fmt::format("a body of the type '{}'; expected application/json",
                                           Printable(type))});
    return false;
  }
  return true;
}

// Into the answering's rooms; false where the body was rejected.
bool Service::Read(Asking* asking, Answering* answering, Call call) {
  const std::string_view body = asking->request.body;
  RequestReader& reader = *answering->reader;
  std::optional<Rejection> rejection;
  if (call == Call::kPredict) {
    rejection = reader.ReadPredict(body, &answering->rows);
  } else if (call == Call::kInvocation) {
    rejection = reader.ReadInvocation(body, &answering->rows);
  } else {
    rejection = reader.ReadInfer(body, &answering->infer);
  }
  if (rejection) {
    Reject(asking, *rejection);
    return false;
  }
  if (!asking->own_id && call != Call::kInfer && !answering->rows.request_id.empty())
    asking->id = answering->rows.request_id;
  return true;
}

void Service::Predict(Asking* asking, Call call, std::string_view name, std::string_view version) {
  asking->counts = true;
  if (!TakesIn(asking)) return;
  Answering* const answering = FindModel(asking, name, version);
  if (answering == nullptr || !Read(asking, answering, call)) return;
  const ServedModel& served = *answering->model;
  const data::Table& rows = call == Call::kInfer ? answering->infer.rows : answering->rows.table;
  asking->rows = rows.rows;
  if (parts_.batcher != nullptr && served.batched) return Submit(asking, answering, call);
  const auto predictions = served.model.predictor->Predict(rows, 1);
  if (!predictions.ok()) {
    asking->rows = 0;
    return Reject(asking, RejectionOf(predictions.error()));
  }
  WriteAnswer(served, call, answering->rows.shape, answering->infer, *predictions, asking->id,
              &asking->response->body);
  answering->counts->Count(asking->arrival.loop, *predictions);
  if (parts_.log == nullptr) return;
  const TraceText trace(asking->trace);
  parts_.log->Record(asking->arrival.loop, {.model = answering->logged,
                                            .rows = &rows,
                                            .predictions = &*predictions,
                                            .request_id = asking->id,
                                            .trace_id = trace.id(),
                                            .begun_ns = asking->arrival.begun_ns,
                                            .made_ns = Now()});
}

void Service::Submit(Asking* asking, Answering* answering, Call call) {
  auto asked = std::make_unique<Asked>();
  asked->ticket = asking->arrival.ticket;
  asked->model = answering->model;
  asked->counts = answering->counts;
  asked->logged = answering->logged;
  asked->call = call;
  asked->shape = answering->rows.shape;
  data::Table& from = call == Call::kInfer ? answering->infer.rows : answering->rows.table;
  data::Table rows = std::exchange(from, {});
  if (parts_.log != nullptr) asked->rows = rows;
  asked->infer = std::exchange(answering->infer, {});
  asked->id = asking->id;
  asked->trace_id = TraceText(asking->trace).id();
  asked->begun_ns = asking->arrival.begun_ns;
  Finish(asking);
  asking->noted = true;
  asked->response.header_lines = asking->response->header_lines;
  asked->response.note = asking->response->note;
  asking->response->later = true;
  const std::shared_ptr<const model::Predictor> predictor(answering->model,
                                                          asked->model->model.predictor.get());
  auto done = [this, asked = std::move(asked)](Result<model::Predictions> predictions) {
    Complete(asked.get(), std::move(predictions));
  };
  if (parts_.batcher->Submit(predictor, std::move(rows), std::move(done))) return;
  asking->response->later = false;
  asking->response->header_lines.clear();
  asking->response->note = WithoutRows(asking->response->note);
  Reject(asking, {.status = 503, .message = "too many rows wait; try again in a second"});
}

// On a thread of the batcher. Whatever happens, the client gets an answer.
void Service::Complete(Asked* asked, Result<model::Predictions> predictions) {
  http::Response& response = asked->response;
  try {
    if (predictions.ok()) {
      WriteAnswer(*asked->model, asked->call, asked->shape, asked->infer, *predictions, asked->id,
                  &response.body);
      RecordLater(*asked, *predictions);
    } else {
      Fail(RejectionOf(predictions.error()), &response);
    }
  } catch (const std::bad_alloc&) {
    Fail({.status = 503, .message = "there is no memory for the answer"}, &response);
  }
  if (http::Server* const server = server_.load(std::memory_order_acquire); server != nullptr)
    server->Complete(asked->ticket, std::move(response));
}

void Service::RecordLater(const Asked& asked, const model::Predictions& predictions) {
  const std::lock_guard lock(batch_mutex_);
  asked.counts->Count(batch_loop(), predictions);
  if (parts_.log == nullptr) return;
  parts_.log->Record(batch_loop(), {.model = asked.logged,
                                    .rows = &asked.rows,
                                    .predictions = &predictions,
                                    .request_id = asked.id,
                                    .trace_id = asked.trace_id,
                                    .begun_ns = asked.begun_ns,
                                    .made_ns = Now()});
}

}  // namespace slipway::serve

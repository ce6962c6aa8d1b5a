// What the server answers to which request: docs/serving.md.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "http/server.h"
#include "serve/access.h"
#include "serve/access_log.h"
#include "serve/batcher.h"
#include "serve/metrics.h"
#include "serve/model_host.h"
#include "serve/prediction_log.h"
#include "serve/prediction_metrics.h"
#include "serve/reload_queue.h"
#include "serve/request_reader.h"

namespace slipway::serve {

struct Answering;
struct Asked;

// Which question: /predict, MLflow's or V2's.
enum class Call { kPredict, kInvocation, kInfer };

struct ServiceOptions {
  ReaderOptions reader;
  bool metrics = true;          // Whether there is /metrics.
  int window_seconds = 60;      // Of the figures of /metrics.
  int64_t max_in_flight = 512;  // A loop; predictions beyond are answered with 503.
  int64_t max_labels = 4'000;   // Of one /feedback.
  bool admin = false;           // Whether there are admin tokens, and so /admin/reload.
  bool tokens = false;          // Whether predictions want a token.
  bool allowed_hosts = false;   // Whether the server has names that it is to be called by.
  // In the place of those of each regression: CheckPredictionBounds.
  std::vector<double> prediction_bounds = {};
  // What the ids of requests begin with that had none, IsReplicaTag; "" for nothing. So whoever
  // has several servers knows which one to tell of a request.
  std::string replica = {};
};

// 1 to 16 of a-z, 0-9 and -.
bool IsReplicaTag(std::string_view tag);

// What it works with; all outlive it. Those that may be null are left out then.
struct ServiceParts {
  const ModelHost* models = nullptr;
  const AccessHost* access = nullptr;
  AccessLog* access_log = nullptr;  // May be null.
  PredictionLog* log = nullptr;     // May be null: then there is no /feedback.
  Batcher* batcher = nullptr;       // May be null: then each request is predicted by itself.
};

class Service final : public http::Handler {
 public:
  // `loops` as the server's threads. The prediction log has one loop more, for predictions that
  // come from the batcher's threads.
  Service(const ServiceOptions& options, const ServiceParts& parts, int loops);
  ~Service() override;

  // From now on /ready says no; predictions are answered all the same.
  void BeginDrain() { draining_.store(true, std::memory_order_release); }
  // Once the server has started: before, answers that come later find no way out. It outlives all
  // requests.
  void Observe(http::Server* server) { server_.store(server, std::memory_order_release); }
  // After a reload: loops keep nothing of models that are no more.
  void ForgetOldModels();
  // Who waits for a reload, by POST /admin/reload.
  ReloadQueue& reloads() { return reloads_; }
  // What a reload came to, to those who waited for it.
  void AnswerReloads(std::vector<ReloadQueue::Waiting> waiting, const Taken& taken);

  void Answer(const http::Request& request, const http::Arrival& arrival,
              http::Response* response) override;
  void Answered(const http::Delivery& delivery) override;
  std::string ErrorBody(int status, const std::string& message) override;

 private:
  struct Loop;    // What a loop keeps to itself.
  struct Asking;  // A request on its way.

  void Route(Asking* asking);
  bool RoutePage(Asking* asking);
  // Version 2 of the Open Inference Protocol; false for a path that is none of its.
  bool RouteInference(Asking* asking);
  // Its page of a model: whether it is ready, or what it takes and gives.
  void ShowModel(Asking* asking, std::string_view name, std::string_view version,
                 std::string_view verb);
  // `name` "" is the first model, `version` "" any of that name; nullptr where it was rejected.
  Answering* FindModel(Asking* asking, std::string_view name, std::string_view version);
  void Predict(Asking* asking, Call call, std::string_view name, std::string_view version);
  // Whether it is taken in at all: not where too many wait, nor where the body is no JSON.
  bool TakesIn(Asking* asking);
  static bool Read(Asking* asking, Answering* answering, Call call);
  // Hands the rows to the batcher, which answers later.
  void Submit(Asking* asking, Answering* answering, Call call);
  void Complete(Asked* asked, Result<model::Predictions> predictions);
  // Counts and logs what the batcher's threads have answered.
  void RecordLater(const Asked& asked, const model::Predictions& predictions);

  bool ready() const;
  void Ready(Asking* asking);
  void ShowMetrics(Asking* asking);
  std::string MetricsText();
  // Begins the epoch of feedback, unless it is 0.
  Json MetricsJson(int64_t epoch);
  static void ShowPage(Asking* asking);
  static void ShowVersion(Asking* asking);
  void Describe(Asking* asking);
  void TakeFeedback(Asking* asking);
  void Reload(Asking* asking);

  // What the response's note says of the request, for Answered.
  uint64_t NoteOf(const Asking& asking);
  // Headers and note, once the answer stands.
  void Finish(Asking* asking);
  static void Reply(Asking* asking, int status, std::string_view body);
  static void Reject(Asking* asking, const Rejection& rejection);
  static void WrongMethod(Asking* asking, std::string_view method);
  int batch_loop() const { return static_cast<int>(loops_.size()); }

  ServiceOptions options_;
  ServiceParts parts_;
  const std::string instance_;  // Of this process alone: who takes differences sees a restart.
  std::unique_ptr<Metrics> metrics_;
  PredictionMetrics predictions_;  // One shard more is the batcher's.
  std::vector<std::unique_ptr<Loop>> loops_;
  ReloadQueue reloads_;
  std::mutex batch_mutex_;  // One thread at a time records for the batcher.
  std::atomic<http::Server*> server_{nullptr};
  std::atomic<bool> draining_{false};
};

}  // namespace slipway::serve

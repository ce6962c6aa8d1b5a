// What the server answers to which request: docs/serving.md.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "http/server.h"
#include "serve/metrics.h"
#include "serve/model_host.h"
#include "serve/request_reader.h"

namespace slipway::serve {

struct Answering;

struct ServiceOptions {
  ReaderOptions reader;
  bool metrics = true;      // Whether there is /metrics.
  int window_seconds = 60;  // Of the figures of /metrics.
};

class Service final : public http::Handler {
 public:
  // `host` outlives it. `loops` as the server's threads.
  Service(const ServiceOptions& options, const ModelHost& host, int loops);
  ~Service() override;

  // From now on /ready says no; predictions are answered all the same.
  void BeginDrain() { draining_.store(true, std::memory_order_release); }
  // For the gauge of /metrics. Once, before requests come.
  void Observe(const http::Server* server) { server_ = server; }

  void Answer(const http::Request& request, int loop, int64_t begun_ns,
              http::Response* response) override;
  void Answered(int loop, uint32_t note, int status, int64_t begun_ns, bool sent) override;
  std::string ErrorBody(int status, const std::string& message) override;

 private:
  struct Loop;    // What a loop keeps to itself.
  struct Asking;  // A request on its way.

  void Route(Asking* asking);
  // Which question: /predict or MLflow's.
  enum class Call { kPredict, kInvocation };
  // `name` "" is the first model; nullptr where it was rejected.
  Answering* FindModel(Asking* asking, std::string_view name);
  void Predict(Asking* asking, Call call, std::string_view name);
  // Version 2 of the Open Inference Protocol; false for a path that is none of its.
  bool RouteInference(Asking* asking);
  void Infer(Asking* asking, Answering* answering);
  void Health(Asking* asking);
  void Ready(Asking* asking);
  void ShowMetrics(Asking* asking);
  void ShowPage(Asking* asking);
  void Describe(Asking* asking);
  static void Reply(Asking* asking, int status, std::string_view body);
  static void Reject(Asking* asking, const Rejection& rejection);
  static void WrongMethod(Asking* asking, std::string_view method);

  ServiceOptions options_;
  const ModelHost& host_;
  std::unique_ptr<Metrics> metrics_;
  std::vector<std::unique_ptr<Loop>> loops_;
  const http::Server* server_ = nullptr;
  std::atomic<bool> draining_{false};
};

}  // namespace slipway::serve

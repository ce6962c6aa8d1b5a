// What the answers of a service share: a loop's rooms, and a request on its way.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/random.h"
#include "serve/open_inference.h"
#include "serve/service.h"
#include "serve/trace_context.h"

namespace slipway::serve {

// CLOCK_MONOTONIC.
inline int64_t Now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

inline constexpr size_t kIdSize = 16, kLongestReplicaTag = 16;

inline uint64_t RandomSeed() {
  return uint64_t{std::random_device{}()} << 32U | std::random_device{}();
}

// A response's note has the access log's ticket below, and above it one of these, of a prediction
// with its rows added.
inline constexpr unsigned kTicketBits = 32;
inline constexpr uint64_t kNotCounted = 1;
inline constexpr uint64_t kCounted = 2;
// The note of a prediction that failed after all.
inline uint64_t WithoutRows(uint64_t note) {
  return kCounted << kTicketBits | static_cast<uint32_t>(note);
}

// The rooms of one model on one loop.
struct Answering {
  Answering(std::shared_ptr<const ServedModel> served, const ReaderOptions& options,
            PredictionMetrics* predictions, PredictionLog* log)
      : model(std::move(served)),
        reader(RequestReader::Make(model->model.schema, options)),
        counts(predictions->Of(model)),
        logged(log == nullptr ? nullptr : log->Register(*model)) {}

  std::shared_ptr<const ServedModel> model;
  std::unique_ptr<RequestReader> reader;
  PredictionCounts* counts;  // Lives as long as the model.
  const LoggedModel* logged;
  Rows rows;
  InferRequest infer;
};

struct Service::Loop {
  // From the system, as who knows one request's id should not know the others'.
  explicit Loop(std::string_view replica) : random(RandomSeed()) {
    if (replica.empty()) return;
    replica = replica.substr(0, kLongestReplicaTag);
    std::ranges::copy(replica, id.begin());
    id[replica.size()] = '.';
    tag_size = replica.size() + 1;
  }

  // Those of the newest generation.
  std::vector<Answering>& Models(const ServiceParts& parts, const ReaderOptions& options,
                                 PredictionMetrics* predictions) {
    const uint64_t newest = parts.models->generation();
    if (newest == generation) return models;
    generation = newest;
    models.clear();
    for (auto& model : parts.models->models())
      models.emplace_back(std::move(model), options, predictions, parts.log);
    return models;
  }

  const Access& CurrentAccess(const AccessHost& host) {
    if (const uint64_t newest = host.generation(); newest != access_generation) {
      access_generation = newest;
      access = host.current();
    }
    return *access;
  }

  // What the ids that it gives begin with.
  std::string_view own_ids() const { return {id.data(), tag_size}; }

  std::string_view NewId() {
    const std::array<char, kIdSize> rest = LowerHex(random.Next());
    std::ranges::copy(rest, id.data() + tag_size);
    return {id.data(), tag_size + rest.size()};
  }

  // Of the loop's thread while it answers, and of who reloads.
  std::mutex mutex;
  uint64_t generation = 0;
  std::vector<Answering> models;
  uint64_t access_generation = 0;
  std::shared_ptr<const Access> access;
  Random random;
  std::array<char, kLongestReplicaTag + 1 + kIdSize> id{};  // Begins with the replica's tag.
  size_t tag_size = 0;
};

struct Service::Asking {
  const http::Request& request;
  const http::Arrival& arrival;
  Loop& loop;
  http::Response* response;
  std::string_view id = {};  // The client's, or one of ours.
  TraceContext trace = {};
  const ServedModel* model = nullptr;  // That was asked, once it is known.
  int64_t rows = 0;                    // That were predicted.
  bool own_id = false;                 // The client sent one.
  bool counts = false;                 // In /metrics: predictions do, and not who asks about them.
  bool shed = false;
  bool noted = false;  // The response's note stands already.
};

// What is kept of a request while the batcher has its rows.
struct Asked {
  uint64_t ticket = 0;
  std::shared_ptr<const ServedModel> model;
  PredictionCounts* counts = nullptr;  // The model's.
  const LoggedModel* logged = nullptr;
  Call call = Call::kPredict;
  Shape shape = Shape::kOne;
  InferRequest infer;  // Of V2, without its rows.
  data::Table rows;    // A copy, where they are logged.
  std::string id, trace_id;
  int64_t begun_ns = 0;
  http::Response response;  // Its headers and note.
};

// What the model refuses is the client's; anything else is ours.
Rejection RejectionOf(const Error& error);

}  // namespace slipway::serve

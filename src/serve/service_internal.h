// What the answers of a service share: a loop's rooms, and a request on its way.
#pragma once

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <memory>
#include <string_view>
#include <vector>

#include "core/random.h"
#include "serve/service.h"

namespace slipway::serve {

// CLOCK_MONOTONIC.
inline int64_t Now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// The rooms of one model on one loop.
struct Answering {
  explicit Answering(std::shared_ptr<const ServedModel> served, const ReaderOptions& options)
      : model(std::move(served)), reader(RequestReader::Make(model->model.schema, options)) {}

  std::shared_ptr<const ServedModel> model;
  std::unique_ptr<RequestReader> reader;
  Rows rows;
};

struct Service::Loop {
  explicit Loop(int number) : ids(DeriveSeed(static_cast<uint64_t>(Now()), number)) {}

  // Those of the newest generation.
  std::vector<Answering>& Models(const ModelHost& host, const ReaderOptions& options) {
    const uint64_t newest = host.generation();
    if (newest == generation) return models;
    generation = newest;
    models.clear();
    for (auto& model : host.models()) models.emplace_back(std::move(model), options);
    return models;
  }

  std::string_view NewId() {
    fmt::format_to(id.data(), "{:016x}", ids.Next());
    return {id.data(), id.size()};
  }

  uint64_t generation = 0;
  std::vector<Answering> models;
  Random ids;
  std::array<char, 16> id{};
};

struct Service::Asking {
  const http::Request& request;
  Loop& loop;
  http::Response* response;
  std::string_view id;
};

// What the model refuses is the client's; anything else is ours.
Rejection RejectionOf(const Error& error);

}  // namespace slipway::serve

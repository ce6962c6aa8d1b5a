// Answers that other threads hand in, on their way to the loop of their connection.
#pragma once

#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "http/types.h"

namespace slipway::http {

struct PostedAnswer {
  uint64_t ticket = 0;
  Response response;
};

// All from any thread.
class PostedAnswers {
 public:
  // True where the loop has to be woken: with others there before, it was already.
  bool Post(uint64_t ticket, Response&& response) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) return false;
    answers_.push_back({ticket, std::move(response)});
    return answers_.size() == 1;
  }
  // All that are there; `taken` is empty, and its room is used for those that come next.
  void Take(std::vector<PostedAnswer>* taken) {
    const std::lock_guard<std::mutex> lock(mutex_);
    answers_.swap(*taken);
  }
  // Drops what is there and what comes from now on.
  void Close() {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    answers_.clear();
  }

 private:
  std::mutex mutex_;  // Of all that follows.
  std::vector<PostedAnswer> answers_;
  bool closed_ = false;
};

}  // namespace slipway::http

// An HttpClient that asks nobody. Included by tests only.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "http/client.h"

namespace slipway::http {

// Answers by `answer` where it is set, else with what was queued, in its order; kUnavailable where
// there is neither, as of a server that is not there. Thread-safe but for `answer`, which is set
// before the first request.
class FakeHttpClient : public HttpClient {
 public:
  std::function<Result<ClientResponse>(const ClientRequest&)> answer;

  void Queue(Result<ClientResponse> next) {
    const std::lock_guard lock(mutex_);
    queued_.push_back(std::move(next));
  }
  void Queue(int status, std::string body) {
    Queue(ClientResponse{.status = status, .headers = {}, .body = std::move(body)});
  }
  Result<ClientResponse> Fetch(const ClientRequest& request) override {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    if (answer) return answer(request);
    if (queued_.empty()) return Error(ErrorCode::kUnavailable, "nobody is there");
    Result<ClientResponse> next = std::move(queued_.front());
    queued_.pop_front();
    return next;
  }
  // All that came, in its order.
  std::vector<ClientRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  mutable std::mutex mutex_;  // Of both that follow.
  std::deque<Result<ClientResponse>> queued_;
  std::vector<ClientRequest> requests_;
};

}  // namespace slipway::http

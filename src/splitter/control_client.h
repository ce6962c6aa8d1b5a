// The other side of control.h: a splitter in another process.
#pragma once

#include <string>

#include "core/result.h"
#include "http/client.h"
#include "splitter/routes.h"
#include "splitter/types.h"

namespace slipway::splitter {

struct InstanceSnapshot {
  std::string instance;  // Counts of another one are no later counts of this one.
  SplitterSnapshot snapshot;
};

// As thread-safe as its HttpClient. What can't be reached, or answers nonsense, is kUnavailable; a
// deadline that passes kTimeout; a token that is not the splitter's kPermission.
class SplitterClient {
 public:
  // `client` outlives it. `url` as the splitter tells it: "http://127.0.0.1:40123". A call takes no
  // longer than `timeout_seconds`: it is on the same machine, and answers from memory, but a name
  // of a replica may have to be looked up.
  SplitterClient(http::HttpClient* client, std::string url, std::string token,
                 double timeout_seconds = 10);

  // kInvalidInput with all mistakes, and nothing has changed. After kTimeout and kUnavailable it is
  // open whether they count; applying them once more does no harm.
  Status Apply(const Routes& routes);
  Result<Routes> CurrentRoutes();
  Result<InstanceSnapshot> Snapshot();
  // Whether the version is routed no more and no request is in flight on it.
  Result<bool> Drained(const std::string& version);

 private:
  Result<std::string> Ask(const std::string& method, const std::string& target, std::string body);

  http::HttpClient* const client_;
  const std::string url_, token_;
  const double timeout_seconds_;
};

}  // namespace slipway::splitter

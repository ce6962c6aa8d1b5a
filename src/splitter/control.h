// What a controller in another process tells a splitter, and asks it, over HTTP:
//
//   GET /routes              the routes that count
//   PUT /routes              others from now on; 400 with all mistakes, and nothing has changed
//   GET /snapshot            what was counted, and `instance`, another one for each process: counts
//                            begin anew with it
//   GET /drained?version=7   whether the version is routed no more and has nothing in flight
//
// Each takes a bearer token. Bodies are JSON; of what went wrong {"error": …}, and `errors` with
// `message` and `field` of each mistake. Routes are in a file before they are answered, so that a
// splitter that was killed and started again serves as before. Where they can't be written they
// count all the same, the answer says why (`not_kept`), and so does the snapshot
// (`routes_not_kept`) until they are: it is tried again and again.
#pragma once

#include <memory>
#include <string>

#include "core/result.h"
#include "splitter/routes.h"
#include "splitter/splitter.h"

namespace slipway::splitter {

inline constexpr const char* kSplitterTokenVariable = "SLIPWAY_SPLITTER_TOKEN";

struct ControlOptions {
  std::string host = "127.0.0.1";
  int port = 0;              // 0 takes a free one.
  std::string token;         // As http::CheckBearerToken takes it.
  std::string routes_path;   // The file.
  double retry_seconds = 1;  // Until routes that could not be written are tried again.
};

class ControlServer {
 public:
  // Listens once this returns. `splitter` outlives it. kInvalidInput for a token that is none, kIo
  // where the address is taken.
  static Result<std::unique_ptr<ControlServer>> Start(const ControlOptions& options,
                                                      Splitter* splitter);
  virtual ~ControlServer() = default;  // Stops.

  virtual int port() const = 0;
  // 32 hex digits.
  virtual const std::string& instance() const = 0;
};

// The routes of the file that a ControlServer keeps; none where there is no file.
Result<Routes> LoadRoutes(const std::string& path);

}  // namespace slipway::splitter

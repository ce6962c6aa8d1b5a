// Requests to servers of others and of ours: one a call, for callers that ask seldom.
//
// A call connects, asks, reads the whole answer and closes, all before one deadline. Redirects are
// not followed: what a caller is told of an address counts for that address.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace slipway::http {

struct ClientHeader {
  std::string name;
  std::string value;
};

struct ClientRequest {
  std::string method = "GET";
  // http:// or https://, with a port and a query or without. A user and password in it go as Basic
  // authorization where no header of that name is given.
  std::string url = {};
  std::vector<ClientHeader> headers = {};  // Beside Host, Content-Length and Connection.
  std::string body = {};
  double timeout_seconds = 30;         // For all of it, from the look-up of the name on.
  size_t max_answer_bytes = 16 << 20;  // Of the answer's body.
  bool reads_body = true;              // Else the answer's head is all that is waited for.
};

struct ClientResponse {
  int status = 0;
  std::vector<ClientHeader> headers = {};
  std::string body = {};

  // The first of that name, in any case; "" where there is none.
  std::string_view Find(std::string_view name) const;
};

// Thread-safe.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  // Any answer that came whole is one, whatever its status. kInvalidInput for a request that can't
  // be sent, kTimeout past the deadline, kUnavailable where the server is not reached, is not who
  // it should be, or answers with what is no HTTP, not whole or too large. Errors name the URL
  // without its query, user and password, and no header; what is behind the first ": " does not
  // name it.
  virtual Result<ClientResponse> Fetch(const ClientRequest& request) = 0;
};

struct HttpClientOptions {
  // A file of certificates (PEM) that vouch for servers; "" for those of the system.
  std::string ca_path = {};
};

// kInvalidInput for a file that holds no certificates.
Result<std::unique_ptr<HttpClient>> MakeHttpClient(const HttpClientOptions& options = {});

}  // namespace slipway::http

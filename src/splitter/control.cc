#include "splitter/control.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "core/file_system.h"
#include "core/json.h"
#include "core/replace_file.h"
#include "core/secret.h"
#include "core/text.h"
#include "core/uri.h"
#include "http/bearer.h"
#include "http/server.h"
#include "splitter/kept_routes_internal.h"

namespace slipway::splitter {
namespace {

constexpr size_t kMostRoutesBytes = 4 << 20;
// Who asks is one controller, and people. Descriptors are set aside for them.
constexpr size_t kMostConnections = 16;
constexpr int kBadRequest = 400, kUnauthorized = 401, kUnknownPath = 404, kWrongMethod = 405;

Json MistakeToJson(const Error& error) {
  std::string message = error.message();
  if (!error.expected().empty()) message += "; expected " + error.expected();
  if (!error.hint().empty()) message += "; try " + error.hint();
  Json json = {{"message", Printable(message)}};
  if (!error.location().field.empty()) json["field"] = Printable(error.location().field);
  return json;
}

void Answer(const Json& body, http::Response* response) { response->body = CompactJson(body); }

void Refuse(int status, const std::string& message, http::Response* response) {
  response->status = status;
  Answer({{"error", message}}, response);
}

void Refuse(int status, const Error& error, http::Response* response) {
  response->status = status;
  Json errors = Json::array({MistakeToJson(error)});
  for (const Error& other : error.others()) errors.push_back(MistakeToJson(other));
  Answer({{"error", Printable(error.ToString())}, {"errors", std::move(errors)}}, response);
}

// The decoded value; nothing where the query has none of that name.
std::optional<std::string> FindParameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('='))
      return DecodePercent(pair.substr(name.size() + 1));
  }
  return std::nullopt;
}

class HttpControl : public ControlServer, public http::Handler {
 public:
  HttpControl(const ControlOptions& options, Splitter* splitter)
      : token_(options.token),
        kept_(options.routes_path, options.retry_seconds),
        splitter_(splitter) {}
  ~HttpControl() override {
    if (server_ != nullptr) server_->Stop();
  }

  Status Open(const ControlOptions& options) {
    http::ServerOptions server;
    server.host = options.host;
    server.port = options.port;
    server.threads = 1;  // So one request at a time.
    server.limits.body_bytes = kMostRoutesBytes;
    server.limits.connections = kMostConnections;
    SLIPWAY_ASSIGN_OR_RETURN(server_, http::Server::Start(server, this));
    return {};
  }

  int port() const override { return server_->port(); }
  const std::string& instance() const override { return instance_; }

  void Answer(const http::Request& request, const http::Arrival& /*arrival*/,
              http::Response* response) override {
    std::string_view token;
    const http::Presented presented = http::FindBearerToken(request, &token);
    if (presented != http::Presented::kToken || !token_.Equals(SecretDigest(token))) {
      Refuse(kUnauthorized, http::BearerRefusal(presented), response);
      response->AddHeader("WWW-Authenticate", http::kBearerChallenge);
      return;
    }
    Route(request, response);
  }
  void Answered(const http::Delivery& /*delivery*/) override {}
  std::string ErrorBody(int /*status*/, const std::string& message) override {
    return CompactJson(Json{{"error", message}});
  }

 private:
  void Route(const http::Request& request, http::Response* response) {
    const bool is_get = request.method == "GET";
    if (request.path == "/routes") {
      if (is_get) return splitter::Answer(ToJson(splitter_->routes()), response);
      if (request.method == "PUT") return PutRoutes(request.body, response);
      return RefuseMethod("GET, PUT", response);
    }
    if (request.path == "/snapshot")
      return is_get ? TellSnapshot(response) : RefuseMethod("GET", response);
    if (request.path == "/drained")
      return is_get ? TellDrained(request.query, response) : RefuseMethod("GET", response);
    Refuse(kUnknownPath, "there is no such page; there are /routes, /snapshot and /drained",
           response);
  }

  static void RefuseMethod(std::string_view allowed, http::Response* response) {
    Refuse(kWrongMethod, fmt::format("the page takes {}", allowed), response);
    response->AddHeader("Allow", allowed);
  }

  void PutRoutes(std::string_view body, http::Response* response) {
    const Result<Routes> routes = ParseRoutes(body);
    if (!routes.ok()) return Refuse(kBadRequest, routes.error(), response);
    if (const Status applied = splitter_->Apply(*routes); !applied.ok())
      return Refuse(kBadRequest, applied.error(), response);
    Json json = ToJson(*routes);
    // A disk that is full takes no orders back: they may be those that end the harm.
    const Status kept = kept_.Keep(PrettyJson(json));
    if (!kept.ok()) json["not_kept"] = Printable(kept.error().ToString());
    splitter::Answer(json, response);
  }

  void TellSnapshot(http::Response* response) const {
    Json json = {{"instance", instance_}};
    json.update(ToJson(splitter_->Snapshot()));
    if (const std::optional<Error> trouble = kept_.trouble())
      json["routes_not_kept"] = Printable(trouble->ToString());
    splitter::Answer(json, response);
  }

  void TellDrained(std::string_view query, http::Response* response) {
    const std::optional<std::string> version = FindParameter(query, "version");
    if (!version || version->empty())
      return Refuse(kBadRequest, "which version? expected /drained?version=ID", response);
    splitter::Answer({{"version", *version}, {"drained", splitter_->WaitDrained(*version, 0)}},
                     response);
  }

  const SecretDigest token_;
  KeptRoutes kept_;
  const std::string instance_ = RandomName();
  Splitter* const splitter_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace

Result<std::unique_ptr<ControlServer>> ControlServer::Start(const ControlOptions& options,
                                                            Splitter* splitter) {
  Location where;
  where.file = kSplitterTokenVariable;
  SLIPWAY_RETURN_IF_ERROR(http::CheckBearerToken(options.token, std::move(where)));
  auto control = std::make_unique<HttpControl>(options, splitter);
  SLIPWAY_RETURN_IF_ERROR(control->Open(options));
  return std::unique_ptr<ControlServer>(std::move(control));
}

Result<Routes> LoadRoutes(const std::string& path) {
  const Result<std::string> text = LocalFileSystem().ReadFile(path);
  if (text.ok()) return ParseRoutes(*text, path);
  if (text.error().code() == ErrorCode::kNotFound) return Routes();
  return text.error();
}

}  // namespace slipway::splitter

#include "http/client.h"

#include <fmt/format.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
// Else what reports by its argument returns the same once more.
#define BOOST_ASIO_NO_DEPRECATED
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "core/base64.h"
#include "core/text.h"
#include "http/client_url_internal.h"
#include "http/text.h"

namespace slipway::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using BeastRequest = beast::http::request<beast::http::string_body>;
using BeastParser = beast::http::response_parser<beast::http::string_body>;
using TlsStream = asio::ssl::stream<tcp::socket&>;

constexpr double kLongestSeconds = 1e6;
constexpr uint32_t kMostHeadBytes = 64 << 10;
constexpr int kFirstFinal = 200;

// Where distributions keep the system's certificates, beside where OpenSSL was built to look.
constexpr std::array<const char*, 4> kUsualBundles = {
    "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};

Status CheckRequest(const ClientRequest& request) {
  const auto bad = [](const std::string& what) { return Error(ErrorCode::kInvalidInput, what); };
  if (request.method.empty() || !kTokenBytes.HasAll(request.method))
    return bad("the request's method is none").Expected("GET, POST, …");
  if (!(request.timeout_seconds > 0)) return bad("a request without time can't be answered");
  for (const ClientHeader& header : request.headers) {
    if (header.name.empty() || !kTokenBytes.HasAll(header.name))
      return bad(fmt::format("\"{}\" is no name of a header", Printable(header.name)));
    if (!kValueBytes.HasAll(header.value))
      return bad(fmt::format("the header {} has a value that can't be sent", header.name))
          .Expected("one line without control characters");
    for (const char* const own : {"host", "content-length", "transfer-encoding", "connection"}) {
      if (EqualsIgnoringCase(header.name, own))
        return bad(fmt::format("the header {} is the client's own", header.name));
    }
  }
  return {};
}

BeastRequest ToBeast(const ClientRequest& request, const ClientUrl& url) {
  BeastRequest made;
  made.version(11);
  made.method_string(request.method);
  made.target(url.target);
  made.set(beast::http::field::host, url.authority);
  made.set(beast::http::field::connection, "close");
  if (!url.credentials.empty())
    made.set(beast::http::field::authorization, "Basic " + ToBase64(url.credentials));
  for (const ClientHeader& header : request.headers) {
    // What the caller says takes the place of the URL's; else a name may stand more than once.
    if (EqualsIgnoringCase(header.name, "authorization"))
      made.erase(beast::http::field::authorization);
    made.insert(header.name, header.value);
  }
  made.body() = request.body;
  const bool bodiless =
      request.body.empty() &&
      (request.method == "GET" || request.method == "HEAD" || request.method == "DELETE");
  if (!bodiless) made.content_length(request.body.size());
  return made;
}

ClientResponse FromBeast(BeastParser::value_type&& message) {
  ClientResponse made;
  made.status = static_cast<int>(message.result_int());
  for (const auto& field : message)
    made.headers.push_back({std::string(field.name_string()), std::string(field.value())});
  made.body = std::move(message.body());
  return made;
}

// A look-up of a name, which the system can't break off: it has a thread of its own, which is left
// to itself where it takes too long, as with a name server that is silent.
class LookUp {
 public:
  static std::shared_ptr<LookUp> Begin(std::string host, std::string port) {
    auto made = std::make_shared<LookUp>();
    std::thread([made, host = std::move(host), port = std::move(port)] {
      asio::io_context context;
      tcp::resolver resolver(context);
      error_code failure;
      auto found = resolver.resolve(host, port, tcp::resolver::numeric_service, failure);
      const std::lock_guard lock(made->mutex_);
      made->found_ = std::move(found);
      made->failure_ = failure;
      made->ended_.notify_all();
    }).detach();
    return made;
  }

  // False where it has not ended by then. Only what has ended may be asked.
  bool WaitUntil(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    return ended_.wait_until(lock, deadline, [this] { return failure_.has_value(); });
  }
  const std::optional<error_code>& failure() const { return failure_; }
  const tcp::resolver::results_type& found() const { return found_; }

 private:
  std::mutex mutex_;  // Guards what is below, until it has ended.
  std::condition_variable ended_;
  std::optional<error_code> failure_;
  tcp::resolver::results_type found_;
};

// One request and its answer. Each step is begun and then waited for until the deadline, which no
// blocking call of a socket could keep.
class Exchange {
 public:
  Exchange(const ClientRequest& request, const ClientUrl& url, asio::ssl::context& tls)
      : request_(request),
        url_(url),
        tls_(tls),
        socket_(context_),
        message_(ToBeast(request, url)) {
    const double seconds = std::min(request.timeout_seconds, kLongestSeconds);
    deadline_ = std::chrono::steady_clock::now() +
                std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                    std::chrono::duration<double>(seconds));
  }

  Result<ClientResponse> Run() {
    SLIPWAY_RETURN_IF_ERROR(Connect());
    if (!url_.uses_tls) return Ask(socket_);
    TlsStream stream(socket_, tls_);
    SLIPWAY_RETURN_IF_ERROR(Handshake(stream));
    return Ask(stream);
  }

 private:
  // `begin` is given the handler of one operation. Its error; nothing where the deadline passed.
  template <typename Begin>
  std::optional<error_code> Await(const Begin& begin) {
    std::optional<error_code> ended;
    begin([&ended](error_code failure, const auto&...) { ended = failure; });
    context_.restart();
    context_.run_until(deadline_);
    if (ended) return ended;
    // The handler points to what is gone after this call, so it is called here still.
    error_code ignored;
    socket_.close(ignored);
    context_.restart();
    context_.run();
    return std::nullopt;
  }

  Status Check(const std::optional<error_code>& ended, const char* what) const {
    if (!ended)
      return Error(ErrorCode::kTimeout, fmt::format("{}: can't {} within {}", url_.shown, what,
                                                    FormatSeconds(request_.timeout_seconds)));
    if (!*ended) return {};
    return Error(ErrorCode::kUnavailable,
                 fmt::format("{}: can't {}: {}", url_.shown, what, Printable(ended->message())));
  }

  Status Connect() {
    error_code no_address;
    const asio::ip::address address = asio::ip::make_address(url_.host, no_address);
    if (no_address) return ConnectByName();
    const tcp::endpoint endpoint(address, static_cast<uint16_t>(url_.port));
    return Check(Await([&](auto handler) { socket_.async_connect(endpoint, handler); }), "connect");
  }

  Status ConnectByName() {
    const auto look_up = LookUp::Begin(url_.host, std::to_string(url_.port));
    if (!look_up->WaitUntil(deadline_)) return Check(std::nullopt, "find the host");
    SLIPWAY_RETURN_IF_ERROR(Check(look_up->failure(), "find the host"));
    return Check(
        Await([&](auto handler) { asio::async_connect(socket_, look_up->found(), handler); }),
        "connect");
  }

  Status Handshake(TlsStream& stream) {
    stream.set_verify_mode(asio::ssl::verify_peer);
    stream.set_verify_callback(asio::ssl::host_name_verification(url_.host));
    error_code no_address;
    asio::ip::make_address(url_.host, no_address);
    // RFC 6066, 3: names only. One that can't be told fails with the certificate of another.
    if (no_address) SSL_set_tlsext_host_name(stream.native_handle(), url_.host.c_str());
    const auto ended = Await(
        [&](auto handler) { stream.async_handshake(asio::ssl::stream_base::client, handler); });
    Status done = Check(ended, "begin with TLS");
    const long verdict = SSL_get_verify_result(stream.native_handle());
    if (!ended || !*ended || verdict == X509_V_OK) return done;
    return Error(ErrorCode::kUnavailable,
                 fmt::format("{}: the server's certificate does not vouch for it: {}", url_.shown,
                             X509_verify_cert_error_string(verdict)))
        .Try("a certificate for that name by an authority that the client knows");
  }

  template <typename Stream>
  Result<ClientResponse> Ask(Stream& stream) {
    const auto sent =
        Await([&](auto handler) { beast::http::async_write(stream, message_, handler); });
    const Status written = Check(sent, "send the request");
    if (!sent) return written.error();
    // A server that has enough of a request may answer and close before all of it was sent.
    Result<ClientResponse> answer = Read(stream);
    if (!written.ok() && !answer.ok()) return written.error();
    return answer;
  }

  template <typename Stream>
  Result<ClientResponse> Read(Stream& stream) {
    beast::flat_buffer buffer;
    while (true) {
      BeastParser parser;
      parser.header_limit(kMostHeadBytes);
      if (request_.reads_body) {
        parser.body_limit(request_.max_answer_bytes);
      } else {
        parser.body_limit(boost::none);
      }
      parser.skip(request_.method == "HEAD");
      const auto ended = Await([&](auto handler) {
        if (request_.reads_body) {
          beast::http::async_read(stream, buffer, parser, handler);
        } else {
          beast::http::async_read_header(stream, buffer, parser, handler);
        }
      });
      if (ended && *ended == beast::http::error::body_limit) return TooLarge();
      SLIPWAY_RETURN_IF_ERROR(Check(ended, "read the answer"));
      // Before it there may be interim ones.
      if (std::cmp_greater_equal(parser.get().result_int(), kFirstFinal))
        return FromBeast(parser.release());
    }
  }

  Error TooLarge() const {
    return {ErrorCode::kUnavailable,
            fmt::format("{}: the answer is larger than {}", url_.shown,
                        FormatBytes(static_cast<int64_t>(request_.max_answer_bytes)))};
  }

  const ClientRequest& request_;
  const ClientUrl& url_;
  asio::ssl::context& tls_;
  asio::io_context context_{1};
  tcp::socket socket_;
  const BeastRequest message_;
  std::chrono::steady_clock::time_point deadline_;
};

class BeastClient : public HttpClient {
 public:
  Status Open(const HttpClientOptions& options) {
    error_code failure;
    if (!options.ca_path.empty()) {
      tls_.load_verify_file(options.ca_path, failure);
      if (!failure) return {};
      Location location;
      location.file = options.ca_path;
      return Error(ErrorCode::kInvalidInput,
                   "can't use the certificates: " + Printable(failure.message()))
          .At(std::move(location))
          .Expected("a PEM file of certificates");
    }
    vouched_ = false;
    return {};
  }

  Result<ClientResponse> Fetch(const ClientRequest& request) override {
    SLIPWAY_ASSIGN_OR_RETURN(const ClientUrl url, ParseClientUrl(request.url));
    SLIPWAY_RETURN_IF_ERROR(CheckRequest(request));
    try {
      // That takes longer than a request, and many clients ask nobody with TLS.
      if (url.uses_tls && !vouched_) std::call_once(loaded_, [this] { LoadSystem(); });
      return Exchange(request, url, tls_).Run();
    } catch (const boost::system::system_error& error) {
      // The system has no room for another socket, or what waits for it.
      return Error(ErrorCode::kUnavailable,
                   fmt::format("{}: can't ask: {}", url.shown, Printable(error.what())));
    } catch (const std::system_error& error) {
      // Nor for another thread.
      return Error(ErrorCode::kUnavailable,
                   fmt::format("{}: can't ask: {}", url.shown, Printable(error.what())));
    }
  }

 private:
  static asio::ssl::context MakeContext() {
    asio::ssl::context made(asio::ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(made.native_handle(), TLS1_2_VERSION);
    return made;
  }
  // A system without certificates is told by the first handshake.
  void LoadSystem() {
    error_code failure;
    tls_.set_default_verify_paths(failure);
    std::error_code ignored;
    if (std::filesystem::exists(X509_get_default_cert_dir(), ignored)) return;
    const auto* const found = std::ranges::find_if(
        kUsualBundles, [&](const char* path) { return std::filesystem::exists(path, ignored); });
    if (found != kUsualBundles.end()) tls_.load_verify_file(*found, failure);
  }

  asio::ssl::context tls_ = MakeContext();  // Of version 1.2 or newer.
  bool vouched_ = true;                     // By a file of the caller's.
  std::once_flag loaded_;  // The system's certificates, with the first URL of https.
};

}  // namespace

std::string_view ClientResponse::Find(std::string_view name) const {
  const auto same = [name](const ClientHeader& header) {
    return std::ranges::equal(header.name, name,
                              [](char a, char b) { return LowerOf(a) == LowerOf(b); });
  };
  const auto found = std::ranges::find_if(headers, same);
  return found == headers.end() ? std::string_view() : std::string_view(found->value);
}

Result<std::unique_ptr<HttpClient>> MakeHttpClient(const HttpClientOptions& options) {
  try {
    auto client = std::make_unique<BeastClient>();
    SLIPWAY_RETURN_IF_ERROR(client->Open(options));
    return std::unique_ptr<HttpClient>(std::move(client));
  } catch (const boost::system::system_error& error) {
    return Error(ErrorCode::kUnavailable,
                 fmt::format("can't begin with TLS: {}", Printable(error.what())));
  }
}

}  // namespace slipway::http

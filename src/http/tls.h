// TLS by OpenSSL, on sockets that never block.
#pragma once

#include <openssl/ssl.h>
#include <sys/types.h>

#include <memory>

#include "core/result.h"
#include "http/server.h"

namespace slipway::http {

// One connection's. Reads and writes as recv and send do: -1 with errno EAGAIN where nothing goes
// on for now, 0 at the end, -1 with another errno where it is broken.
class TlsSession {
 public:
  explicit TlsSession(SSL* session) : session_(session) {}

  enum class Handshake { kDone, kGoesOn, kFailed };
  Handshake Continue();
  bool established() const { return established_; }
  ssize_t Read(char* bytes, size_t size);
  ssize_t Write(const char* bytes, size_t size);
  // Tells the other side that no more comes.
  void End();

 private:
  struct Free {
    void operator()(SSL* session) const { SSL_free(session); }
  };
  ssize_t Failed(int result);

  std::unique_ptr<SSL, Free> session_;
  bool established_ = false;
  bool broken_ = false;
};

// A server's certificate and rules, shared by all threads.
class TlsContext {
 public:
  static Result<std::unique_ptr<TlsContext>> Make(const TlsOptions& options);
  // Null where memory ran out.
  std::unique_ptr<TlsSession> NewSession(int socket) const;

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  explicit TlsContext(SSL_CTX* context) : context_(context) {}

  std::unique_ptr<SSL_CTX, Free> context_;
};

}  // namespace slipway::http

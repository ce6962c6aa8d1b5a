#include "http/tls.h"

#include <fmt/format.h>
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <new>
#include <string_view>

namespace slipway::http {
namespace {

constexpr std::string_view kProtocol = "\x08http/1.1";  // As ALPN lists it.

// Why the last call failed, in OpenSSL's words.
std::string Reason() {
  const unsigned long code = ERR_peek_last_error();
  const char* const text = ERR_reason_error_string(code);
  ERR_clear_error();
  return text == nullptr ? "unknown reason" : text;
}

Error FileError(const std::string& what, const std::string& path, const std::string& hint) {
  Location location;
  location.file = path;
  return Error(ErrorCode::kInvalidInput, fmt::format("can't use the {}: {}", what, Reason()))
      .At(std::move(location))
      .Try(hint);
}

// A key with a password would have OpenSSL ask at the terminal.
int NoPassword(char*, int, int, void*) { return -1; }

int ChooseProtocol(SSL*, const unsigned char** chosen, unsigned char* size,
                   const unsigned char* offered, unsigned int offered_size, void*) {
  unsigned char* found = nullptr;
  const auto* const ours = reinterpret_cast<const unsigned char*>(kProtocol.data());
  const int result =
      SSL_select_next_proto(&found, size, ours, kProtocol.size(), offered, offered_size);
  *chosen = found;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

void SetRules(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(
      context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  // Sessions are resumed by tickets, which the client keeps.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_default_passwd_cb(context, NoPassword);
  SSL_CTX_set_alpn_select_cb(context, ChooseProtocol, nullptr);
}

}  // namespace

Result<std::unique_ptr<TlsContext>> TlsContext::Make(const TlsOptions& options) {
  if (options.certificate_path.empty() || options.key_path.empty())
    return Error(ErrorCode::kInvalidInput, "TLS takes a certificate and its key; one is missing")
        .Try("naming both files, or neither");
  ERR_clear_error();
  std::unique_ptr<TlsContext> made(new TlsContext(SSL_CTX_new(TLS_server_method())));
  SSL_CTX* const context = made->context_.get();
  if (context == nullptr)
    return Error(ErrorCode::kUnavailable, fmt::format("can't begin with TLS: {}", Reason()));
  SetRules(context);
  if (SSL_CTX_use_certificate_chain_file(context, options.certificate_path.c_str()) != 1)
    return FileError("certificate", options.certificate_path,
                     "a PEM file of the certificate and those that vouch for it");
  if (SSL_CTX_use_PrivateKey_file(context, options.key_path.c_str(), SSL_FILETYPE_PEM) != 1)
    return FileError("key", options.key_path,
                     "the certificate's key as a PEM file without a password");
  if (SSL_CTX_check_private_key(context) != 1)
    return FileError("key", options.key_path, "the key that the certificate was made for");
  return made;
}

std::unique_ptr<TlsSession> TlsContext::NewSession(int socket) const {
  SSL* const session = SSL_new(context_.get());
  if (session == nullptr) return nullptr;
  std::unique_ptr<TlsSession> made(new (std::nothrow) TlsSession(session));
  if (made == nullptr) {
    SSL_free(session);
    return nullptr;
  }
  if (SSL_set_fd(session, socket) != 1) return nullptr;
  SSL_set_accept_state(session);
  return made;
}

TlsSession::Handshake TlsSession::Continue() {
  ERR_clear_error();
  const int result = SSL_do_handshake(session_.get());
  established_ = result == 1;
  if (established_) return Handshake::kDone;
  const bool goes_on = Failed(result) < 0 && errno == EAGAIN;
  return goes_on ? Handshake::kGoesOn : Handshake::kFailed;
}

ssize_t TlsSession::Read(char* bytes, size_t size) {
  ERR_clear_error();
  const auto most = static_cast<int>(std::min<size_t>(size, INT_MAX));
  const int count = SSL_read(session_.get(), bytes, most);
  return count > 0 ? count : Failed(count);
}

ssize_t TlsSession::Write(const char* bytes, size_t size) {
  ERR_clear_error();
  const auto most = static_cast<int>(std::min<size_t>(size, INT_MAX));
  const int count = SSL_write(session_.get(), bytes, most);
  return count > 0 ? count : Failed(count);
}

ssize_t TlsSession::Failed(int result) {
  switch (SSL_get_error(session_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: errno = EAGAIN; return -1;
    case SSL_ERROR_ZERO_RETURN: return 0;
    default:
      broken_ = true;
      errno = EPROTO;
      return -1;
  }
}

void TlsSession::End() {
  // OpenSSL forbids it after a failure.
  if (!established_ || broken_) return;
  ERR_clear_error();
  SSL_shutdown(session_.get());
}

}  // namespace slipway::http

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <cstdlib>
#include <string>

#include "core/testing.h"
#include "http/server_testing_internal.h"

namespace slipway::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class TlsServerTest : public ServerTest {
 protected:
  TlsServerTest() {
    options_.tls.certificate_path = folder_.File("cert.pem");
    options_.tls.key_path = folder_.File("key.pem");
    const std::string command = fmt::format(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        "-subj /CN=localhost -keyout '{}' -out '{}' 2>'{}'",
        options_.tls.key_path, options_.tls.certificate_path, folder_.File("log"));
    EXPECT_EQ(std::system(command.c_str()), 0) << "openssl could not make a certificate";
  }

  slipway::testing::TemporaryDirectory folder_;
};

class TlsClient {
 public:
  explicit TlsClient(int port, int most_version = TLS1_3_VERSION,
                     const std::string& protocols = "\x02h2\x08http/1.1")
      : socket_(ConnectTo(port)), context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_max_proto_version(context_, most_version);
    SSL_CTX_set_alpn_protos(context_, reinterpret_cast<const unsigned char*>(protocols.data()),
                            static_cast<unsigned>(protocols.size()));
    session_ = SSL_new(context_);
    SSL_set_fd(session_, socket_.number());
    connected_ = SSL_connect(session_) == 1;
  }
  ~TlsClient() {
    SSL_free(session_);
    SSL_CTX_free(context_);
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  bool connected() const { return connected_; }
  std::string version() const { return SSL_get_version(session_); }
  std::string protocol() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(session_, &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  void Send(const std::string& bytes) {
    EXPECT_EQ(SSL_write(session_, bytes.data(), static_cast<int>(bytes.size())),
              static_cast<int>(bytes.size()));
  }
  // So many answers, whose bytes are `size` without their dates.
  std::string Read(size_t size, size_t answers = 1) {
    size += answers * kDateLine;
    std::string bytes(size, ' ');
    size_t done = 0;
    while (done < size) {
      const int count = SSL_read(session_, bytes.data() + done, static_cast<int>(size - done));
      if (count <= 0) break;
      done += static_cast<size_t>(count);
    }
    return WithoutDates(bytes.substr(0, done));
  }
  // True where the server said in TLS that it ends.
  bool EndsInOrder() {
    char c = 0;
    return SSL_get_error(session_, SSL_read(session_, &c, 1)) == SSL_ERROR_ZERO_RETURN;
  }

 private:
  Descriptor socket_;
  SSL_CTX* context_;
  SSL* session_ = nullptr;
  bool connected_ = false;
};

TEST_F(TlsServerTest, Answers) {
  Start();
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    TlsClient client(port(), version);
    ASSERT_TRUE(client.connected());
    EXPECT_EQ(client.version(), version == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2");
    EXPECT_EQ(client.protocol(), "http/1.1");
    for (int i = 0; i < 100; ++i) {
      const std::string expected = Ok("GET /a ");
      client.Send(Get("/a"));
      ASSERT_EQ(client.Read(expected.size()), expected);
    }
    const std::string body(1 << 20, 'b');
    client.Send(
        fmt::format("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.size()) +
        body + Get("/big") + Get("/close"));
    const std::string expected = Ok("POST /p " + body) + Ok(std::string(kBig, 'x'));
    EXPECT_EQ(client.Read(expected.size(), 2), expected);
    EXPECT_THAT(client.Read(1000), HasSubstr("Connection: close"));
    EXPECT_TRUE(client.EndsInOrder());
  }
  EXPECT_TRUE(Eventually([&] { return server_->connections() == 0; }));
}

TEST_F(TlsServerTest, AnswersLater) {
  Start();
  TlsClient client(port());
  client.Send(Get("/a") + Get("/later") + Get("/b"));
  EXPECT_EQ(client.Read(Ok("GET /a ").size()), Ok("GET /a "));
  const Deferred deferred = handler_.NextDeferred().value_or(Deferred());
  client.Send(Get("/c"));
  server_->Complete(deferred.ticket, AnswerTo(deferred));
  const std::string expected = Ok("GET /later ") + Ok("GET /b ") + Ok("GET /c ");
  EXPECT_EQ(client.Read(expected.size(), 3), expected);
}

TEST_F(TlsServerTest, RefusesOldVersionsAndOtherProtocols) {
  Start();
  EXPECT_FALSE(TlsClient(port(), TLS1_1_VERSION).connected());
  EXPECT_FALSE(TlsClient(port(), TLS1_3_VERSION, "\x02h2").connected());
  Client plain(port());
  plain.Send(Get("/a"));
  EXPECT_THAT(plain.ReadToEnd(), Not(HasSubstr("HTTP/1.1 200")));
  EXPECT_EQ(handler_.asked, 0);
}

TEST_F(TlsServerTest, HandshakesThatDoNotGoOnHoldUpNobody) {
  options_.limits.header_seconds = 0.3;
  Start();
  Client silent(port());
  TlsClient client(port());
  client.Send(Get("/a"));
  EXPECT_EQ(client.Read(Ok("GET /a ").size()), Ok("GET /a "));
  EXPECT_EQ(silent.ReadToEnd(), "");
  EXPECT_TRUE(Eventually([&] { return server_->connections() == 1; }));
}

TEST_F(TlsServerTest, WrongFilesAreTold) {
  options_.tls.certificate_path = folder_.File("none.pem");
  const auto missing = Server::Start(options_, &handler_);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code(), ErrorCode::kInvalidInput);
  EXPECT_THAT(missing.error().ToString(), HasSubstr("none.pem: can't use the certificate"));
  options_.tls.certificate_path = "";
  const auto half = Server::Start(options_, &handler_);
  ASSERT_FALSE(half.ok());
  EXPECT_EQ(half.error().code(), ErrorCode::kInvalidInput);
  options_.tls.certificate_path = options_.tls.key_path;
  const auto swapped = Server::Start(options_, &handler_);
  ASSERT_FALSE(swapped.ok());
  EXPECT_EQ(swapped.error().code(), ErrorCode::kInvalidInput);
}

}  // namespace
}  // namespace slipway::http

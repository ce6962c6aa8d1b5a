#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "core/testing.h"
#include "http/client.h"
#include "http/server_testing_internal.h"

namespace slipway::http {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class ClientTlsTest : public ServerTest {
 protected:
  // A certificate of its own, for those names.
  void Certify(const std::string& names) {
    options_.tls.certificate_path = folder_.File("cert.pem");
    options_.tls.key_path = folder_.File("key.pem");
    const std::string command = fmt::format(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        "-subj /CN=somebody -addext 'subjectAltName={}' -keyout '{}' -out '{}' 2>'{}'",
        names, options_.tls.key_path, options_.tls.certificate_path, folder_.File("log"));
    ASSERT_EQ(std::system(command.c_str()), 0) << "openssl could not make a certificate";
  }
  Result<ClientResponse> Ask(const std::string& host, const std::string& ca_path) {
    Result<std::unique_ptr<HttpClient>> client = MakeHttpClient({.ca_path = ca_path});
    EXPECT_TRUE(client.ok());
    return (*client)->Fetch({.method = "POST",
                             .url = fmt::format("https://{}:{}/a?b", host, port()),
                             .body = "c",
                             .timeout_seconds = 20});
  }

  slipway::testing::TemporaryDirectory folder_;
};

TEST_F(ClientTlsTest, AsksWhoIsVouchedFor) {
  Certify("DNS:localhost,IP:127.0.0.1");
  Start();
  for (const char* const host : {"localhost", "127.0.0.1"}) {
    const auto answer = Ask(host, options_.tls.certificate_path);
    ASSERT_TRUE(answer.ok()) << answer.error().Render();
    EXPECT_EQ(answer->body, "POST /a?b c");
  }
}

TEST_F(ClientTlsTest, TellsNothingToOthers) {
  Certify("DNS:another.example");
  Start();
  const auto other_name = Ask("localhost", options_.tls.certificate_path);
  ASSERT_FALSE(other_name.ok());
  EXPECT_EQ(other_name.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(other_name.error().ToString(),
              HasSubstr("/a: the server's certificate does not vouch for it: "));
  const auto unknown = Ask("localhost", "");
  ASSERT_FALSE(unknown.ok());
  EXPECT_THAT(unknown.error().ToString(),
              HasSubstr("the server's certificate does not vouch for it: self-signed"));
  EXPECT_EQ(handler_.asked, 0);
}

TEST_F(ClientTlsTest, ServerWithoutTls) {
  Start();
  const auto answer = Ask("127.0.0.1", "");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(answer.error().ToString(), HasSubstr("can't begin with TLS"));
}

TEST_F(ClientTlsTest, HandshakeHasTheDeadline) {
  Result<Listeners> listeners = Listen("127.0.0.1", 0, 1);
  const auto client = *MakeHttpClient();
  const auto answer = client->Fetch(
      {.url = fmt::format("https://127.0.0.1:{}/", listeners->port), .timeout_seconds = 0.2});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code(), ErrorCode::kTimeout);
}

TEST_F(ClientTlsTest, WrongAuthoritiesAreTold) {
  const auto missing = MakeHttpClient({.ca_path = folder_.File("none.pem")});
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code(), ErrorCode::kInvalidInput);
  EXPECT_THAT(missing.error().ToString(), StartsWith(folder_.File("none.pem")));
}

}  // namespace
}  // namespace slipway::http

#include "http/client.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "core/testing.h"
#include "http/client_url_internal.h"
#include "http/fake_http_client.h"
#include "http/server_testing_internal.h"

namespace slipway::http {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Takes one connection, reads the head of a request and sends what a test wants.
class RawServer {
 public:
  enum class Then { kCloses, kStays };

  explicit RawServer(std::string answer, Then then = Then::kCloses) {
    Result<Listeners> listeners = Listen("127.0.0.1", 0, 1);
    EXPECT_TRUE(listeners.ok());
    port_ = listeners->port;
    listener_ = std::move(listeners->sockets[0]);
    ::fcntl(listener_.number(), F_SETFL, ::fcntl(listener_.number(), F_GETFL) & ~O_NONBLOCK);
    thread_ = std::thread([this, answer = std::move(answer), then] { Serve(answer, then); });
  }
  ~RawServer() {
    ::shutdown(listener_.number(), SHUT_RDWR);
    thread_.join();
  }

  std::string url(const std::string& rest = "/") const {
    return fmt::format("http://127.0.0.1:{}{}", port_, rest);
  }
  // What it was sent; after the answer.
  std::string head() {
    const std::lock_guard lock(mutex_);
    return head_;
  }

 private:
  void Serve(const std::string& answer, Then then) {
    const Descriptor socket(::accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC));
    std::string head;
    char c = 0;
    while (!head.ends_with("\r\n\r\n") && ::recv(socket.number(), &c, 1, 0) == 1) head += c;
    {
      const std::lock_guard lock(mutex_);
      head_ = head;
    }
    ::send(socket.number(), answer.data(), answer.size(), MSG_NOSIGNAL);
    while (then == Then::kStays && ::recv(socket.number(), &c, 1, 0) == 1) {
    }
  }

  Descriptor listener_;
  int port_ = 0;
  std::mutex mutex_;  // Of head_.
  std::string head_;
  std::thread thread_;
};

class ClientTest : public ServerTest {
 protected:
  ClientTest() { client_ = *MakeHttpClient(); }
  std::string Url(const std::string& rest) const {
    return fmt::format("http://127.0.0.1:{}{}", port(), rest);
  }
  Result<ClientResponse> Get(const std::string& url, double seconds = 20) {
    return client_->Fetch({.url = url, .timeout_seconds = seconds});
  }
  ErrorCode CodeOf(const std::string& url, double seconds = 20) {
    const Result<ClientResponse> answer = Get(url, seconds);
    EXPECT_FALSE(answer.ok()) << url;
    return answer.ok() ? ErrorCode::kInternal : answer.error().code();
  }

  std::unique_ptr<HttpClient> client_;
};

TEST_F(ClientTest, AsksAndReads) {
  Start();
  const auto answer = client_->Fetch(
      {.method = "PUT", .url = Url("/a?b=c#d"), .headers = {{"X-One", "1"}}, .body = "some bytes"});
  ASSERT_TRUE(answer.ok()) << answer.error().Render();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "PUT /a?b=c some bytes");
  EXPECT_EQ(answer->Find("content-type"), "application/json");
  EXPECT_EQ(answer->Find("x-none"), "");
  EXPECT_EQ(Get(Url(""))->body, "GET / ");
  EXPECT_EQ(Get(Url("/big"))->body.size(), kBig);
  EXPECT_EQ(Get(Url("/teapot"))->status, 404);
  EXPECT_EQ(Get(Url("/none"))->status, 204);
  const auto head = client_->Fetch({.method = "HEAD", .url = Url("/big")});
  ASSERT_TRUE(head.ok()) << head.error().Render();
  EXPECT_EQ(head->body, "");
  EXPECT_EQ(head->Find("Content-Length"), std::to_string(kBig));
  EXPECT_TRUE(Eventually([&] { return server_->connections() == 0; }));
}

TEST_F(ClientTest, SaysWhatItIsTold) {
  RawServer server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  const std::string url = "http://ann:se%20cret@" + server.url("/p?q=1").substr(7);
  const auto answer =
      client_->Fetch({.method = "POST", .url = url, .headers = {{"X-A", "1"}, {"X-A", "2"}}});
  ASSERT_TRUE(answer.ok()) << answer.error().Render();
  EXPECT_THAT(server.head(),
              AllOf(HasSubstr("POST /p?q=1 HTTP/1.1\r\n"), HasSubstr("Host: 127.0.0.1:"),
                    HasSubstr("Authorization: Basic YW5uOnNlIGNyZXQ=\r\n"), HasSubstr("X-A: 1\r\n"),
                    HasSubstr("X-A: 2\r\n"), HasSubstr("Content-Length: 0\r\n"),
                    HasSubstr("Connection: close\r\n")));
  RawServer other("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  const std::string its = "http://ann:secret@" + other.url().substr(7);
  ASSERT_TRUE(client_->Fetch({.url = its, .headers = {{"authorization", "Bearer x"}}}).ok());
  EXPECT_THAT(other.head(), AllOf(HasSubstr("authorization: Bearer x\r\n"), Not(HasSubstr("Basic")),
                                  Not(HasSubstr("Content-Length"))));
}

TEST_F(ClientTest, ReadsEachFraming) {
  const auto body_of = [this](const std::string& answer) {
    RawServer server(answer);
    const auto read = Get(server.url());
    return read.ok() ? fmt::format("{} {}", read->status, read->body) : read.error().ToString();
  };
  EXPECT_EQ(body_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "3;x=1\r\nabc\r\n2\r\nde\r\n0\r\nT: 1\r\n\r\n"),
            "200 abcde");
  EXPECT_EQ(body_of("HTTP/1.0 200 OK\r\n\r\nuntil the end"), "200 until the end");
  EXPECT_EQ(body_of("HTTP/1.1 503 No\r\n\r\n"), "503 ");
  EXPECT_EQ(body_of("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
                    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
            "200 ok");
}

TEST_F(ClientTest, WhatDoesNotComeWholeIsNoAnswer) {
  for (const char* const answer :
       {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\nabc\r\n", "SSH-2.0-x\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n"}) {
    RawServer server(answer);
    EXPECT_EQ(CodeOf(server.url()), ErrorCode::kUnavailable) << answer;
  }
  RawServer large("HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n");
  EXPECT_EQ(CodeOf(large.url()), ErrorCode::kUnavailable);
}

TEST_F(ClientTest, BoundsTheAnswer) {
  const auto read = [this](const std::string& head, size_t most) {
    RawServer server(head + "12345");
    return client_->Fetch({.url = server.url(), .max_answer_bytes = most});
  };
  for (const std::string head :
       {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n"}) {
    EXPECT_TRUE(read(head, 5).ok());
    const auto refused = read(head, 4);
    ASSERT_FALSE(refused.ok()) << head;
    EXPECT_EQ(refused.error().code(), ErrorCode::kUnavailable);
    EXPECT_THAT(refused.error().ToString(), HasSubstr("the answer is larger than 4"));
  }
  RawServer chunks("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n");
  EXPECT_FALSE(client_->Fetch({.url = chunks.url(), .max_answer_bytes = 4}).ok());
}

TEST_F(ClientTest, ReadsNoBodyThatIsNotAskedFor) {
  for (const char* const body : {"abc", "12345678901234567890"}) {
    RawServer cut(std::string("HTTP/1.1 202 Yes\r\nX: 1\r\nContent-Length: 20\r\n\r\n") + body);
    const auto answer =
        client_->Fetch({.url = cut.url(), .max_answer_bytes = 4, .reads_body = false});
    ASSERT_TRUE(answer.ok()) << answer.error().ToString();
    EXPECT_EQ(answer->status, 202);
    EXPECT_EQ(answer->Find("x"), "1");
  }
  RawServer none("HTTP/1.1 200 OK\r\nX: ");
  EXPECT_FALSE(client_->Fetch({.url = none.url(), .reads_body = false}).ok());
}

TEST_F(ClientTest, GivesUpAtTheDeadline) {
  for (const char* const answer :
       {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"}) {
    RawServer silent(answer, RawServer::Then::kStays);
    EXPECT_EQ(CodeOf(silent.url(), 0.2), ErrorCode::kTimeout) << answer;
  }
  // Nobody takes it; the system's queue does.
  Result<Listeners> listeners = Listen("127.0.0.1", 0, 1);
  ASSERT_TRUE(listeners.ok());
  const std::string url = fmt::format("http://127.0.0.1:{}/a?key=1", listeners->port);
  const auto answer = Get(url, 0.2);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(
      answer.error().ToString(),
      fmt::format("http://127.0.0.1:{}/a: can't read the answer within 0.20 s", listeners->port));
  // More than its system's buffers hold.
  const auto sending = client_->Fetch(
      {.method = "POST", .url = url, .body = std::string(64 << 20, 'x'), .timeout_seconds = 0.5});
  ASSERT_FALSE(sending.ok());
  EXPECT_THAT(sending.error().ToString(), HasSubstr("can't send the request within"));
}

TEST_F(ClientTest, ReadsWhatComesBeforeTheWholeRequestIsSent) {
  options_.limits.body_bytes = 1000;
  Start();
  const auto answer =
      client_->Fetch({.method = "POST", .url = Url("/a"), .body = std::string(32 << 20, 'x')});
  // Its system may end the connection before the answer was read; then that is told.
  if (answer.ok()) {
    EXPECT_EQ(answer->status, 413);
  } else {
    EXPECT_EQ(answer.error().code(), ErrorCode::kUnavailable);
  }
}

TEST_F(ClientTest, NobodyIsThere) {
  Result<Listeners> listeners = Listen("127.0.0.1", 0, 1);
  const int port = listeners->port;
  listeners->sockets.clear();
  const auto answer = Get(fmt::format("http://ann:secret@127.0.0.1:{}/a?token=secret", port));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(answer.error().ToString(),
            fmt::format("http://127.0.0.1:{}/a: can't connect: Connection refused", port));
  EXPECT_EQ(CodeOf("http://no.such.host.invalid/"), ErrorCode::kUnavailable);
}

TEST_F(ClientTest, RefusesWhatCantBeSent) {
  for (const char* const url :
       {"", "localhost", "ftp://a/", "http://", "http://:80/", "http://a:/", "http://a:0/",
        "http://a:65536/", "http://a:8x/", "http://[::1", "http://[::1]x/", "http://a b/",
        "http://a/ b", "http://a/\r\nX: 1", "http://a\r\nX: 1/"})
    EXPECT_EQ(CodeOf(url), ErrorCode::kInvalidInput) << url;
  const auto code = [this](ClientRequest request) {
    request.url = "http://127.0.0.1:1/";
    return client_->Fetch(request).error().code();
  };
  EXPECT_EQ(code({.method = "A B"}), ErrorCode::kInvalidInput);
  EXPECT_EQ(code({.method = ""}), ErrorCode::kInvalidInput);
  EXPECT_EQ(code({.headers = {{"a b", "1"}}}), ErrorCode::kInvalidInput);
  EXPECT_EQ(code({.headers = {{"a", "1\r\nb: 2"}}}), ErrorCode::kInvalidInput);
  EXPECT_EQ(code({.headers = {{"Content-Length", "1"}}}), ErrorCode::kInvalidInput);
  EXPECT_EQ(code({.timeout_seconds = 0}), ErrorCode::kInvalidInput);
}

TEST_F(ClientTest, ReadsUrls) {
  const auto url = ParseClientUrl("HTTPS://ann:p%40ss@[::1]:8443/a%20b?c=d#e");
  ASSERT_TRUE(url.ok()) << url.error().Render();
  EXPECT_TRUE(url->uses_tls);
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->authority, "[::1]:8443");
  EXPECT_EQ(url->target, "/a%20b?c=d");
  EXPECT_EQ(url->credentials, "ann:p@ss");
  EXPECT_EQ(url->shown, "https://[::1]:8443/a%20b");
  EXPECT_EQ(ParseClientUrl("http://a?b")->target, "/?b");
  EXPECT_EQ(ParseClientUrl("http://a")->port, 80);
  EXPECT_EQ(ParseClientUrl("https://a")->port, 443);
  const auto bad = ParseClientUrl("http://ann:secret@a:x/?token=secret");
  EXPECT_THAT(bad.error().ToString(), Not(HasSubstr("secret")));
}

TEST(FakeHttpClient, AnswersWhatWasQueued) {
  FakeHttpClient fake;
  fake.Queue(200, "one");
  fake.Queue(Error(ErrorCode::kTimeout, "late"));
  EXPECT_EQ(fake.Fetch({.url = "http://a/"})->body, "one");
  EXPECT_EQ(fake.Fetch({.url = "http://b/"}).error().code(), ErrorCode::kTimeout);
  EXPECT_EQ(fake.Fetch({.url = "http://c/"}).error().code(), ErrorCode::kUnavailable);
  fake.answer = [](const ClientRequest& request) {
    return ClientResponse{.status = 201, .body = request.url};
  };
  EXPECT_EQ(fake.Fetch({.url = "http://d/"})->body, "http://d/");
  std::vector<std::string> urls;
  for (const ClientRequest& request : fake.requests()) urls.push_back(request.url);
  EXPECT_THAT(urls, ElementsAre("http://a/", "http://b/", "http://c/", "http://d/"));
}

}  // namespace
}  // namespace slipway::http

#include "http/server.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "http/server_testing_internal.h"

namespace slipway::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST_F(ServerTest, AnswersByteForByte) {
  Start();
  Client client(port());
  client.Send(Get("/a?b"));
  EXPECT_EQ(client.ReadAnswer(), Ok("GET /a?b "));
  client.Send("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody");
  EXPECT_EQ(client.ReadAnswer(), Ok("POST /p body"));
  client.Send(
      "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n");
  EXPECT_EQ(client.ReadAnswer(), Ok("POST /p body"));
  client.Send("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.ReadAnswer(false),
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n");
  EXPECT_EQ(client.Ask("/none"), "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(client.Ask("/teapot"),
            "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 12\r\n"
            "X-Id: ab\r\n\r\nGET /teapot ");
  EXPECT_EQ(client.Ask("/a"), Ok("GET /a "));
  EXPECT_TRUE(Eventually([&] { return handler_.answered().size() == 7; }));
  EXPECT_THAT(handler_.answered(), ElementsAre(200, 200, 200, 200, 204, 404, 200));
  EXPECT_EQ(handler_.deliveries()[1].bytes,
            std::ssize(Ok("POST /p body")) + static_cast<int64_t>(kDateLine));
  EXPECT_EQ(server_->in_flight(), 0);
  EXPECT_EQ(server_->connections(), 1);
}

TEST_F(ServerTest, RequestsSayWhoSendsThem) {
  Start();
  Client client(port());
  EXPECT_EQ(client.Ask("/peer"), Ok("127.0.0.1"));
  EXPECT_EQ(client.Ask("/peer"), Ok("127.0.0.1"));
  const auto text_of = [](const char* bytes) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    EXPECT_EQ(::inet_pton(AF_INET6, bytes, &address.sin6_addr), 1);
    sockaddr_storage storage{};
    std::memcpy(&storage, &address, sizeof(address));
    return AddressText(storage);
  };
  EXPECT_EQ(text_of("::1"), "::1");
  EXPECT_EQ(text_of("2001:db8::7"), "2001:db8::7");
  EXPECT_EQ(text_of("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(AddressText({}), "");
}

TEST_F(ServerTest, ConnectionsEndWhereTheyAreToldTo) {
  Start();
  for (const std::string& request :
       {std::string("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
        std::string("GET /a HTTP/1.0\r\n\r\n"), Get("/close"), Get("/close") + Get("/more")}) {
    Client client(port());
    client.Send(request);
    const std::string answer = client.ReadToEnd();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_THAT(answer, Not(HasSubstr("more")));
    EXPECT_THAT(answer, Not(HasSubstr("reset")));
  }
  Client old(port());
  for (int i = 0; i < 2; ++i) {
    old.Send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_THAT(old.ReadAnswer(), HasSubstr("\r\nConnection: keep-alive\r\n"));
  }
  EXPECT_TRUE(Eventually([&] { return server_->connections() == 1; }));
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInTheirOrder) {
  Start();
  Client client(port());
  std::string requests, expected;
  for (int i = 0; i < 1'000; ++i) {
    requests += Get(fmt::format("/{}", i));
    expected += Ok(fmt::format("GET /{} ", i));
  }
  client.Send(requests);
  client.EndSending();
  EXPECT_EQ(client.ReadToEnd(), expected);
}

TEST_F(ServerTest, TenThousandRequestsOneAfterTheOther) {
  options_.threads = 2;
  Start();
  Client client(port());
  for (int i = 0; i < 10'000; ++i) {
    const std::string target = fmt::format("/{}", i);
    ASSERT_EQ(client.Ask(target), Ok("GET " + target + " "));
  }
  EXPECT_EQ(handler_.asked, 10'000);
}

TEST_F(ServerTest, ManyConnectionsOnSeveralThreads) {
  options_.threads = 3;
  Start();
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int number = 0; number < 4; ++number) {
    threads.emplace_back([&, number] {
      for (int i = 0; i < 50; ++i) {
        Client client(port());
        const std::string target = fmt::format("/{}/{}", number, i);
        for (int again = 0; again < 3; ++again)
          right += client.Ask(target) == Ok("GET " + target + " ");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 600);
  EXPECT_TRUE(Eventually([&] { return server_->connections() == 0; }));
}

TEST_F(ServerTest, RequestsInPiecesAndSlowClientsHoldUpNobody) {
  Start();
  Client slow(port());
  Client fast(port());
  for (const char c : Get("/slowly")) {
    slow.Send(std::string(1, c));
    ASSERT_EQ(fast.Ask("/fast"), Ok("GET /fast "));
  }
  EXPECT_EQ(slow.ReadAnswer(), Ok("GET /slowly "));
}

TEST_F(ServerTest, WhoGoesBeforeItsAnswerIsSentIsTold) {
  Start();
  {
    Client client(port(), 4096);
    client.Send(Get("/big"));
    client.Receive();
  }
  EXPECT_TRUE(Eventually([&] { return server_->connections() == 0; }));
  EXPECT_THAT(handler_.answered(), ElementsAre(-200));
  EXPECT_EQ(server_->in_flight(), 0);
}

TEST_F(ServerTest, AHalfCloseStillGetsItsAnswers) {
  Start();
  Client client(port());
  client.Send(Get("/a") + Get("/big"));
  client.EndSending();
  EXPECT_EQ(client.ReadToEnd(), Ok("GET /a ") + Ok(std::string(kBig, 'x')));
  Client late(port());
  EXPECT_EQ(late.Ask("/a"), Ok("GET /a "));
  late.EndSending();
  EXPECT_EQ(late.ReadToEnd(), "");
  // The request and the end are seen at once.
  Client busy(port());
  busy.Send(Get("/slow"));
  EXPECT_TRUE(Eventually([&] { return handler_.asked == 4; }));
  Client both(port());
  both.Send(Get("/both"));
  both.EndSending();
  EXPECT_EQ(both.ReadToEnd(), Ok("GET /both "));
  Client half(port());
  half.Send("GET / HT");
  half.EndSending();
  EXPECT_EQ(half.ReadToEnd(), "");
}

TEST_F(ServerTest, ErrorsAreAnsweredThoughTheClientGoesOnSending) {
  options_.limits.body_bytes = 1000;
  Start();
  Client client(port());
  client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n");
  EXPECT_TRUE(client.Send(std::string(8'000'000, 'x')));
  const std::string answer = client.ReadAnswer();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 Content Too Large\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\nerror 413: "));
  client.EndSending();
  EXPECT_EQ(client.ReadToEnd(), "");
  EXPECT_EQ(handler_.asked, 0);
  EXPECT_THAT(handler_.answered(), ElementsAre(413));

  Client wrong(port());
  wrong.Send(Get("/a") + "BAD\x01" + Get("/b"));
  EXPECT_EQ(wrong.ReadAnswer(), Ok("GET /a "));
  EXPECT_THAT(wrong.ReadToEnd(), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
}

TEST_F(ServerTest, ContinueIsSentToWhoWaitsForIt) {
  Start();
  Client client(port());
  client.Send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.ReadAnswer(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("hi");
  EXPECT_EQ(client.ReadAnswer(), Ok("POST / hi"));
}

TEST_F(ServerTest, TimeoutsOfWhatDoesNotCome) {
  options_.limits.header_seconds = 0.3;
  options_.limits.body_seconds = 0.3;
  options_.limits.idle_seconds = 0.6;
  Start();
  const auto begun = std::chrono::steady_clock::now();
  Client head(port());
  Client body(port());
  Client idle(port());
  head.Send("GET / HTTP/1.1\r\nHost");
  body.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  EXPECT_EQ(idle.Ask("/a"), Ok("GET /a "));
  // Bytes that trickle in win no time.
  for (int i = 0; i < 100 && !head.HasInput(); ++i) {
    std::this_thread::sleep_for(milliseconds(40));
    head.Send("x");
  }
  EXPECT_TRUE(head.HasInput());
  const std::string answer = head.ReadToEnd();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
  EXPECT_THAT(answer, HasSubstr("error 408: the headers"));
  EXPECT_THAT(body.ReadToEnd(), HasSubstr("error 408: the body"));
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begun;
  EXPECT_GE(passed.count(), 0.29);
  EXPECT_EQ(idle.ReadToEnd(), "");
  const std::chrono::duration<double> all = std::chrono::steady_clock::now() - begun;
  EXPECT_GE(all.count(), 0.59);
  EXPECT_TRUE(Eventually([&] { return server_->connections() == 0; }));
  EXPECT_EQ(server_->in_flight(), 0);
}

TEST_F(ServerTest, TimeoutOfAnAnswerThatNobodyReads) {
  options_.limits.write_seconds = 0.3;
  Start();
  Client client(port(), 4096);
  client.Send(Get("/big"));
  EXPECT_TRUE(Eventually([&] { return handler_.asked == 1 && server_->connections() == 0; }));
  EXPECT_THAT(handler_.answered(), ElementsAre(-200));
}

TEST_F(ServerTest, OverTheLimitOfConnections) {
  options_.limits.connections = 2;
  Start();
  Client first(port());
  Client second(port());
  EXPECT_EQ(first.Ask("/1"), Ok("GET /1 "));
  EXPECT_EQ(second.Ask("/2"), Ok("GET /2 "));
  Client third(port());
  third.Send(Get("/3"));
  const std::string answer = third.ReadAnswer();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nRetry-After: 1\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_EQ(third.ReadToEnd(), "") << "in good order";
  EXPECT_EQ(server_->connections(), 2);
  first.Close();
  EXPECT_TRUE(Eventually([&] { return server_->connections() == 1; }));
  Client fourth(port());
  EXPECT_EQ(fourth.Ask("/4"), Ok("GET /4 "));
}

double ProcessSeconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

TEST_F(ServerTest, WithoutDescriptorsItWaitsAndDoesNotSpin) {
  Start();
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  Client client(port());
  EXPECT_EQ(client.Ask("/a"), Ok("GET /a "));
  {
    Client waiting(port());
    EXPECT_EQ(waiting.Ask("/a"), Ok("GET /a "));
  }
  EXPECT_TRUE(Eventually([&] { return server_->connections() == 1; }));
  // The client's own descriptor is the last that there is.
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(::dup(0)) + 1;
  ::close(static_cast<int>(none.rlim_cur) - 1);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  Client waiting(port());
  waiting.Send(Get("/b"));
  const double used = ProcessSeconds();
  std::this_thread::sleep_for(milliseconds(500));
  EXPECT_LT(ProcessSeconds() - used, 0.2);
  EXPECT_EQ(server_->connections(), 1);
  EXPECT_EQ(client.Ask("/a"), Ok("GET /a "));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(waiting.ReadAnswer(), Ok("GET /b "));
}

TEST_F(ServerTest, DrainLetsRequestsEndAndIdleConnectionsGo) {
  options_.threads = 2;
  Start();
  Client idle(port());
  EXPECT_EQ(idle.Ask("/a"), Ok("GET /a "));
  Client half(port());
  half.Send("GET /half HTTP/1.1\r\n");
  EXPECT_TRUE(Eventually([&] { return server_->in_flight() == 1; }));
  server_->BeginDrain();
  Client late(port());
  const std::string answer = late.Ask("/late");
  EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(answer, HasSubstr("GET /late"));
  EXPECT_FALSE(server_->FinishDrain(0.1)) << "one is still there";
  EXPECT_EQ(idle.ReadToEnd(), "");
  EXPECT_EQ(server_->in_flight(), 1);
  half.Send("Host: a\r\n\r\n");
  const std::string half_answer = half.ReadToEnd();
  EXPECT_THAT(half_answer, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(half_answer, HasSubstr("GET /half"));
  EXPECT_TRUE(server_->FinishDrain(10));
  EXPECT_EQ(server_->connections(), 0);
  EXPECT_EQ(server_->in_flight(), 0);
}

TEST_F(ServerTest, DrainAnswersWhoWaitsToBeTaken) {
  Start();
  Client busy(port());
  busy.Send(Get("/slow"));
  EXPECT_TRUE(Eventually([&] { return handler_.asked == 1; }));
  // The only thread is at work: this one stands in the system's queue.
  Client queued(port());
  queued.Send(Get("/queued"));
  EXPECT_TRUE(server_->FinishDrain(10));
  EXPECT_THAT(busy.ReadToEnd(), HasSubstr("GET /slow"));
  EXPECT_THAT(queued.ReadToEnd(), HasSubstr("GET /queued"));
}

TEST_F(ServerTest, TheEndEndsConnectionsAtOnce) {
  Start();
  Client half(port());
  Client slow(port(), 4096);
  half.Send("GET / HTTP/1.1\r\n");
  slow.Send(Get("/big"));
  EXPECT_TRUE(Eventually([&] { return server_->in_flight() == 2; }));
  server_.reset();
  EXPECT_THAT(handler_.answered(), ElementsAre(-200));
  EXPECT_EQ(half.ReadToEnd(), "");
}

TEST_F(ServerTest, AddressesThatCannotBeListenedAt) {
  Start();
  options_.port = port();
  const auto taken = Server::Start(options_, &handler_);
  ASSERT_FALSE(taken.ok()) << "two servers must not share a port without knowing";
  EXPECT_EQ(taken.error().code(), ErrorCode::kIo);
  EXPECT_THAT(taken.error().ToString(), HasSubstr(fmt::format("127.0.0.1:{}", port())));
  for (const char* host : {"no such host", "192.0.2.1"}) {
    options_.host = host;
    options_.port = 0;
    const auto wrong = Server::Start(options_, &handler_);
    ASSERT_FALSE(wrong.ok()) << host;
    EXPECT_EQ(wrong.error().code(), ErrorCode::kInvalidInput) << wrong.error().Render();
  }
  options_.host = "127.0.0.1";
  options_.port = 70'000;
  const auto port_too_large = Server::Start(options_, &handler_);
  ASSERT_FALSE(port_too_large.ok());
  EXPECT_EQ(port_too_large.error().code(), ErrorCode::kInvalidInput);
}

TEST_F(ServerTest, APortIsFreeAgainAtOnce) {
  Start();
  options_.port = port();
  Client client(port());
  EXPECT_EQ(client.Ask("/a"), Ok("GET /a "));
  server_.reset();
  Start();
  Client again(port());
  EXPECT_EQ(again.Ask("/a"), Ok("GET /a "));
}

}  // namespace
}  // namespace slipway::http

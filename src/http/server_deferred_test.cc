// Answers that come later, from other threads.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "http/posted_answers_internal.h"
#include "http/server.h"
#include "http/server_testing_internal.h"

namespace slipway::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class DeferredTest : public ServerTest {
 protected:
  // What is to be answered next.
  Deferred Next() {
    std::optional<Deferred> next = handler_.NextDeferred();
    EXPECT_TRUE(next.has_value()) << "no request that is answered later came";
    return next.value_or(Deferred());
  }
  void Complete(const Deferred& deferred) {
    server_->Complete(deferred.ticket, AnswerTo(deferred));
  }
  void CompleteOnAnotherThread(const Deferred& deferred) {
    std::thread([&] { Complete(deferred); }).join();
  }
};

TEST_F(DeferredTest, AnotherThreadAnswers) {
  Start();
  Client client(port());
  client.Send(Get("/later"));
  const Deferred deferred = Next();
  Client other(port());
  EXPECT_EQ(other.Ask("/a"), Ok("GET /a ")) << "the loop waits for nobody";
  EXPECT_TRUE(Eventually([&] { return server_->in_flight() == 1; }));
  EXPECT_THAT(handler_.queues(), ElementsAre(1, 2)) << "it counts while it waits";
  EXPECT_FALSE(client.HasInput());
  CompleteOnAnotherThread(deferred);
  EXPECT_EQ(client.ReadAnswer(), Ok("GET /later "));
  EXPECT_EQ(client.Ask("/b"), Ok("GET /b "));
  ASSERT_TRUE(Eventually([&] { return handler_.deliveries().size() == 3; }));
  const Delivery delivery = handler_.deliveries()[1];
  EXPECT_TRUE(delivery.sent);
  EXPECT_EQ(delivery.status, 200);
  EXPECT_EQ(delivery.bytes, std::ssize(Ok("GET /later ")) + static_cast<int64_t>(kDateLine));
  EXPECT_EQ(server_->in_flight(), 0);
}

TEST_F(DeferredTest, RequestsBehindItWait) {
  Start();
  Client client(port());
  client.Send(Get("/1") + Get("/later/2") + Get("/3") + Get("/later/4") + Get("/5"));
  EXPECT_EQ(client.ReadAnswer(), Ok("GET /1 ")) << "those before it do not";
  const Deferred second = Next();
  EXPECT_EQ(handler_.asked, 2);
  client.Send(Get("/6"));
  Complete(second);
  EXPECT_EQ(client.ReadAnswer(), Ok("GET /later/2 "));
  EXPECT_EQ(client.ReadAnswer(), Ok("GET /3 "));
  const Deferred fourth = Next();
  EXPECT_EQ(handler_.asked, 4);
  Complete(fourth);
  client.EndSending();
  EXPECT_EQ(client.ReadToEnd(), Ok("GET /later/4 ") + Ok("GET /5 ") + Ok("GET /6 "));
}

TEST_F(DeferredTest, ComesBehindAnAnswerThatIsReadSlowly) {
  Start();
  // So large that the system keeps neither the first nor the last third.
  constexpr size_t kHuge = 36 << 20;
  Client client(port(), 4096);
  Client other(port());
  client.Send(Get("/later/1") + Get("/later/2") + Get("/3"));
  Deferred first = Next();
  first.answer.assign(kHuge, 'x');
  Complete(first);
  const Deferred second = Next();
  ASSERT_TRUE(client.ReceiveAtLeast(kHuge / 3));
  Complete(second);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(other.Ask("/a"), Ok("GET /a "));
  EXPECT_EQ(handler_.asked, 2 + 3) << "the third waits until the first has been read";
  const std::string expected = Ok(first.answer) + Ok("GET /later/2 ") + Ok("GET /3 ");
  client.EndSending();
  EXPECT_TRUE(client.ReadToEnd() == expected);
  EXPECT_TRUE(Eventually([&] { return server_->in_flight() == 0; }));
  int64_t bytes = 0;
  for (const Delivery& delivery : handler_.deliveries())
    bytes += delivery.sent ? delivery.bytes : 0;
  constexpr int64_t kDates = 6 * static_cast<int64_t>(kDateLine);
  EXPECT_EQ(bytes, std::ssize(expected) + 3 * std::ssize(Ok("GET /a ")) + kDates);
}

TEST_F(DeferredTest, TheRequestSaysWhatComesBack) {
  Start();
  Client client(port());
  client.Send("HEAD /later HTTP/1.1\r\nHost: a\r\n\r\n");
  Complete(Next());
  EXPECT_EQ(client.ReadAnswer(false),
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n");
  client.Send("GET /later HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  Complete(Next());
  EXPECT_THAT(client.ReadAnswer(), HasSubstr("\r\nConnection: keep-alive\r\n"));
  client.Send("GET /later HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + Get("/more"));
  Complete(Next());
  const std::string last = client.ReadToEnd();
  EXPECT_THAT(last, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(last, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_TRUE(last.ends_with("\r\n\r\nGET /later ")) << last;

  Client closed(port());
  closed.Send(Get("/later"));
  const Deferred deferred = Next();
  Response response = AnswerTo(deferred);
  response.close = true;
  server_->Complete(deferred.ticket, std::move(response));
  EXPECT_THAT(closed.ReadToEnd(), HasSubstr("\r\nConnection: close\r\n"));
}

TEST_F(DeferredTest, WhoGoesIsToldOnceAndItsAnswerDropped) {
  Start();
  Client client(port());
  client.Send(Get("/a") + Get("/later"));
  EXPECT_EQ(client.ReadAnswer(), Ok("GET /a "));
  const Deferred deferred = Next();
  client.Reset();
  EXPECT_TRUE(Eventually([&] { return server_->connections() == 0; }));
  EXPECT_THAT(handler_.answered(), ElementsAre(200, 0));
  EXPECT_FALSE(handler_.deliveries()[1].sent);
  EXPECT_EQ(handler_.deliveries()[1].bytes, 0);
  EXPECT_EQ(server_->in_flight(), 0);
  Client other(port());
  other.Send(Get("/later"));
  const Deferred another = Next();
  EXPECT_NE(another.ticket, deferred.ticket);
  Complete(deferred);
  Complete({.ticket = 0, .answer = "none"});
  Complete({.ticket = another.ticket + 1, .answer = "none"});
  Complete(another);
  Complete({.ticket = another.ticket, .answer = "twice"});
  EXPECT_EQ(other.ReadAnswer(), Ok("GET /later "));
  EXPECT_EQ(other.Ask("/b"), Ok("GET /b "));
  server_->Stop();
  EXPECT_THAT(handler_.answered(), ElementsAre(200, 0, 200, 200));
}

TEST_F(DeferredTest, AHalfCloseStillGetsItsAnswer) {
  Start();
  Client client(port());
  client.Send(Get("/later"));
  client.EndSending();
  const Deferred deferred = Next();
  Client other(port());
  EXPECT_EQ(other.Ask("/a"), Ok("GET /a "));
  Complete(deferred);
  EXPECT_EQ(client.ReadToEnd(), Ok("GET /later "));
}

TEST_F(DeferredTest, NoTimeoutEndsIt) {
  options_.limits.header_seconds = options_.limits.body_seconds = 0.1;
  options_.limits.idle_seconds = options_.limits.write_seconds = 0.1;
  Start();
  Client client(port());
  client.Send(Get("/later") + "GET /half");
  const Deferred deferred = Next();
  Client idle(port());
  EXPECT_EQ(idle.ReadToEnd(), "") << "a timeout has passed since";
  Complete(deferred);
  EXPECT_EQ(client.ReadAnswer(), Ok("GET /later "));
  EXPECT_THAT(client.ReadToEnd(), StartsWith("HTTP/1.1 408 ")) << "timeouts hold again";
}

TEST_F(DeferredTest, DrainWaitsForIt) {
  options_.threads = 2;
  Start();
  Client client(port());
  client.Send(Get("/later"));
  const Deferred deferred = Next();
  server_->BeginDrain();
  EXPECT_FALSE(server_->FinishDrain(0.1));
  EXPECT_EQ(server_->connections(), 1);
  std::thread completing([&] { Complete(deferred); });
  EXPECT_TRUE(server_->FinishDrain(10));
  completing.join();
  const std::string answer = client.ReadToEnd();
  EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(answer, HasSubstr("GET /later"));
  EXPECT_THAT(handler_.answered(), ElementsAre(200));
}

TEST_F(DeferredTest, DrainWaitsForOneThatCameAtItsBeginning) {
  Start();
  Client busy(port());
  Client client(port());
  EXPECT_EQ(client.Ask("/a"), Ok("GET /a "));
  busy.Send(Get("/hold"));
  EXPECT_TRUE(Eventually([&] { return handler_.asked == 2; }));
  server_->BeginDrain();
  client.Send(Get("/later"));
  handler_.released = true;
  handler_.released.notify_all();
  Complete(Next());
  EXPECT_THAT(client.ReadToEnd(), HasSubstr("GET /later"));
  EXPECT_TRUE(server_->FinishDrain(10));
}

TEST_F(DeferredTest, AfterTheStopAnswersAreDropped) {
  options_.threads = 2;
  Start();
  std::vector<Client> clients;
  std::vector<Deferred> deferred;
  for (int i = 0; i < 10; ++i) {
    clients.emplace_back(port()).Send(Get("/later"));
    deferred.push_back(Next());
  }
  Complete(deferred.front());
  EXPECT_EQ(clients.front().ReadAnswer(), Ok("GET /later "));
  server_->Stop();
  EXPECT_EQ(clients.back().ReadToEnd(), "");
  EXPECT_EQ(server_->in_flight(), 0);
  EXPECT_EQ(server_->connections(), 0);
  EXPECT_EQ(handler_.deliveries().size(), 10U);
  for (const Deferred& one : deferred) CompleteOnAnotherThread(one);
  server_->Stop();
  EXPECT_TRUE(server_->FinishDrain(10));
  EXPECT_EQ(handler_.deliveries().size(), 10U);
}

TEST_F(DeferredTest, StopsWhileOthersComplete) {
  options_.threads = 2;
  for (int again = 0; again < 20; ++again) {
    Start();
    std::vector<Client> clients;
    std::vector<Deferred> deferred;
    for (int i = 0; i < 8; ++i) {
      clients.emplace_back(port()).Send(Get("/later") + Get("/a"));
      deferred.push_back(Next());
    }
    std::thread completing([&] {
      for (const Deferred& one : deferred) Complete(one);
    });
    server_->Stop();
    completing.join();
    EXPECT_EQ(server_->connections(), 0);
    EXPECT_EQ(server_->in_flight(), 0);
    server_.reset();
    EXPECT_EQ(std::ssize(handler_.deliveries()), handler_.asked);
  }
}

TEST(PostedAnswersTest, WakeOnceAndEndWithTheirLoop) {
  PostedAnswers posted;
  EXPECT_TRUE(posted.Post(1, Response()));
  EXPECT_FALSE(posted.Post(2, Response())) << "the loop is awake already";
  std::vector<PostedAnswer> taken;
  posted.Take(&taken);
  EXPECT_EQ(taken.size(), 2U);
  taken.clear();
  EXPECT_TRUE(posted.Post(3, Response()));
  posted.Close();
  EXPECT_FALSE(posted.Post(4, Response()));
  posted.Take(&taken);
  EXPECT_TRUE(taken.empty());
}

// Each completes the request before it, on the loop's own thread, and its own.
class ChainHandler : public EchoHandler {
 public:
  void Answer(const Request& request, const Arrival& arrival, Response* response) override {
    EchoHandler::Answer(request, arrival, response);
    while (std::optional<Deferred> deferred = NextDeferred()) {
      server->Complete(deferred->ticket, AnswerTo(*deferred));
      if (deferred->ticket == arrival.ticket) break;
    }
  }
  Server* server = nullptr;
};

TEST_F(DeferredTest, TheLoopMayCompleteItself) {
  ChainHandler handler;
  Result<std::unique_ptr<Server>> started = Server::Start(options_, &handler);
  ASSERT_TRUE(started.ok());
  server_ = *std::move(started);
  handler.server = server_.get();
  Client client(port());
  std::string requests, expected;
  for (int i = 0; i < 200; ++i) {
    requests += Get(fmt::format("/later/{}", i));
    expected += Ok(fmt::format("GET /later/{} ", i));
  }
  client.Send(requests);
  client.EndSending();
  EXPECT_EQ(client.ReadToEnd(), expected);
  server_.reset();
}

// Asks for what comes later and what comes at once, pipelined; every tenth client goes before.
int AskMany(int port, int number) {
  int right = 0;
  for (int i = 0; i < 60; ++i) {
    const auto target = [&](const char* kind) { return fmt::format("/{}/{}/{}", kind, number, i); };
    Client client(port);
    client.Send(Get(target("later")) + Get(target("now")) + Get(target("later/too")));
    if (i % 10 == 9) {
      client.Reset();
      continue;
    }
    client.EndSending();
    right += client.ReadToEnd() == Ok("GET " + target("later") + " ") +
                                       Ok("GET " + target("now") + " ") +
                                       Ok("GET " + target("later/too") + " ");
  }
  return right;
}

TEST_F(DeferredTest, ManyOnSeveralLoops) {
  options_.threads = 3;
  Start();
  std::vector<std::thread> completing;
  for (int i = 0; i < 2; ++i) {
    completing.emplace_back([&] {
      while (const std::optional<Deferred> deferred = handler_.NextDeferred()) Complete(*deferred);
    });
  }
  std::vector<std::thread> asking;
  std::atomic<int> right{0};
  for (int number = 0; number < 4; ++number)
    asking.emplace_back([&, number] { right += AskMany(port(), number); });
  for (std::thread& thread : asking) thread.join();
  EXPECT_EQ(right, 4 * 54);
  EXPECT_TRUE(Eventually([&] { return server_->connections() == 0; }));
  EXPECT_EQ(server_->in_flight(), 0);
  EXPECT_EQ(std::ssize(handler_.deliveries()), handler_.asked) << "each is told of once";
  handler_.EndDeferred();
  for (std::thread& thread : completing) thread.join();
}

}  // namespace
}  // namespace slipway::http

// What a server under load knows of its queue, and what a client that misbehaves may take.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "http/server.h"
#include "http/server_testing_internal.h"

namespace slipway::http {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr size_t kBody = 64 << 10;
// Far more than a system keeps for a connection, both sides together.
constexpr size_t kFlood = 256 << 20;

std::string Post(const std::string& target) {
  return fmt::format("POST {} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{}", target, kBody,
                     std::string(kBody, 'b'));
}

class LoadTest : public ServerTest {
 protected:
  // Sends requests again and again until nothing is taken any more, while another client is
  // answered; the bytes that were taken.
  size_t Flood(Client* client, const std::string& request) {
    Client other(port());
    size_t taken = 0;
    for (int refused = 0; refused < kRefusals && taken < kFlood; ++refused) {
      while (taken < kFlood) {
        const size_t count =
            client->TrySend(std::string_view(request).substr(taken % request.size()));
        if (count == 0) break;
        taken += count;
        refused = 0;
      }
      for (int i = 0; i < kAsksARefusal; ++i) {
        EXPECT_EQ(other.Ask("/fast"), Ok("GET /fast "));
        ++asked_by_others_;
      }
    }
    return taken;
  }

  static constexpr int kRefusals = 20;
  static constexpr int kAsksARefusal = 20;
  int asked_by_others_ = 0;
};

TEST_F(LoadTest, HandlersSeeTheQueue) {
  Start();
  constexpr int kClients = 50;
  std::vector<Client> clients;
  for (int i = 0; i < kClients; ++i)
    ASSERT_EQ(clients.emplace_back(port()).Ask("/a"), Ok("GET /a "));
  // The last of them holds up the loop until all others have asked.
  Client busy(port());
  busy.Send(Get("/hold"));
  ASSERT_TRUE(Eventually([&] { return handler_.asked == kClients + 1; }));
  for (Client& client : clients) client.Send(Get("/b"));
  for (Client& client : clients) EXPECT_TRUE(Eventually([&] { return client.Arrived(); }));
  handler_.released = true;
  handler_.released.notify_all();
  for (Client& client : clients) EXPECT_EQ(client.ReadAnswer(), Ok("GET /b "));
  std::vector<int64_t> expected(kClients + 1, 1);
  for (int i = kClients; i > 0; --i) expected.push_back(i);
  EXPECT_THAT(handler_.queues(), ElementsAreArray(expected));
  EXPECT_TRUE(Eventually([&] { return server_->in_flight() == 0; }));
}

TEST_F(LoadTest, TheQueueCountsARequestOnce) {
  Start();
  Client first(port()), second(port());
  for (Client* half : {&first, &second}) half->Send("GET /half HTTP/1.1\r\n");
  ASSERT_TRUE(Eventually([&] { return server_->in_flight() == 2; }));
  Client busy(port());
  busy.Send(Get("/hold"));
  ASSERT_TRUE(Eventually([&] { return handler_.asked == 1; }));
  for (Client* half : {&first, &second}) {
    half->Send("Host: a\r\n\r\n");
    EXPECT_TRUE(Eventually([&] { return half->Arrived(); }));
  }
  handler_.released = true;
  handler_.released.notify_all();
  for (Client* half : {&first, &second}) EXPECT_EQ(half->ReadAnswer(), Ok("GET /half "));
  EXPECT_THAT(handler_.queues(), ElementsAre(3, 2, 1));
}

TEST_F(LoadTest, WhoDoesNotReadIsNotReadFrom) {
  Start();
  Client slow(port(), 4096);
  constexpr int kRequests = 20;
  for (int i = 0; i < kRequests; ++i) slow.Send(Get("/big"));
  Client fast(port());
  for (int i = 0; i < 200; ++i) ASSERT_EQ(fast.Ask("/fast"), Ok("GET /fast "));
  EXPECT_LE(handler_.asked, 200 + 2) << "answers pile up that nobody reads";
  EXPECT_GT(server_->in_flight(), 0);
  for (int i = 0; i < kRequests; ++i) ASSERT_EQ(slow.ReadAnswer(), Ok(std::string(kBig, 'x')));
  EXPECT_EQ(handler_.asked, 200 + kRequests);
  EXPECT_TRUE(Eventually([&] { return server_->in_flight() == 0; }));
}

TEST_F(LoadTest, WhoNeverReadsTakesLittle) {
  Start();
  Client client(port(), 4096);
  EXPECT_LT(Flood(&client, Post("/big")), kFlood);
  EXPECT_LE(handler_.asked - asked_by_others_, 2) << "answers pile up that nobody reads";
  EXPECT_TRUE(Eventually([&] { return server_->in_flight() == 1; }));
  client.Reset();
  EXPECT_TRUE(Eventually([&] { return server_->in_flight() == 0; }));
  EXPECT_THAT(handler_.answered(), Contains(-200).Times(1));
}

TEST_F(LoadTest, WhoSendsOnWhileItsAnswerIsToComeTakesLittle) {
  Start();
  Client client(port());
  client.Send(Get("/later"));
  const std::string request = Post("/p");
  const size_t taken = Flood(&client, request);
  EXPECT_LT(taken, kFlood);
  EXPECT_EQ(handler_.asked - asked_by_others_, 1);
  // The last of them is there in part.
  std::thread sending([&] {
    if (taken % request.size() > 0)
      client.Send(std::string_view(request).substr(taken % request.size()));
    client.EndSending();
  });
  const Deferred deferred = handler_.NextDeferred().value_or(Deferred());
  server_->Complete(deferred.ticket, AnswerTo(deferred));
  EXPECT_EQ(client.ReadAnswer(), Ok("GET /later "));
  const std::string expected = Ok("POST /p " + std::string(kBody, 'b'));
  const size_t requests = (taken + request.size() - 1) / request.size();
  EXPECT_GT(requests, 1U);
  for (size_t i = 0; i < requests; ++i) ASSERT_EQ(client.ReadAnswer(), expected) << i;
  EXPECT_EQ(client.ReadToEnd(), "");
  sending.join();
}

TEST_F(LoadTest, ATurnWithoutMemoryEndsItsConnectionAlone) {
  Start();
  Client other(port());
  EXPECT_EQ(other.Ask("/a"), Ok("GET /a "));
  Client client(port());
  client.Send(Get("/memory"));
  EXPECT_THAT(client.ReadToEnd(), Not(HasSubstr("HTTP")));
  EXPECT_EQ(other.Ask("/a"), Ok("GET /a "));
  EXPECT_TRUE(Eventually([&] { return server_->in_flight() == 0; }));
  EXPECT_EQ(server_->connections(), 1);
}

rlim_t AddressSpace() {
  rlim_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
}

TEST_F(LoadTest, ARequestThatMemoryHasNoRoomForIsRefused) {
  options_.limits.body_bytes = size_t{1} << 30;
  Start();
  Client other(port());
  EXPECT_EQ(other.Ask("/a"), Ok("GET /a "));
  const rlim_t used = AddressSpace();
  if (used > rlim_t{1} << 40) GTEST_SKIP() << "a sanitizer takes more than can be limited";
  const std::string piece(1 << 20, 'x');
  Client large(port());
  rlimit before{};
  ::getrlimit(RLIMIT_AS, &before);
  rlimit little = before;
  little.rlim_cur = used + (96 << 20);
  ASSERT_EQ(::setrlimit(RLIMIT_AS, &little), 0);
  large.Send(fmt::format("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", 512 << 20));
  for (int i = 0; i < 512 && !large.HasInput(); ++i) large.Send(piece);
  const std::string answer = large.ReadAnswer();
  const std::string others = other.Ask("/b");
  ASSERT_EQ(::setrlimit(RLIMIT_AS, &before), 0);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nRetry-After: 1\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_EQ(others, Ok("GET /b "));
}

}  // namespace
}  // namespace slipway::http

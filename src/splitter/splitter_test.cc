// Requests and answers of every form, through sockets.
#include "splitter/splitter.h"

#include <gmock/gmock.h>

#include "splitter/splitter_testing_internal.h"

namespace slipway::splitter {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Answers with what it was sent.
void Echo(Peer& peer, int) {
  for (std::string request = peer.ReadMessage(); !request.empty(); request = peer.ReadMessage())
    peer.Send(Ok(request));
}

TEST_F(SplitterTest, ForwardsAndKeepsConnections) {
  FakeReplica replica(Echo);
  StartWith({replica.port()});
  Peer client = Connect();
  for (int i = 0; i < 20; ++i) {
    client.Send(Post("/predict?n=1", "hello"));
    EXPECT_EQ(client.ReadMessage(),
              Ok("POST /predict?n=1 HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 127.0.0.1\r\n"
                 "X-Forwarded-Proto: http\r\nContent-Length: 5\r\n\r\nhello"));
  }
  EXPECT_EQ(replica.connections(), 1);
  EXPECT_TRUE(Eventually([&] { return SnapshotOf("1").in_flight == 0; }));
  const VersionSnapshot counted = SnapshotOf("1");
  EXPECT_EQ(counted.requests, 20);
  EXPECT_EQ(counted.answers[0], 20);
  EXPECT_GT(counted.Percentile(0.5), 0);
}

TEST_F(SplitterTest, PredictionsCountApartFromAllElse) {
  FakeReplica replica([](Peer& peer, int) {
    for (std::string request = peer.ReadMessage(); !request.empty(); request = peer.ReadMessage())
      peer.Send(request.find("bad") == std::string::npos
                    ? Ok("ok")
                    : "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n");
  });
  StartWith({replica.port()});
  for (const std::string& request :
       {Get("/health"), Get("/predict"), Get("/metrics?bad"), Post("/feedback", "x"),
        Post("/nonexistent", "x"), Post("/feedback", "bad"), Post("/predict", "x"),
        Post("/v2/models/m/infer?x", "bad"), Post("/models/m/predict", "bad"),
        Post("/invocations", "x")})
    EXPECT_NE(StatusOf(Ask(request)), 0);
  EXPECT_TRUE(Eventually([&] { return SnapshotOf("1").in_flight == 0; }));
  const VersionSnapshot counted = SnapshotOf("1");
  EXPECT_EQ(counted.requests, 4);
  EXPECT_EQ(counted.answers, (std::array<int64_t, kStatusClasses>{2, 0, 0, 2}));
  EXPECT_EQ(counted.error_run_squares, 4);
  EXPECT_EQ(counted.others.requests, 6);
  EXPECT_EQ(counted.others.errors, 2);
  EXPECT_EQ(counted.failed + counted.unanswered, 0);
}

TEST_F(SplitterTest, AnswersPipelinedRequestsInTheirOrder) {
  FakeReplica replica(Echo);
  StartWith({replica.port()});
  Peer client = Connect();
  std::string all;
  for (int i = 0; i < 10; ++i) all += Post(fmt::format("/{}", i), std::string(3000, 'x'));
  client.Send(all);
  for (int i = 0; i < 10; ++i) {
    const std::string answer = client.ReadMessage();
    EXPECT_THAT(answer, HasSubstr(fmt::format("POST /{} ", i)));
    EXPECT_THAT(answer, ::testing::EndsWith(std::string(3000, 'x')));
  }
}

TEST_F(SplitterTest, ReadsRequestsByteByByte) {
  FakeReplica replica(Echo);
  StartWith({replica.port()});
  Peer client = Connect();
  const std::string chunked =
      "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n";
  for (const char c : chunked + Get("/next")) {
    client.Send({&c, 1});
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  EXPECT_THAT(client.ReadMessage(), HasSubstr("3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n"));
  EXPECT_THAT(client.ReadMessage(), HasSubstr("GET /next "));
}

TEST_F(SplitterTest, PassesChunksAndTrailersBack) {
  const std::string answer =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
      "3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n";
  FakeReplica replica([&](Peer& peer, int) {
    while (!peer.ReadMessage().empty()) peer.Send(answer);
  });
  StartWith({replica.port()});
  Peer client = Connect();
  for (int i = 0; i < 2; ++i) {
    client.Send(Get("/"));
    EXPECT_EQ(client.ReadMessage(), answer);
  }
  EXPECT_EQ(replica.connections(), 1);
}

TEST_F(SplitterTest, ClientsOfHttp10GetPlainBodies) {
  FakeReplica replica([](Peer& peer, int number) {
    while (!peer.ReadMessage().empty()) {
      if (number == 0) {
        peer.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab");
        std::this_thread::sleep_for(milliseconds(20));
        peer.Send("c\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n");
      } else {
        peer.Send(Ok("whole"));
      }
      if (number == 0) return;
    }
  });
  StartWith({replica.port()});
  Peer client = Connect();
  client.Send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(client.ReadToEnd(), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabcde");
  Peer keeps = Connect();
  for (int i = 0; i < 2; ++i) {
    keeps.Send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(keeps.ReadMessage(),
              "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nwhole");
  }
}

TEST_F(SplitterTest, AnswersWithoutABody) {
  FakeReplica replica([](Peer& peer, int) {
    for (std::string request = peer.ReadMessage(); !request.empty(); request = peer.ReadMessage()) {
      if (request.starts_with("HEAD")) peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
      if (request.find(" /204") != std::string::npos) peer.Send("HTTP/1.1 204 No Content\r\n\r\n");
      if (request.find(" /304") != std::string::npos)
        peer.Send("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n");
      if (request.find(" /full") != std::string::npos) peer.Send(Ok("full"));
    }
  });
  StartWith({replica.port()});
  Peer client = Connect();
  client.Send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + Get("/204") + Get("/304") + Get("/full"));
  EXPECT_EQ(client.ReadMessage(false), "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
  EXPECT_EQ(client.ReadMessage(), "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(client.ReadMessage(false), "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n");
  EXPECT_EQ(client.ReadMessage(), Ok("full"));
  EXPECT_EQ(replica.connections(), 1);
}

TEST_F(SplitterTest, InterimAnswersGoOn) {
  FakeReplica replica([](Peer& peer, int) {
    const std::string head = peer.ReadTo("\r\n\r\n");
    EXPECT_THAT(head, HasSubstr("Expect: 100-continue"));
    peer.Send("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(peer.ReadBytes(5), "hello");
    peer.Send(Ok("done"));
    peer.ReadToEnd();
  });
  StartWith({replica.port()});
  Peer client = Connect();
  client.Send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(client.ReadMessage(), "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
  EXPECT_EQ(client.ReadMessage(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("hello");
  EXPECT_EQ(client.ReadMessage(), Ok("done"));
}

TEST_F(SplitterTest, WhoClosesIsClosed) {
  FakeReplica replica([](Peer& peer, int) {
    const std::string request = peer.ReadMessage();
    EXPECT_THAT(request, Not(HasSubstr("Connection")));
    peer.Send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
  });
  StartWith({replica.port()});
  Peer closes = Connect();
  closes.Send(Get("/", "Connection: close\r\n"));
  EXPECT_EQ(closes.ReadToEnd(),
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
  Peer keeps = Connect();
  for (int i = 0; i < 2; ++i) {
    keeps.Send(Get("/"));
    EXPECT_EQ(keeps.ReadMessage(), Ok("ok"));
  }
  EXPECT_EQ(replica.connections(), 3);
}

TEST_F(SplitterTest, AnAnswerThatEndsWithItsConnection) {
  FakeReplica replica([](Peer& peer, int) {
    peer.ReadMessage();
    peer.Send("HTTP/1.1 200 OK\r\nA: b\r\n\r\nabc");
    std::this_thread::sleep_for(milliseconds(20));
    peer.Send("def");
  });
  StartWith({replica.port()});
  Peer client = Connect();
  client.Send(Post("/predict", "x"));
  EXPECT_EQ(client.ReadToEnd(), "HTTP/1.1 200 OK\r\nA: b\r\nConnection: close\r\n\r\nabcdef");
  EXPECT_EQ(SnapshotOf("1").answers[0], 1);
}

TEST_F(SplitterTest, WhatIsSmuggledIsRefused) {
  FakeReplica replica(Echo);
  StartWith({replica.port()});
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  for (const std::string& request :
       {post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        post + "Content-Length: +3\r\n\r\nabc", post + "A: b\r\n Content-Length: 3\r\n\r\nabc",
        post + "A: b\nContent-Length: 3\r\n\r\nabc",
        std::string("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")}) {
    const std::string answer = Ask(request);
    EXPECT_GE(StatusOf(answer), 400) << request;
    EXPECT_LE(StatusOf(answer), 501) << request;
    EXPECT_THAT(answer, AllOf(HasSubstr("Connection: close"), HasSubstr(R"({"error":")")));
  }
  EXPECT_EQ(replica.connections(), 0);
  EXPECT_EQ(splitter_->Snapshot().refused, 11);
  EXPECT_EQ(SnapshotOf("1").requests, 0);
}

TEST_F(SplitterTest, AWrongChunkReachesNobodyWhole) {
  std::atomic<int> whole{0};
  FakeReplica replica([&](Peer& peer, int) {
    if (peer.ReadMessage().ends_with("0\r\n\r\n")) ++whole;
  });
  StartWith({replica.port()});
  const std::string answer =
      Ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcGET /x "
          "HTTP/1.1\r\n");
  EXPECT_EQ(StatusOf(answer), 400);
  splitter_.reset();
  EXPECT_EQ(whole.load(), 0);
}

TEST_F(SplitterTest, WhatComesBehindAnAnswerIsNobodys) {
  FakeReplica replica([](Peer& peer, int) {
    if (peer.ReadMessage().empty()) return;
    peer.Send(Ok("mine") + Ok("poison"));
    peer.ReadMessage();
  });
  StartWith({replica.port()});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Ask(Get("/")), Ok("mine"));
  EXPECT_EQ(replica.connections(), 3);
}

TEST_F(SplitterTest, ErrorsOfReplicas) {
  FakeReplica bad([](Peer& peer, int) {
    peer.ReadMessage();
    peer.Send("SSH-2.0-OpenSSH\r\n");
    peer.ReadToEnd();
  });
  FakeReplica silent([](Peer& peer, int) { peer.ReadToEnd(); });
  options_.answer_seconds = 0.1;
  routes_.versions = {RouteTo("bad", 1, {bad.port()}), RouteTo("silent", 0, {silent.port()}),
                      RouteTo("none", 0, {})};
  routes_.header_routes = {{"V", "silent", "silent"}, {"V", "none", "none"}};
  routes_.fallback = false;
  Start();
  Peer client = Connect();  // It goes on behind an error.
  client.Send(Post("/predict", "x"));
  const std::string answer = client.ReadMessage();
  EXPECT_EQ(StatusOf(answer), 502);
  EXPECT_EQ(BodyOf(answer), R"({"error":"the replica's answer is no valid HTTP"})");
  client.Send(Post("/predict", "x", "V: silent\r\n"));
  EXPECT_EQ(StatusOf(client.ReadMessage()), 504);
  client.Send(Post("/predict", "x", "V: none\r\n"));
  const std::string none = client.ReadMessage();
  EXPECT_EQ(StatusOf(none), 503);
  EXPECT_THAT(none, HasSubstr("\r\nRetry-After: 1\r\n"));
  for (const char* const id : {"bad", "silent", "none"}) {
    EXPECT_EQ(SnapshotOf(id).requests, 1) << id;
    EXPECT_EQ(SnapshotOf(id).errors(), 1) << id;
    EXPECT_EQ(SnapshotOf(id).failed, 1) << id;
    // Of "none" nobody was asked.
    EXPECT_EQ(SnapshotOf(id).unanswered, id == std::string("none") ? 0 : 1) << id;
    EXPECT_EQ(SnapshotOf(id).in_flight, 0) << id;
  }
}

TEST_F(SplitterTest, NoVersionAtAll) {
  Start();
  EXPECT_EQ(StatusOf(Ask(Get("/"))), 503);
  EXPECT_EQ(splitter_->Snapshot().unrouted, 1);
}

TEST_F(SplitterTest, SlowClientsAreToldSo) {
  FakeReplica replica(Echo);
  options_.limits.header_seconds = 0.1;
  options_.limits.body_seconds = 0.1;
  StartWith({replica.port()});
  EXPECT_EQ(StatusOf(Ask("GET / HTTP/1.1\r\nHo")), 408);
  EXPECT_EQ(StatusOf(Ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab")), 408);
  EXPECT_EQ(SnapshotOf("1").abandoned, 1);
  EXPECT_EQ(SnapshotOf("1").requests, 0);
}

}  // namespace
}  // namespace slipway::splitter

// Replicas that refuse, close and vanish at each point of an exchange.
#include <gmock/gmock.h>

#include "splitter/splitter_testing_internal.h"

namespace slipway::splitter {
namespace {

using ::testing::HasSubstr;

// What a replica does with its first connection; later ones are answered.
FakeReplica::Handler FirstThenOk(const std::function<void(Peer& peer)>& first,
                                 std::atomic<int>* asked) {
  return [first, asked](Peer& peer, int number) {
    if (number == 0) {
      first(peer);
      return;
    }
    while (!peer.ReadMessage().empty()) {
      ++*asked;
      peer.Send(Ok("again"));
    }
  };
}

TEST_F(SplitterTest, ARefusedConnectionIsTriedElsewhere) {
  FakeReplica replica("alive");
  StartWith({DeadPort(), replica.port()});
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Ask(Post("/predict", "x")), Ok("alive"));
  // Who refused once is left out for a second.
  EXPECT_EQ(SnapshotOf("1").retried, 1);
  EXPECT_EQ(SnapshotOf("1").requests, 21);
  EXPECT_EQ(SnapshotOf("1").errors(), 1);
  EXPECT_EQ(SnapshotOf("1").unanswered, 1);
  EXPECT_EQ(SnapshotOf("1").failed, 0);
  EXPECT_TRUE(SnapshotOf("1").replicas[0].left_out);
}

TEST_F(SplitterTest, WhoWasLeftOutIsTriedAgain) {
  const int port = DeadPort();
  FakeReplica other("other");
  options_.left_out_seconds = 0.2;
  StartWith({port, other.port()});
  for (int i = 0; i < 2; ++i) EXPECT_EQ(Ask(Get("/")), Ok("other"));
  FakeReplica risen(
      [](Peer& peer, int) {
        while (!peer.ReadMessage().empty()) peer.Send(Ok("risen"));
      },
      port);
  EXPECT_TRUE(Eventually([&] { return Ask(Get("/")) == Ok("risen"); }));
}

TEST_F(SplitterTest, AnotherVersionIsAskedIfRoutesSaySo) {
  FakeReplica stable("stable");
  routes_.versions = {RouteTo("new", 99, {DeadPort()}), RouteTo("stable", 1, {stable.port()})};
  Start();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Ask(Post("/predict", "x")), Ok("stable"));
  EXPECT_EQ(SnapshotOf("stable").requests, 5);
  EXPECT_EQ(SnapshotOf("stable").errors(), 0);
  EXPECT_EQ(SnapshotOf("new").requests, 1);
  EXPECT_EQ(SnapshotOf("new").errors(), 1);
  EXPECT_EQ(SnapshotOf("new").unanswered, 1);
  EXPECT_EQ(SnapshotOf("new").failed, 0);
  EXPECT_EQ(SnapshotOf("new").in_flight, 0);
  routes_.fallback = false;
  ASSERT_TRUE(splitter_->Apply(routes_).ok());
  const std::string answer = Ask(Post("/predict", "x"));
  EXPECT_EQ(StatusOf(answer), 503);
  EXPECT_EQ(SnapshotOf("new").failed, 1);
  EXPECT_EQ(SnapshotOf("new").requests, 2);
  EXPECT_EQ(SnapshotOf("new").errors(), 2);
}

// Reads each request and goes, as a program that it crashes.
void Die(Peer& peer, int) { peer.ReadMessage(); }

TEST_F(SplitterTest, WhoDiesOfRequestsHasTheErrorsThoughOthersAnswer) {
  FakeReplica stable("stable"), canary(Die);
  routes_.versions = {RouteTo("new", 50, {canary.port()}), RouteTo("stable", 50, {stable.port()})};
  routes_.idempotent = true;
  Start();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Ask(Post("/predict", "x")), Ok("stable"));
  const VersionSnapshot counted = SnapshotOf("new");
  EXPECT_EQ(counted.requests, 50);
  EXPECT_EQ(counted.errors(), 50);
  EXPECT_EQ(counted.error_run_squares, 50 * 50);
  EXPECT_EQ(counted.unanswered, 50);
  EXPECT_EQ(counted.retried, 50);
  EXPECT_EQ(counted.failed, 0);
  EXPECT_EQ(SnapshotOf("stable").requests, 100);
  EXPECT_EQ(SnapshotOf("stable").errors() + SnapshotOf("stable").unanswered, 0);
}

TEST_F(SplitterTest, ARequestThatKillsReachesTwoReplicasAtMost) {
  std::vector<std::unique_ptr<FakeReplica>> replicas;
  std::vector<int> ports;
  for (int i = 0; i < 5; ++i) {
    replicas.push_back(std::make_unique<FakeReplica>(Die));
    ports.push_back(replicas.back()->port());
  }
  routes_.idempotent = true;
  routes_.versions = {RouteTo("new", 1, {ports[0], ports[1], ports[2]}),
                      RouteTo("old", 0.001, {ports[3], ports[4]})};
  Start();
  EXPECT_EQ(StatusOf(Ask(Post("/predict", "x"))), 502);
  int met = 0;
  for (const auto& replica : replicas) met += replica->connections();
  EXPECT_EQ(met, 2);
  // Both of the version that it was for.
  EXPECT_EQ(SnapshotOf("new").requests, 2);
  EXPECT_EQ(SnapshotOf("new").errors(), 2);
  EXPECT_EQ(SnapshotOf("new").failed, 1);
  EXPECT_EQ(SnapshotOf("old").requests, 0);
}

TEST_F(SplitterTest, TheOtherReplicaOfTheVersionIsAskedFirst) {
  FakeReplica dies(Die), other("new"), stable("stable");
  routes_.idempotent = true;
  routes_.versions = {RouteTo("new", 1, {dies.port(), other.port()}),
                      RouteTo("stable", 0.001, {stable.port()})};
  Start();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Ask(Post("/predict", "x")), Ok("new"));
  const VersionSnapshot counted = SnapshotOf("new");
  EXPECT_EQ(counted.errors(), dies.connections());
  EXPECT_GE(counted.errors(), 1);
  EXPECT_EQ(counted.requests, 10 + counted.errors());
}

// The only one that there is may have meant the connection and not the request.
TEST_F(SplitterTest, WhoEndedAKeptConnectionIsAskedAgainWhereThereIsNoOther) {
  FakeReplica replica([](Peer& peer, int number) {
    peer.ReadMessage();
    peer.Send(Ok("it"));
    if (number == 0) {
      peer.ReadMessage();
      return;
    }
    while (!peer.ReadMessage().empty()) peer.Send(Ok("it"));
  });
  routes_.idempotent = true;
  StartWith({replica.port()});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Ask(Post("/predict", "x")), Ok("it"));
  EXPECT_EQ(replica.connections(), 2);
  EXPECT_EQ(SnapshotOf("1").requests, 4);
  EXPECT_EQ(SnapshotOf("1").errors(), 1);
}

TEST_F(SplitterTest, WhatIsNoPredictionFailsApart) {
  FakeReplica stable("stable"), canary(Die);
  routes_.versions = {RouteTo("new", 50, {canary.port()}), RouteTo("stable", 50, {stable.port()})};
  Start();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Ask(Get("/health")), Ok("stable"));
  EXPECT_EQ(SnapshotOf("new").requests, 0);
  EXPECT_EQ(SnapshotOf("new").others.requests, 50);
  EXPECT_EQ(SnapshotOf("new").others.errors, 50);
  EXPECT_EQ(SnapshotOf("stable").others.requests, 100);
  EXPECT_EQ(SnapshotOf("stable").others.errors, 0);
}

TEST_F(SplitterTest, AnIdleConnectionThatEndedIsNotUsed) {
  std::atomic<int> asked{0};
  FakeReplica replica([&](Peer& peer, int) {
    if (peer.ReadMessage().empty()) return;
    ++asked;
    peer.Send(Ok("once"));
    // And no more.
  });
  StartWith({replica.port()});
  Peer client = Connect();
  for (int i = 0; i < 30; ++i) {
    client.Send(Post("/predict", "x"));
    EXPECT_EQ(client.ReadMessage(), Ok("once"));
  }
  EXPECT_EQ(asked.load(), 30);
}

// The second request is sent on the connection while its end is on the way.
TEST_F(SplitterTest, TheIdleRaceLosesNothingAndAsksNothingTwice) {
  std::atomic<int> asked{0};
  FakeReplica replica([&](Peer& peer, int) {
    if (peer.ReadMessage().empty()) return;
    ++asked;
    peer.Send(Ok("once"));
  });
  StartWith({replica.port()});
  for (int i = 0; i < 100; ++i) {
    Peer client = Connect();
    client.Send(Post("/predict", "x") + Post("/predict", "y"));
    EXPECT_EQ(client.ReadMessage(), Ok("once"));
    EXPECT_EQ(client.ReadMessage(), Ok("once"));
  }
  EXPECT_EQ(asked.load(), 200);
  // Whoever was asked in vain had not read it.
  EXPECT_EQ(SnapshotOf("1").errors(), 0);
  EXPECT_EQ(SnapshotOf("1").requests, 200);
}

// What is too large to be held goes on a connection that was not idle, or it could be lost with it.
TEST_F(SplitterTest, ALargeBodyIsNotSentOnAConnectionThatMayBeEnding) {
  FakeReplica replica([](Peer& peer, int) {
    if (peer.ReadMessage().empty()) return;
    peer.Send(Ok("ok"));
    // With the next request it turns out to be gone.
    while (!peer.HasInput()) std::this_thread::sleep_for(milliseconds(1));
    peer.Reset();
  });
  StartWith({replica.port()});
  const std::string large(200'000, 'x');
  const std::string chunks = fmt::format("{:x}\r\n{}\r\n0\r\n\r\n", large.size(), large);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(Ask(Post("/predict", large)), Ok("ok"));
    EXPECT_EQ(
        Ask("POST /predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks),
        Ok("ok"));
  }
  EXPECT_EQ(SnapshotOf("1").errors(), 0);
  EXPECT_EQ(replica.connections(), 10);
}

TEST_F(SplitterTest, WhatWasTakenIsNotAskedTwice) {
  std::atomic<int> asked{0};
  FakeReplica replica(FirstThenOk([](Peer& peer) { EXPECT_NE(peer.ReadMessage(), ""); }, &asked));
  StartWith({replica.port()});
  const std::string answer = Ask(Post("/predict", "x"));
  EXPECT_EQ(StatusOf(answer), 502);
  EXPECT_EQ(asked.load(), 0);
  EXPECT_EQ(SnapshotOf("1").failed, 1);
  EXPECT_EQ(Ask(Post("/predict", "x")), Ok("again"));
}

TEST_F(SplitterTest, WhatDoesNoHarmIsAskedAgain) {
  for (const bool idempotent : {false, true}) {
    std::atomic<int> asked{0};
    FakeReplica first([](Peer& peer, int) { peer.ReadMessage(); });
    FakeReplica second([&](Peer& peer, int) {
      while (!peer.ReadMessage().empty()) {
        ++asked;
        peer.Send(Ok("second"));
      }
    });
    routes_.idempotent = idempotent;
    StartWith({first.port(), second.port()});
    const std::string request = idempotent ? Post("/predict", std::string(60'000, 'x')) : Get("/");
    for (int i = 0; i < 4; ++i) EXPECT_EQ(Ask(request), Ok("second"));
    EXPECT_EQ(asked.load(), 4);
    EXPECT_GE(SnapshotOf("1").retried, 1);
    splitter_.reset();
  }
}

TEST_F(SplitterTest, WhatIsNotHeldAnyMoreIsNotAskedAgain) {
  FakeReplica first([](Peer& peer, int) { peer.ReadBytes(150'000); });
  routes_.idempotent = true;
  StartWith({first.port()});
  Peer client = Connect();
  client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  client.Send(std::string(200'000, 'x'));
  EXPECT_EQ(StatusOf(client.ReadMessage()), 502);
  EXPECT_EQ(first.connections(), 1);
}

TEST_F(SplitterTest, NothingIsAskedAgainOnceAByteOfTheAnswerCame) {
  for (const char* const start :
       {"H", "HTTP/1.1 200 OK\r\nContent-", "HTTP/1.1 100 Continue\r\n\r\n"}) {
    std::atomic<int> asked{0};
    FakeReplica replica(FirstThenOk(
        [start](Peer& peer) {
          peer.ReadMessage();
          peer.Send(start);
        },
        &asked));
    routes_.idempotent = true;
    StartWith({replica.port()});
    Peer client = Connect();
    client.Send(Get("/"));
    std::string answer = client.ReadMessage();
    if (StatusOf(answer) == 100) answer = client.ReadMessage();
    EXPECT_EQ(StatusOf(answer), 502) << start;
    EXPECT_EQ(asked.load(), 0);
    splitter_.reset();
  }
}

TEST_F(SplitterTest, AnAnswerThatBreaksOffIsSeenToBreakOff) {
  const std::string head = "HTTP/1.1 200 OK\r\n";
  for (const std::string& start : {head + "Content-Length: 10\r\n\r\nabc",
                                   head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
                                   head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nx\r\n"}) {
    FakeReplica replica([&](Peer& peer, int) {
      peer.ReadMessage();
      peer.Send(start);
      std::this_thread::sleep_for(milliseconds(20));
    });
    StartWith({replica.port()});
    Peer client = Connect();
    client.Send(Post("/predict", "x"));
    const std::string answer = client.ReadToEnd();
    EXPECT_THAT(answer, Not(HasSubstr("\r\n0\r\n\r\n")));
    EXPECT_TRUE(answer.ends_with("reset")) << answer;
    EXPECT_EQ(SnapshotOf("1").requests, 1);
    EXPECT_EQ(SnapshotOf("1").errors(), 1);
    EXPECT_EQ(SnapshotOf("1").unanswered, 1);
    EXPECT_EQ(SnapshotOf("1").failed, 1);
    splitter_.reset();
  }
}

TEST_F(SplitterTest, ABodylessEndByResetIsNoEnd) {
  FakeReplica replica([&](Peer& peer, int) {
    peer.ReadMessage();
    peer.Send("HTTP/1.1 200 OK\r\n\r\nabc");
    std::this_thread::sleep_for(milliseconds(50));
    peer.Reset();
  });
  StartWith({replica.port()});
  Peer client = Connect();
  client.Send(Get("/"));
  EXPECT_TRUE(client.ReadToEnd().ends_with("reset"));
}

TEST_F(SplitterTest, AnEarlyAnswerGetsThrough) {
  FakeReplica replica([](Peer& peer, int) {
    peer.ReadTo("\r\n\r\n");
    peer.Send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig");
    peer.ReadToEnd();
  });
  StartWith({replica.port()});
  Peer client = Connect();
  client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n");
  client.Send(std::string(100'000, 'x'));
  const std::string answer = client.ReadMessage();
  EXPECT_EQ(StatusOf(answer), 413);
  EXPECT_THAT(answer, HasSubstr("Connection: close"));
  EXPECT_EQ(BodyOf(answer), "big");
}

}  // namespace
}  // namespace slipway::splitter

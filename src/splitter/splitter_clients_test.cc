// Clients that go, and more of them than there is room for.
#include <gmock/gmock.h>

#include "splitter/descriptor_room_internal.h"
#include "splitter/splitter_testing_internal.h"

namespace slipway::splitter {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST_F(SplitterTest, AClientThatGoesTakesItsRequestAlong) {
  std::atomic<bool> ended{false};
  FakeReplica replica([&](Peer& peer, int) {
    peer.ReadMessage();
    peer.ReadToEnd();
    ended = true;
  });
  StartWith({replica.port()});
  Peer client = Connect();
  client.Send(Get("/"));
  EXPECT_TRUE(Eventually([&] { return SnapshotOf("1").in_flight == 1; }));
  EXPECT_EQ(SnapshotOf("1").replicas[0].in_flight, 1);
  client.Reset();
  EXPECT_TRUE(Eventually([&] { return ended.load(); }));
  EXPECT_TRUE(Eventually([&] { return SnapshotOf("1").in_flight == 0; }));
  EXPECT_EQ(SnapshotOf("1").abandoned, 1);
}

// Whether it still reads can't be seen before it is written to.
TEST_F(SplitterTest, AClientThatEndsItsSendingIsAnswered) {
  FakeReplica replica([](Peer& peer, int) {
    peer.ReadMessage();
    std::this_thread::sleep_for(milliseconds(50));
    peer.Send(Ok("late"));
  });
  StartWith({replica.port()});
  Peer client = Connect();
  client.Send(Get("/"));
  client.EndSending();
  EXPECT_EQ(client.ReadMessage(), Ok("late"));
}

TEST_F(SplitterTest, AClientThatClosesTakesItsRequestAlongSoon) {
  std::atomic<bool> ended{false};
  FakeReplica replica([&](Peer& peer, int) {
    peer.ReadMessage();
    peer.ReadToEnd();
    ended = true;
  });
  options_.half_closed_seconds = 0.05;
  StartWith({replica.port()});
  Peer client = Connect();
  client.Send(Get("/"));
  EXPECT_TRUE(Eventually([&] { return SnapshotOf("1").in_flight == 1; }));
  client.Close();
  EXPECT_TRUE(Eventually([&] { return ended.load(); }));
  EXPECT_TRUE(Eventually([&] { return SnapshotOf("1").in_flight == 0; }));
  EXPECT_EQ(SnapshotOf("1").abandoned, 1);
  EXPECT_EQ(SnapshotOf("1").errors(), 0);
}

TEST_F(SplitterTest, TooManyConnectionsAreTurnedAway) {
  std::atomic<bool> answers{false};
  FakeReplica replica([&](Peer& peer, int) {
    while (!peer.ReadMessage().empty()) {
      answers.wait(false);
      peer.Send(Ok("ok"));
    }
  });
  options_.limits.connections = 1;
  StartWith({replica.port()});
  Peer first = Connect();
  first.Send(Get("/"));
  EXPECT_TRUE(Eventually([&] { return SnapshotOf("1").in_flight == 1; }));
  Peer second = Connect();
  EXPECT_EQ(StatusOf(second.ReadMessage()), 503);
  answers = true;
  answers.notify_all();
  EXPECT_EQ(first.ReadMessage(), Ok("ok"));
}

TEST_F(SplitterTest, WhoHasBeenIdleForLongestMakesRoom) {
  FakeReplica replica("ok");
  options_.limits.connections = 2;
  StartWith({replica.port()});
  const auto ask = [](Peer& peer) {
    peer.Send(Get("/"));
    return peer.ReadMessage();
  };
  Peer first = Connect(), second = Connect();
  EXPECT_EQ(ask(first), Ok("ok"));
  EXPECT_EQ(ask(second), Ok("ok"));
  EXPECT_EQ(ask(first), Ok("ok"));
  Peer third = Connect();
  EXPECT_EQ(ask(third), Ok("ok"));
  EXPECT_EQ(second.ReadToEnd(), "");
  EXPECT_EQ(ask(first), Ok("ok"));
  EXPECT_EQ(splitter_->Snapshot().refused, 0);
  EXPECT_EQ(splitter_->Snapshot().connections, 2);
}

TEST_F(SplitterTest, FewDescriptorsAreRoomForFewClients) {
  FakeReplica replica("ok");
  options_.descriptors = 116;
  StartWith({replica.port()});
  std::list<Peer> clients;
  for (int i = 0; i < 60; ++i) {
    clients.push_back(Connect());
    clients.back().Send(Get("/"));
    EXPECT_EQ(clients.back().ReadMessage(), Ok("ok"));
  }
  EXPECT_EQ(splitter_->Snapshot().connections, 18);
  splitter_.reset();
  options_.descriptors = 115;
  const auto refused = Splitter::Start(options_, routes_);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().Render(), AllOf(HasSubstr("115 files"), HasSubstr("116 or more")));
}

TEST(DescriptorRoom, EachUseHasItsPart) {
  for (const int loops : {1, 2, 64}) {
    for (const int64_t descriptors : {2000, 4096, 1'048'576}) {
      const Result<DescriptorRoom> room = ShareDescriptors(descriptors, loops, 4096);
      ASSERT_TRUE(room.ok()) << room.error().Render();
      for (const int64_t part :
           {room->clients, room->rejected, room->mirrors, room->labels, room->pooled})
        EXPECT_GE(part, 1);
      EXPECT_LE(2 * room->clients + room->rejected +
                    loops * (room->mirrors + room->labels + room->pooled + 4) + 64,
                descriptors);
      if (descriptors > 1'000'000) EXPECT_EQ(room->clients, 4096);
    }
  }
}

TEST_F(SplitterTest, ItAsksNobodyToAskItself) {
  FakeReplica replica("ok");
  for (const char* const host : {"127.0.0.1", "0.0.0.0"}) {
    options_.host = host;
    StartWith({replica.port()});
    for (const char* const asked : {"127.0.0.1", "0.0.0.0"}) {
      routes_.versions = {RouteTo("1", 1, {replica.port()})};
      routes_.versions[0].replicas.push_back({asked, splitter_->port()});
      const Status refused = splitter_->Apply(routes_);
      ASSERT_FALSE(refused.ok()) << host << " " << asked;
      EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidInput);
      EXPECT_THAT(refused.error().Render(),
                  AllOf(HasSubstr("versions[0].replicas[1]"), HasSubstr("own address")));
    }
    EXPECT_EQ(Ask(Get("/")), Ok("ok"));
    splitter_.reset();
  }
}

}  // namespace
}  // namespace slipway::splitter

// What is told of predictions reaches the replica that predicted.
#include <gmock/gmock.h>

#include <map>
#include <set>

#include "splitter/splitter_testing_internal.h"

namespace slipway::splitter {
namespace {

using ::testing::HasSubstr;

// Answers all, and keeps what it was asked.
class Listener {
 public:
  explicit Listener(std::string answer = Ok("{}"))
      : answer_(std::move(answer)), replica_([this](Peer& peer, int) {
          for (std::string request = peer.ReadMessage(); !request.empty();
               request = peer.ReadMessage()) {
            {
              const std::lock_guard lock(mutex_);
              heard_.push_back(request);
            }
            peer.Send(answer_);
            if (answer_.find("Connection: close") != std::string::npos) return;
          }
        }) {}

  int port() const { return replica_.port(); }
  int connections() const { return replica_.connections(); }
  std::vector<std::string> heard() const {
    const std::lock_guard lock(mutex_);
    return heard_;
  }
  // How often by what the splitter said of it; "" for nothing.
  std::map<std::string, int> told() const {
    std::map<std::string, int> counts;
    for (const std::string& request : heard()) {
      constexpr std::string_view kName = "\r\nSlipway-Feedback: ";
      const size_t at = request.find(kName);
      const size_t begin = at + kName.size();
      ++counts[at == std::string::npos ? ""
                                       : request.substr(begin, request.find('\r', begin) - begin)];
    }
    return counts;
  }

 private:
  const std::string answer_;
  mutable std::mutex mutex_;
  std::vector<std::string> heard_;  // Guarded by it.
  FakeReplica replica_;             // The last one: its threads use the others.
};

class FeedbackTest : public SplitterTest {
 protected:
  void StartWithVersions(const std::vector<int>& first, const std::vector<int>& second) {
    routes_.versions = {RouteTo("1", 1, first), RouteTo("2", 1, second)};
    Start();
  }
  void Tell(const std::string& label, int status = 200) {
    EXPECT_EQ(StatusOf(Ask(Post("/feedback", label))), status);
  }
  FeedbackSnapshot copies() const {
    FeedbackSnapshot sum;
    for (const VersionSnapshot& version : splitter_->Snapshot().versions) {
      sum.sent += version.feedback.sent;
      sum.failed += version.feedback.failed;
      sum.dropped += version.feedback.dropped;
    }
    return sum;
  }
  bool Settles() const {
    return Eventually([&] { return splitter_->Snapshot().in_flight == 0; });
  }
};

TEST_F(FeedbackTest, OneReplicaAnswersAndAllOthersAreToldTheSame) {
  std::vector<Listener> replicas(4);
  StartWithVersions({replicas[0].port(), replicas[1].port()},
                    {replicas[2].port(), replicas[3].port()});
  constexpr int kLabels = 200;
  for (int i = 0; i < kLabels; ++i) Tell(fmt::format("label-{}", i));
  EXPECT_TRUE(Eventually([&] { return copies().sent == 3 * kLabels; }));
  EXPECT_TRUE(Settles());
  std::map<std::string, int> told;
  for (const Listener& replica : replicas) {
    std::set<std::string> labels;
    for (const std::string& request : replica.heard()) labels.insert(BodyOf(request));
    EXPECT_EQ(labels.size(), static_cast<size_t>(kLabels));
    EXPECT_EQ(replica.heard().size(), static_cast<size_t>(kLabels));
    for (const auto& [how, count] : replica.told()) told[how] += count;
  }
  EXPECT_EQ(told, (std::map<std::string, int>{{"shared", kLabels}, {"copy", 3 * kLabels}}));
  EXPECT_EQ(copies().failed + copies().dropped, 0);
  // Copies are none of the requests, and neither they nor labels are what versions are compared by.
  for (const char* const id : {"1", "2"}) {
    EXPECT_EQ(SnapshotOf(id).requests, 0);
    EXPECT_EQ(SnapshotOf(id).others.requests, kLabels / 2);
  }
}

TEST_F(FeedbackTest, ACopyIsTheRequestAsTheReplicaGotIt) {
  Listener one, other;
  StartWithVersions({one.port()}, {other.port()});
  const std::string head =
      "POST /feedback?x=1 HTTP/1.1\r\nHost: m\r\nAuthorization: Bearer t\r\n"
      "Slipway-Feedback: copy\r\nTransfer-Encoding: chunked\r\n\r\n";
  Peer client = Connect();
  client.Send(head + "3\r\n{\"a\r\n");
  client.Send("2\r\n\":\r\n0\r\n\r\n");
  EXPECT_EQ(StatusOf(client.ReadMessage()), 200);
  ASSERT_TRUE(Eventually([&] { return one.heard().size() + other.heard().size() == 2; }));
  std::string first = one.heard().at(0), copy = other.heard().at(0);
  if (first.find("shared") == std::string::npos) std::swap(first, copy);
  const size_t at = copy.find("Slipway-Feedback: copy");
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(copy.find("Slipway-Feedback", at + 1), std::string::npos);
  EXPECT_EQ(copy.replace(at, 22, "Slipway-Feedback: shared"), first);
  EXPECT_THAT(first, HasSubstr("3\r\n{\"a\r\n2\r\n\":\r\n0\r\n\r\n"));
  EXPECT_THAT(first, HasSubstr("Authorization: Bearer t\r\n"));
}

TEST_F(FeedbackTest, WhatNobodyTookIsToldToNobodyElse) {
  const std::string refusal = "HTTP/1.1 400 X\r\nContent-Length: 0\r\n\r\n";
  Listener one(refusal), other(refusal);
  StartWithVersions({one.port()}, {other.port()});
  for (int i = 0; i < 4; ++i) Tell("no JSON", 400);
  Tell("no JSON", 400);
  EXPECT_EQ(one.heard().size() + other.heard().size(), 5U);
  EXPECT_EQ(copies().sent + copies().dropped, 0);
}

TEST_F(FeedbackTest, NothingIsSaidWhereNobodyElseIsToBeTold) {
  Listener one, other;
  StartWith({one.port()});
  Tell("alone");
  EXPECT_EQ(one.told(), (std::map<std::string, int>{{"", 1}}));
  routes_.versions = {RouteTo("1", 1, {one.port(), other.port()})};
  routes_.copy_feedback = false;
  ASSERT_TRUE(splitter_->Apply(routes_).ok());
  Tell("one");
  Tell("two");
  routes_.copy_feedback = true;
  ASSERT_TRUE(splitter_->Apply(routes_).ok());
  // What only looks like it.
  EXPECT_EQ(StatusOf(Ask(Get("/feedback"))), 200);
  EXPECT_EQ(StatusOf(Ask(Post("/feedbacks", "x"))), 200);
  EXPECT_EQ(one.told(), (std::map<std::string, int>{{"", 3}}));
  EXPECT_EQ(other.told(), (std::map<std::string, int>{{"", 2}}));
  EXPECT_EQ(copies().sent + copies().dropped, 0);
}

TEST_F(FeedbackTest, TheMirroredVersionIsToldToo) {
  Listener one, shadow;
  routes_.versions = {RouteTo("1", 1, {one.port()}), RouteTo("2", 0, {shadow.port()})};
  routes_.mirror = {"2", 1};
  Start();
  Tell("label");
  EXPECT_EQ(StatusOf(Ask(Post("/predict", "row"))), 200);
  // Its answers hold no prediction.
  EXPECT_TRUE(Eventually([&] { return SnapshotOf("2").mirror.skipped == 1; }));
  EXPECT_TRUE(Settles());
  EXPECT_EQ(shadow.told(), (std::map<std::string, int>{{"", 1}, {"copy", 1}}));
  // It is no prediction to compare.
  EXPECT_EQ(SnapshotOf("2").mirror.sent, 1);
  EXPECT_EQ(SnapshotOf("2").feedback.sent, 1);
}

TEST_F(FeedbackTest, WhatIsTooLargeGoesToOneAndIsCounted) {
  Listener one, other;
  options_.mirror_request_bytes = 1 << 20;
  StartWithVersions({one.port()}, {other.port()});
  Tell(std::string(2 << 20, 'x'));
  EXPECT_TRUE(Eventually([&] { return copies().dropped == 1; }));
  Tell(std::string(900 << 10, 'x'));
  EXPECT_TRUE(Eventually([&] { return copies().sent == 1; }));
  EXPECT_TRUE(Settles());
  EXPECT_EQ(one.heard().size() + other.heard().size(), 3U);
}

TEST_F(FeedbackTest, ASilentReplicaHoldsUpNobodyAndIsToldNoMoreThanThereIsRoomFor) {
  Listener one;
  FakeReplica silent([](Peer& peer, int) { peer.ReadToEnd(); });
  options_.feedback_copies_at_once = 2;
  options_.feedback_bytes = 64 << 10;
  options_.answer_seconds = 0.5;
  // It is only told by copies.
  routes_.versions = {RouteTo("1", 1, {one.port()}), RouteTo("2", 0, {silent.port()})};
  Start();
  const std::string label(10 << 10, 'x');
  for (int i = 0; i < 10; ++i) Tell(label);
  EXPECT_EQ(one.heard().size(), 10U);
  EXPECT_LE(silent.connections(), 2);
  // Six of them fit with their heads.
  EXPECT_TRUE(Eventually([&] { return copies().dropped == 4; }));
  EXPECT_TRUE(Eventually([&] { return copies().failed == 6; }));
  EXPECT_EQ(copies().sent, 6);
  EXPECT_TRUE(Settles());
  // There is room again.
  Tell(label);
  EXPECT_TRUE(Eventually([&] { return copies().sent == 7; }));
  EXPECT_EQ(copies().dropped, 4);
}

TEST_F(FeedbackTest, WhoIsRoutedNoMoreGetsNoMore) {
  Listener one;
  FakeReplica silent([](Peer& peer, int) { peer.ReadToEnd(); });
  options_.feedback_copies_at_once = 1;
  options_.answer_seconds = 0.5;
  routes_.versions = {RouteTo("1", 1, {one.port()}), RouteTo("2", 0, {silent.port()})};
  Start();
  for (int i = 0; i < 5; ++i) Tell("label");
  EXPECT_TRUE(Eventually([&] { return SnapshotOf("2").in_flight == 1; }));
  routes_.versions.pop_back();
  ASSERT_TRUE(splitter_->Apply(routes_).ok());
  EXPECT_TRUE(Eventually([&] { return copies().dropped == 4; }));
  EXPECT_TRUE(splitter_->WaitDrained("2", 20));
  EXPECT_EQ(copies().failed, 1);
  Tell("alone");
  EXPECT_EQ(one.told(), (std::map<std::string, int>{{"", 1}, {"shared", 5}}));
}

TEST_F(FeedbackTest, AReplicaThatIsGoneIsCounted) {
  Listener one;
  options_.left_out_seconds = 60;
  routes_.versions = {RouteTo("1", 1, {one.port()}), RouteTo("2", 0, {DeadPort()})};
  Start();
  for (int i = 0; i < 5; ++i) Tell("label");
  EXPECT_TRUE(Eventually([&] { return copies().failed + copies().dropped == 5; }));
  EXPECT_GE(copies().failed, 1);
  EXPECT_GE(copies().dropped, 1);
  EXPECT_EQ(one.heard().size(), 5U);
}

TEST_F(FeedbackTest, ServersThatEndTheirConnectionsAreToldAll) {
  const std::string last = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
  Listener one, leaving(last);
  FakeReplica silently([](Peer& peer, int) {
    peer.ReadMessage();
    peer.Send(Ok("{}"));  // And goes, which it did not say.
  });
  routes_.versions = {RouteTo("1", 1, {one.port()}),
                      RouteTo("2", 0, {leaving.port(), silently.port()})};
  Start();
  for (int i = 0; i < 50; ++i) Tell("label");
  EXPECT_TRUE(Eventually([&] { return copies().sent == 100; }));
  EXPECT_TRUE(Settles());
  EXPECT_EQ(copies().failed + copies().dropped, 0);
  EXPECT_EQ(leaving.heard().size(), 50U);
  EXPECT_EQ(silently.connections(), 50);
}

TEST_F(FeedbackTest, ManyClientsAtOnce) {
  std::vector<Listener> replicas(3);
  options_.threads = 2;
  StartWithVersions({replicas[0].port(), replicas[1].port()}, {replicas[2].port()});
  constexpr int kClients = 60, kEach = 10;
  std::vector<Peer> clients;
  for (int i = 0; i < kClients; ++i) clients.push_back(Connect());
  for (int turn = 0; turn < kEach; ++turn) {
    for (Peer& client : clients) client.Send(Post("/feedback", "label"));
    for (Peer& client : clients) EXPECT_EQ(StatusOf(client.ReadMessage()), 200);
  }
  EXPECT_TRUE(Eventually([&] { return copies().sent == 2 * kClients * kEach; }));
  EXPECT_TRUE(Settles());
  for (const Listener& replica : replicas)
    EXPECT_EQ(replica.heard().size(), static_cast<size_t>(kClients * kEach));
  EXPECT_EQ(copies().failed + copies().dropped, 0);
}

TEST_F(FeedbackTest, AClientThatGoesLeavesNothingBehind) {
  Listener one, other;
  StartWithVersions({one.port()}, {other.port()});
  Peer half = Connect();
  half.Send("POST /feedback HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  EXPECT_TRUE(Eventually([&] { return splitter_->Snapshot().in_flight == 1; }));
  half.Reset();
  EXPECT_TRUE(Settles());
  EXPECT_EQ(copies().sent + copies().dropped, 0);
  Tell("label");
  EXPECT_TRUE(Eventually([&] { return copies().sent == 1; }));
}

}  // namespace
}  // namespace slipway::splitter

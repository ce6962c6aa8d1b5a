// Requests that also go to another version.
#include <gmock/gmock.h>

#include "splitter/mirror_internal.h"
#include "splitter/splitter_testing_internal.h"

namespace slipway::splitter {
namespace {

MirrorVerdict VerdictOf(const std::string& counted, const std::string& mirrored) {
  MirrorPair pair;
  pair.counted = {.status = 200, .whole = true, .body = counted};
  pair.mirrored = {.status = 200, .whole = true, .body = mirrored};
  return Compare(&pair);
}

TEST(MirrorCompare, LooksAtPredictions) {
  EXPECT_EQ(VerdictOf(R"({"prediction": 1, "model": "a"})", R"({"model":"b","prediction":1})"),
            MirrorVerdict::kEqual);
  EXPECT_EQ(VerdictOf(R"({"prediction": 1})", R"({"prediction": 2})"),
            MirrorVerdict::kPredictionDiffers);
  EXPECT_EQ(VerdictOf(R"({"predictions": [1, "a"]})", R"({"predictions":[1,"a"],"x":1})"),
            MirrorVerdict::kEqual);
  EXPECT_EQ(VerdictOf(R"({"predictions": [1, 2]})", R"({"predictions":[2,1]})"),
            MirrorVerdict::kPredictionDiffers);
  EXPECT_EQ(VerdictOf("<html>", "<body>"), MirrorVerdict::kEqual);
  EXPECT_EQ(VerdictOf(R"({"ready": true})", R"({"ready": false})"), MirrorVerdict::kEqual);
}

TEST(MirrorCompare, LooksAtStatusesAndThroughChunks) {
  MirrorPair pair;
  pair.counted = {.status = 200, .whole = true, .body = R"({"prediction":1})"};
  pair.mirrored = {.status = 500, .whole = true, .body = R"({"prediction":1})"};
  EXPECT_EQ(Compare(&pair), MirrorVerdict::kStatusDiffers);
  pair.mirrored = {.status = 200,
                   .whole = true,
                   .chunked = true,
                   .body = "8\r\n{\"predic\r\n8\r\ntion\":2}\r\n0\r\n\r\n"};
  EXPECT_EQ(Compare(&pair), MirrorVerdict::kPredictionDiffers);
  pair.mirrored.too_large = true;
  EXPECT_EQ(Compare(&pair), MirrorVerdict::kSkipped);
}

FakeReplica::Handler Predicts(const std::string& body, std::atomic<size_t>* bytes = nullptr) {
  return [body, bytes](Peer& peer, int) {
    for (std::string request = peer.ReadMessage(); !request.empty(); request = peer.ReadMessage()) {
      if (bytes != nullptr) *bytes += BodyOf(request).size();
      peer.Send(Ok(body));
    }
  };
}

class MirrorTest : public SplitterTest {
 protected:
  void StartMirroring(int port, int shadow_port, double share) {
    routes_.versions = {RouteTo("1", 1, {port}), RouteTo("2", 0, {shadow_port})};
    routes_.mirror = {"2", share};
    Start();
  }
  MirrorSnapshot mirror() const { return SnapshotOf("2").mirror; }
};

TEST_F(MirrorTest, AShareIsSentAndCompared) {
  FakeReplica replica(Predicts(R"({"prediction":1,"version":"1"})"));
  FakeReplica shadow([](Peer& peer, int) {
    for (std::string request = peer.ReadMessage(); !request.empty(); request = peer.ReadMessage()) {
      const bool other = request.find("other") != std::string::npos;
      const bool wrong = request.find("wrong") != std::string::npos;
      peer.Send(wrong ? "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"
                      : Ok(other ? R"({"prediction":2})" : R"({"prediction":1})"));
    }
  });
  StartMirroring(replica.port(), shadow.port(), 0.5);
  for (const char* const body : {"same", "other", "wrong"}) {
    // A block of turns each.
    for (int i = 0; i < 100; ++i)
      EXPECT_EQ(Ask(Post("/predict", body)), Ok(R"({"prediction":1,"version":"1"})"));
  }
  EXPECT_TRUE(Eventually([&] {
    return mirror().equal + mirror().prediction_differs + mirror().status_differs == 150;
  }));
  EXPECT_EQ(mirror().sent, 150);
  EXPECT_EQ(mirror().equal, 50);
  EXPECT_EQ(mirror().prediction_differs, 50);
  EXPECT_EQ(mirror().status_differs, 50);
  EXPECT_EQ(mirror().failed + mirror().skipped, 0);
  // They are none of its requests, and none are left in flight.
  EXPECT_EQ(SnapshotOf("2").requests, 0);
  EXPECT_TRUE(Eventually([&] { return SnapshotOf("2").in_flight == 0; }));
  EXPECT_EQ(SnapshotOf("1").requests, 300);
}

TEST_F(MirrorTest, LargeBodiesAreMirroredAndLargerOnesCounted) {
  std::atomic<size_t> bytes{0};
  FakeReplica replica(Predicts(R"({"prediction":1})"));
  FakeReplica shadow(Predicts(R"({"prediction":1})", &bytes));
  options_.mirror_request_bytes = 4 << 20;
  StartMirroring(replica.port(), shadow.port(), 1);
  EXPECT_EQ(StatusOf(Ask(Post("/predict", std::string(3 << 20, 'x')))), 200);
  EXPECT_TRUE(Eventually([&] { return mirror().equal == 1; }));
  EXPECT_EQ(bytes.load(), size_t{3} << 20);
  EXPECT_EQ(StatusOf(Ask(Post("/predict", std::string(5 << 20, 'x')))), 200);
  EXPECT_TRUE(Eventually([&] { return mirror().skipped == 1; }));
  EXPECT_EQ(mirror().sent, 1);
}

TEST_F(MirrorTest, AShadowThatIsGoneOrSilentHoldsUpNobody) {
  FakeReplica replica(Predicts(R"({"prediction":1})"));
  StartMirroring(replica.port(), DeadPort(), 1);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(StatusOf(Ask(Post("/predict", "x"))), 200);
  EXPECT_TRUE(Eventually([&] { return mirror().failed == 3; }));
  splitter_.reset();
  FakeReplica silent([](Peer& peer, int) { peer.ReadToEnd(); });
  options_.answer_seconds = 0.3;
  options_.mirrors_at_once = 2;
  StartMirroring(replica.port(), silent.port(), 1);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(StatusOf(Ask(Post("/predict", "x"))), 200);
  EXPECT_EQ(mirror().skipped, 1);
  EXPECT_EQ(SnapshotOf("2").in_flight, 2);
  EXPECT_TRUE(Eventually([&] { return mirror().failed == 2; }));
  EXPECT_TRUE(Eventually([&] { return SnapshotOf("2").in_flight == 0; }));
}

TEST_F(MirrorTest, AClientThatGoesLeavesNothingBehind) {
  FakeReplica replica([](Peer& peer, int) { peer.ReadToEnd(); });
  FakeReplica shadow(Predicts(R"({"prediction":1})"));
  StartMirroring(replica.port(), shadow.port(), 1);
  Peer client = Connect();
  client.Send(Post("/predict", "x"));
  EXPECT_TRUE(Eventually([&] { return mirror().sent == 1; }));
  client.Reset();
  Peer half = Connect();
  half.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  EXPECT_TRUE(Eventually([&] { return SnapshotOf("1").in_flight == 1; }));
  half.Reset();
  EXPECT_TRUE(Eventually([&] { return mirror().skipped == 2; }));
  EXPECT_TRUE(Eventually([&] { return SnapshotOf("2").in_flight == 0; }));
}

}  // namespace
}  // namespace slipway::splitter

// Requests that also go to another version.
#include <gmock/gmock.h>

#include "splitter/mirror_internal.h"
#include "splitter/splitter_testing_internal.h"

namespace slipway::splitter {
namespace {

MirrorVerdict VerdictOf(const std::string& counted, const std::string& mirrored,
                        const NumberTolerance& tolerance = {}) {
  MirrorPair pair;
  pair.tolerance = tolerance;
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
  EXPECT_EQ(VerdictOf(R"({"prediction": {"a": 1, "b": 2}})", R"({"prediction": {"b": 2, "a": 1}})"),
            MirrorVerdict::kEqual);
  EXPECT_EQ(VerdictOf(R"({"predictions": [1, 2]})", R"({"predictions": [1]})"),
            MirrorVerdict::kPredictionDiffers);
  EXPECT_EQ(VerdictOf(R"({"prediction": {"a": 1}})", R"({"prediction": {"a": 1, "b": 2}})"),
            MirrorVerdict::kPredictionDiffers);
}

TEST(MirrorCompare, NumbersMayDifferByTheTolerance) {
  const auto verdict = [](const char* one, const char* other, const NumberTolerance& tolerance) {
    return VerdictOf(fmt::format(R"({{"predictions":[{}]}})", one),
                     fmt::format(R"({{"predictions":[{}]}})", other), tolerance);
  };
  EXPECT_EQ(verdict("250000.5", "250001.5", {}), MirrorVerdict::kEqual);
  EXPECT_EQ(verdict("250000.5", "250010.5", {}), MirrorVerdict::kPredictionDiffers);
  EXPECT_EQ(verdict("100.5", "104.5", {.relative = 0.05}), MirrorVerdict::kEqual);
  EXPECT_EQ(verdict("100.5", "110.5", {.relative = 0.05}), MirrorVerdict::kPredictionDiffers);
  // Around 0 no part of a number helps.
  EXPECT_EQ(verdict("0.001", "-0.002", {.relative = 0.05}), MirrorVerdict::kPredictionDiffers);
  EXPECT_EQ(verdict("0.001", "-0.002", {.relative = 0.05, .absolute = 0.01}),
            MirrorVerdict::kEqual);
  EXPECT_EQ(verdict("0.5", "0.5", {.relative = 0, .absolute = 0}), MirrorVerdict::kEqual);
  // Whole numbers are labels, and never near each other; a regression may predict them as well.
  EXPECT_EQ(verdict("700000", "700001", {}), MirrorVerdict::kPredictionDiffers);
  EXPECT_EQ(verdict("70", "71", {.relative = 0.05}), MirrorVerdict::kEqual);
}

// The same bytes, too: else of what both say only what they say alike would count.
TEST(MirrorCompare, WhatHoldsNoPredictionIsNotCompared) {
  for (const char* const body : {"<html>", "", R"({"ready": true})", "label\n1\n", "[1]", "{"}) {
    EXPECT_EQ(VerdictOf(body, body), MirrorVerdict::kSkipped) << body;
    EXPECT_EQ(VerdictOf(body, "other"), MirrorVerdict::kSkipped) << body;
    EXPECT_EQ(VerdictOf(body, R"({"prediction": 1})"), MirrorVerdict::kPredictionDiffers) << body;
    EXPECT_EQ(VerdictOf(R"({"prediction": 1})", body), MirrorVerdict::kPredictionDiffers) << body;
  }
  EXPECT_EQ(VerdictOf(R"({"outputs": []})", R"({"outputs": [{"name": "a"}]})"),
            MirrorVerdict::kSkipped);
  MirrorPair refused;
  refused.counted =
      refused.mirrored = {.status = 400, .whole = true, .body = R"({"prediction":1})"};
  EXPECT_EQ(Compare(&refused), MirrorVerdict::kSkipped);
}

TEST(MirrorCompare, LooksAtTensors) {
  const std::string label = R"({"name":"label","datatype":"INT64","shape":[2],"data":[1,0]})";
  const std::string other = R"({"data":[1,1],"name":"label","datatype":"INT64","shape":[2]})";
  const std::string sure = R"({"name":"probability_1","shape":[2],"data":[0.9,0.2]})";
  const std::string less_sure = R"({"name":"probability_1","shape":[2],"data":[0.8,0.2]})";
  const auto answer = [](const std::string& version, const std::string& outputs) {
    return fmt::format(R"({{"model_version":"{}","outputs":[{}]}})", version, outputs);
  };
  EXPECT_EQ(VerdictOf(answer("1", label), answer("2", label)), MirrorVerdict::kEqual);
  EXPECT_EQ(VerdictOf(answer("1", label), answer("2", other)), MirrorVerdict::kPredictionDiffers);
  EXPECT_EQ(VerdictOf(answer("1", label + "," + sure), answer("2", less_sure + "," + label)),
            MirrorVerdict::kEqual);
  EXPECT_EQ(VerdictOf(answer("1", label + "," + sure), answer("2", other + "," + sure)),
            MirrorVerdict::kPredictionDiffers);
  // Where nothing else was asked for it is what was predicted.
  EXPECT_EQ(VerdictOf(answer("1", sure), answer("2", less_sure)),
            MirrorVerdict::kPredictionDiffers);
  EXPECT_EQ(VerdictOf(answer("1", label), answer("2", sure)), MirrorVerdict::kPredictionDiffers);
}

TEST(MirrorCompare, TakesNumbersThatAreNearlyTheSame) {
  const auto verdict = [](const char* one, const char* other) {
    return VerdictOf(fmt::format(R"({{"prediction":{}}})", one),
                     fmt::format(R"({{"prediction":{}}})", other));
  };
  EXPECT_EQ(verdict("1.5", "1.5000000000000002"), MirrorVerdict::kEqual);
  EXPECT_EQ(verdict("100000", "100000.5"), MirrorVerdict::kEqual);
  EXPECT_EQ(verdict("1", "1.0"), MirrorVerdict::kEqual);
  EXPECT_EQ(verdict("1.5", "1.5001"), MirrorVerdict::kPredictionDiffers);
  EXPECT_EQ(verdict("1e-9", "-1e-9"), MirrorVerdict::kPredictionDiffers);
  // Whole numbers may be classes.
  EXPECT_EQ(verdict("1000000", "1000001"), MirrorVerdict::kPredictionDiffers);
  EXPECT_EQ(verdict("\"a\"", "\"b\""), MirrorVerdict::kPredictionDiffers);
  EXPECT_EQ(verdict("null", "null"), MirrorVerdict::kEqual);
  EXPECT_EQ(VerdictOf(R"({"predictions":[{"label":1,"probability_1":0.9}]})",
                      R"({"predictions":[{"label":1,"probability_1":0.7}]})"),
            MirrorVerdict::kEqual);
  EXPECT_EQ(VerdictOf(R"({"predictions":[{"label":1,"probability_1":0.9}]})",
                      R"({"predictions":[{"label":0,"probability_1":0.9}]})"),
            MirrorVerdict::kPredictionDiffers);
}

TEST(MirrorCompare, DeepNestingIsNotFollowed) {
  const auto nested = [](const char* inner, size_t depth) {
    return R"({"prediction":)" + std::string(depth, '[') + inner + std::string(depth, ']') + "}";
  };
  constexpr size_t kDeep = 400'000;
  EXPECT_EQ(VerdictOf(nested("0", kDeep), nested("1", kDeep)), MirrorVerdict::kSkipped);
  EXPECT_EQ(VerdictOf(nested("0", kDeep), nested("0", 1)), MirrorVerdict::kPredictionDiffers);
  EXPECT_EQ(VerdictOf(nested("0", 60), nested("0", 60)), MirrorVerdict::kEqual);
  EXPECT_EQ(VerdictOf(nested("0", 60), nested("1", 60)), MirrorVerdict::kPredictionDiffers);
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

TEST(MirrorComparer, WaitingPairsAreBounded) {
  const auto version = std::make_shared<Version>("2", 1);
  const auto pair = [&](size_t size) {
    MirrorPair made;
    made.version = version;
    made.counted = {.status = 200, .whole = true, .body = std::string(size, ' ')};
    return made;
  };
  MirrorComparer comparer(1000);
  comparer.Add(pair(1001));
  EXPECT_EQ(version->mirror.skipped.load(), 1);
  comparer.Add(pair(1000));
  comparer.Stop();
  EXPECT_EQ(version->mirror.skipped.load(), 1);
  EXPECT_EQ(version->mirror.status_differs.load(), 1);
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

TEST_F(MirrorTest, OnlyPredictionsAreCopied) {
  std::atomic<int> asked{0};
  FakeReplica replica(Predicts(R"({"outputs":[{"name":"a","data":[1]}]})"));
  FakeReplica shadow([&](Peer& peer, int) {
    while (!peer.ReadMessage().empty()) {
      ++asked;
      peer.Send(Ok(R"({"outputs":[{"name":"a","data":[2]}]})"));
    }
  });
  StartMirroring(replica.port(), shadow.port(), 1);
  routes_.copy_feedback = false;
  ASSERT_TRUE(splitter_->Apply(routes_).ok());
  for (const std::string& request :
       {Get("/health"), Get("/predict"), Post("/feedback", "{}"), Post("/admin/reload", "")})
    EXPECT_EQ(StatusOf(Ask(request)), 200);
  EXPECT_EQ(StatusOf(Ask("HEAD /predict HTTP/1.1\r\nHost: a\r\n\r\n", false)), 200);
  for (const char* const path :
       {"/predict", "/models/a/predict", "/invocations", "/v2/models/a/infer"})
    EXPECT_EQ(StatusOf(Ask(Post(path, "{}"))), 200);
  EXPECT_TRUE(Eventually([&] { return mirror().prediction_differs == 4; }));
  EXPECT_EQ(mirror().sent, 4);
  EXPECT_EQ(mirror().equal + mirror().skipped + mirror().failed, 0);
  EXPECT_EQ(asked.load(), 4);
}

// Requests that wait for a shadow that is silent, and answers.
TEST_F(MirrorTest, WhatIsHeldIsBounded) {
  std::atomic<size_t> bytes{0};
  FakeReplica replica(Predicts(R"({"prediction":1})"));
  FakeReplica shadow([&](Peer& peer, int) {
    bytes += BodyOf(peer.ReadMessage()).size();
    peer.ReadToEnd();
  });
  options_.mirror_bytes = 1 << 20;
  StartMirroring(replica.port(), shadow.port(), 1);
  for (int i = 0; i < 8; ++i)
    EXPECT_EQ(StatusOf(Ask(Post("/predict", std::string(300'000, 'x')))), 200);
  EXPECT_EQ(mirror().sent, 3);
  EXPECT_EQ(mirror().skipped, 5);
  EXPECT_TRUE(Eventually([&] { return bytes.load() == 900'000; }));
  // What was given up makes room.
  shadow.Stop();
  EXPECT_TRUE(Eventually([&] { return mirror().failed == 3; }));
  EXPECT_EQ(StatusOf(Ask(Post("/predict", std::string(900'000, 'x')))), 200);
  EXPECT_TRUE(Eventually([&] { return mirror().failed == 4; }));
}

TEST_F(MirrorTest, AnswersAreHeldInBoundedRoomToo) {
  FakeReplica replica(Predicts(R"({"prediction":")" + std::string(300'000, 'x') + R"("})"));
  FakeReplica shadow(Predicts(R"({"prediction":1})"));
  options_.mirror_bytes = 200'000;
  StartMirroring(replica.port(), shadow.port(), 1);
  EXPECT_EQ(StatusOf(Ask(Post("/predict", "x"))), 200);
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
  half.Send("POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  EXPECT_TRUE(Eventually([&] { return SnapshotOf("1").in_flight == 1; }));
  half.Reset();
  EXPECT_TRUE(Eventually([&] { return mirror().skipped == 2; }));
  EXPECT_TRUE(Eventually([&] { return SnapshotOf("2").in_flight == 0; }));
}

}  // namespace
}  // namespace slipway::splitter

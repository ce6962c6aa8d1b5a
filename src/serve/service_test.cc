#include "serve/service.h"

#include <gtest/gtest.h>

#include <thread>

#include "core/clock.h"
#include "serve/service_testing_internal.h"

namespace slipway::serve {
namespace {

// Keeps what it is told of labels.
class LabelLog final : public PredictionLog {
 public:
  const LoggedModel* Register(const ServedModel& /*model*/) override { return nullptr; }
  void Record(int /*loop*/, const Observation& /*observation*/) noexcept override {}
  int64_t RecordFeedback(int /*loop*/, const LoggedModel* /*asked*/,
                         std::span<const Feedback> feedback,
                         const FeedbackArrival& arrival) noexcept override {
    reaches.push_back(arrival.reach);
    own_ids = arrival.own_ids;
    return std::ssize(feedback);
  }
  void BeginEpoch(int64_t begun) override { epoch = begun; }
  PredictionLogStats Stats() const override { return stats; }
  Status Stop() override { return {}; }

  std::vector<FeedbackReach> reaches;
  std::string own_ids;
  int64_t epoch = 0;
  PredictionLogStats stats;
};

class ServiceTest : public ::testing::Test {
 protected:
  void Serve(std::vector<std::pair<std::string, std::string>> models = {{"ages", "1"}},
             ServiceOptions options = {}) {
    std::vector<std::unique_ptr<ModelSource>> sources;
    for (const auto& [name, version] : models) {
      auto source = std::make_unique<FakeSource>(name, version, engine_);
      sources_.push_back(source.get());
      sources.push_back(std::move(source));
    }
    host_ = std::make_unique<ModelHost>(std::move(sources));
    ASSERT_FALSE(host_->Load().error);
    ServiceParts parts;
    parts.models = host_.get();
    parts.access = &access_;
    parts.batcher = batcher_.get();
    parts.log = log_.get();
    service_ = std::make_unique<Service>(options, parts, 1);
  }

  // What is asked is told the whole way, up to the last byte.
  http::Response Ask(const std::string& method, const std::string& target,
                     const std::string& body = "", std::vector<http::Header> headers = {}) {
    http::Request request;
    request.method = method;
    request.target = target;
    request.path = std::string_view(target).substr(0, target.find('?'));
    if (target.size() > request.path.size())
      request.query = std::string_view(target).substr(request.path.size() + 1);
    request.headers = std::move(headers);
    request.body = body;
    http::Arrival arrival;
    arrival.begun_ns = 1;
    arrival.in_flight = in_flight_;
    arrival.ticket = 1;
    http::Response response;
    service_->Answer(request, arrival, &response);
    http::Delivery delivery;
    delivery.note = response.note;
    delivery.status = response.status;
    delivery.begun_ns = arrival.begun_ns;
    delivery.sent = true;
    service_->Answered(delivery);
    return response;
  }
  Json Metrics() { return *ParseJson(Ask("GET", "/metrics").body, ""); }

  AccessHost access_{AccessOptions{}};
  std::unique_ptr<LabelLog> log_;  // None at first.
  std::vector<FakeSource*> sources_;
  std::unique_ptr<ModelHost> host_;
  std::string engine_ = "native";
  std::unique_ptr<Service> service_;
  std::unique_ptr<Batcher> batcher_;  // Its answers go to the service.
  int64_t in_flight_ = 1;
};

constexpr const char* kOld = R"({"features":[41]})";

TEST_F(ServiceTest, AnswersAsTheContractSays) {
  Serve();
  const http::Response response = Ask("POST", "/predict", kOld, {{"X-Request-Id", "mine"}});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body,
            R"({"prediction":"old","probability":{"young":0,"old":1},"model":"ages",)"
            R"("version":"1","request_id":"mine"})");
}

TEST_F(ServiceTest, EachAnswerHasTheRequestsId) {
  Serve();
  const std::vector<http::Header> mine = {{"X-Request-Id", "mine"}};
  EXPECT_EQ(HeaderOf(Ask("POST", "/predict", kOld, mine), "X-Request-Id"), "mine");
  EXPECT_EQ(HeaderOf(Ask("POST", "/predict", "{", mine), "X-Request-Id"), "mine");
  EXPECT_EQ(HeaderOf(Ask("POST", "/predict", R"({"features":[-1]})", mine), "X-Request-Id"),
            "mine");
  EXPECT_EQ(HeaderOf(Ask("POST", "/v2/models/ages/infer", "{", mine), "X-Request-Id"), "mine");
  EXPECT_EQ(HeaderOf(Ask("GET", "/nowhere", "", mine), "X-Request-Id"), "mine");
  // One of the body, and one of ours where there is none that can be told again.
  EXPECT_EQ(
      HeaderOf(Ask("POST", "/predict", R"({"features":[1],"request_id":"body"})"), "X-Request-Id"),
      "body");
  EXPECT_EQ(
      HeaderOf(Ask("POST", "/predict", kOld, {{"X-Request-Id", "a b"}}), "X-Request-Id").size(),
      16U);
}

TEST_F(ServiceTest, CountsPredictionsAndNotQuestionsAboutThem) {
  Serve();
  Ask("POST", "/predict", R"({"instances":[[41],[12]]})");
  Ask("POST", "/predict", R"({"features":[-1]})");
  Ask("POST", "/models/nobody/predict", kOld);
  Ask("GET", "/health");
  Ask("GET", "/nowhere");
  const Json metrics = Metrics();
  EXPECT_EQ(metrics["request_count"], 3);
  EXPECT_EQ(metrics["client_error_count"], 2);
  EXPECT_EQ(metrics["error_count"], 0);
  EXPECT_EQ(metrics["prediction_rows"], 2);
}

TEST_F(ServiceTest, CountsWhatIsPredictedByEachVersionAndWayOfAsking) {
  Serve({{"ages", "1"}, {"others", "7"}});
  Ask("POST", "/predict", R"({"instances":[[41],[12],[13]]})");
  Ask("POST", "/invocations", R"({"inputs":[[41],[12]]})");
  Ask("POST", "/v2/models/ages/infer",
      R"({"inputs":[{"name":"age","shape":[1],"datatype":"FP64","data":[99]}]})");
  Ask("POST", "/models/others/predict", kOld);
  Ask("POST", "/predict", R"({"features":[-1]})");
  Ask("POST", "/predict", "{");
  const Json told = Metrics()["predictions"];
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0]["model"], "ages");
  EXPECT_EQ(told[0]["version"], "1");
  EXPECT_EQ(told[0]["digest"], "sha256:100");
  EXPECT_EQ(told[0]["rows"], 6);
  EXPECT_EQ(told[0]["classes"], Json({{"young", 3}, {"old", 3}}));
  EXPECT_EQ(told[0]["mean_confidence"], 1);
  EXPECT_EQ(told[0]["scores"]["counts"].front(), 3);
  EXPECT_EQ(told[0]["scores"]["counts"].back(), 3);
  EXPECT_EQ(told[1]["rows"], 1);
  EXPECT_EQ(told[1]["classes"], Json({{"young", 0}, {"old", 1}}));
  EXPECT_NE(
      Ask("GET", "/metrics?format=prometheus")
          .body.find("slipway_predictions_total{model=\"ages\",version=\"1\",class=\"old\"} 3"),
      std::string::npos);
}

TEST_F(ServiceTest, CountsWhatIsPredictedTogether) {
  engine_ = "onnxruntime";
  batcher_ = *Batcher::Make({.threads = 2});
  Serve();
  for (int i = 0; i < 20; ++i) Ask("POST", "/predict", R"({"instances":[[41],[12]]})");
  Ask("POST", "/predict", R"({"features":[-1]})");
  const Stopwatch watch;
  constexpr double kMostSeconds = 60;
  while (Metrics()["predictions"][0]["rows"] != 40 && watch.seconds() < kMostSeconds)
    std::this_thread::yield();
  EXPECT_EQ(Metrics()["predictions"][0]["classes"], Json({{"young", 20}, {"old", 20}}));
}

TEST_F(ServiceTest, AVersionThatIsLoadedAnewIsCountedFromZero) {
  Serve();
  Ask("POST", "/predict", kOld);
  ASSERT_FALSE(host_->Load().error);
  service_->ForgetOldModels();
  Ask("POST", "/predict", kOld);
  EXPECT_EQ(Metrics()["predictions"][0]["rows"], 2);  // It is the same.
  sources_.front()->MoveTo("2");
  ASSERT_FALSE(host_->Load().error);
  service_->ForgetOldModels();
  Ask("POST", "/predict", kOld);
  const Json told = Metrics()["predictions"];
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0]["version"], "2");
  EXPECT_EQ(told[0]["rows"], 1);
}

TEST_F(ServiceTest, EachServiceIsAnInstanceOfItsOwn) {
  Serve();
  const std::string first = Metrics()["instance"];
  EXPECT_EQ(first.size(), 16U);
  EXPECT_EQ(Metrics()["instance"], first);
  Serve();
  EXPECT_NE(Metrics()["instance"], first);
}

TEST_F(ServiceTest, OwnIdsBeginWithTheReplicasTag) {
  ServiceOptions options;
  options.replica = "canary-0-replica";
  Serve({{"ages", "1"}}, options);
  const auto id = [&](std::vector<http::Header> headers = {}) {
    return HeaderOf(Ask("POST", "/predict", kOld, std::move(headers)), "X-Request-Id");
  };
  const std::string first = id();
  EXPECT_EQ(first.substr(0, 17), "canary-0-replica.");
  EXPECT_EQ(first.size(), 17U + 16U);
  EXPECT_NE(id(), first);
  EXPECT_EQ(id({{"X-Request-Id", "mine"}}), "mine");
  const Json answer = *ParseJson(Ask("POST", "/predict", kOld).body, "");
  EXPECT_EQ(answer["request_id"].get<std::string>().substr(0, 17), "canary-0-replica.");
}

TEST_F(ServiceTest, TheSplitterSaysWhoElseIsToldOfLabels) {
  log_ = std::make_unique<LabelLog>();
  ServiceOptions options;
  options.replica = "r2-1";
  Serve({{"ages", "1"}}, options);
  for (const char* const told : {"shared", "copy", "else", ""}) {
    const std::vector<http::Header> headers = {{"slipway-feedback", told}};
    const http::Response answer =
        Ask("POST", "/feedback", R"({"request_id":"r2-1.x","labels":[1,2]})", headers);
    EXPECT_EQ(answer.body, R"({"accepted":2})");
  }
  using enum FeedbackReach;
  EXPECT_EQ(log_->reaches, (std::vector{kShared, kCopied, kAlone, kAlone}));
  EXPECT_EQ(log_->own_ids, "r2-1.");
  Serve();
  Ask("POST", "/feedback", R"({"request_id":"x","label":1})");
  EXPECT_EQ(log_->own_ids, "");
}

TEST_F(ServiceTest, WhoReadsTheFiguresMayNameAnEpochOfLabels) {
  log_ = std::make_unique<LabelLog>();
  log_->stats.scores = {{.model = "ages",
                         .version = "1",
                         .digest = {},
                         .all = {.matched = 10, .correct = 8},
                         .epoch = 12,
                         .in_epoch = {.matched = 4, .correct = 1}},
                        {.model = "price",
                         .version = "1",
                         .digest = {},
                         .regression = true,
                         .epoch = 12,
                         .in_epoch = {.matched = 2, .absolute_error = 3, .squared_error = 5}}};
  Serve();
  const auto told = [&](std::vector<http::Header> headers) {
    return *ParseJson(Ask("GET", "/metrics", "", std::move(headers)).body, "");
  };
  for (const char* none : {"", "epoch=", "epoch=0", "epoch=-3", "epoch=12x", "shared"}) {
    const Json metrics = told({{"slipway-feedback", none}});
    EXPECT_FALSE(metrics["feedback"][0].contains("in_epoch")) << none;
    EXPECT_EQ(metrics["feedback"][0]["matched"], 10);
    EXPECT_EQ(log_->epoch, 0) << none;
  }
  const Json metrics = told({{"slipway-feedback", "epoch=12"}});
  EXPECT_EQ(log_->epoch, 12);
  const Json counts = metrics["feedback"][0]["in_epoch"];
  EXPECT_EQ(counts["epoch"], 12);
  EXPECT_EQ(counts["matched"], 4);
  EXPECT_EQ(counts["correct"], 1);
  EXPECT_EQ(metrics["feedback"][0]["correct"], 8);
  EXPECT_EQ(metrics["feedback"][1]["in_epoch"]["absolute_error_sum"], 3);
}

TEST(IsReplicaTagTest, AsTheVariableMayBe) {
  EXPECT_TRUE(IsReplicaTag("a"));
  EXPECT_TRUE(IsReplicaTag("v3-0123456789-az"));
  for (const char* tag : {"", "v3-0123456789-azb", "A", "a.b", "a b", "\xc3\xbc"})
    EXPECT_FALSE(IsReplicaTag(tag)) << tag;
}

TEST_F(ServiceTest, CountsWhatTheServerRefusedByItselfAndNotWhoWentAway) {
  Serve();
  http::Delivery refused;
  refused.status = 503;
  refused.begun_ns = 1;
  service_->Answered(refused);
  http::Delivery gone;
  gone.note = uint64_t{3} << 32U;
  gone.status = 0;
  service_->Answered(gone);
  const Json metrics = Metrics();
  EXPECT_EQ(metrics["request_count"], 1);
  EXPECT_EQ(metrics["error_count"], 1);
  EXPECT_EQ(metrics["error_rate"], 1.0);
}

TEST_F(ServiceTest, ShedsPredictionsWhereTooManyWait) {
  ServiceOptions options;
  options.max_in_flight = 10;
  Serve({{"ages", "1"}}, options);
  in_flight_ = 10;
  EXPECT_EQ(Ask("POST", "/predict", kOld).status, 200);
  in_flight_ = 11;
  const http::Response shed = Ask("POST", "/predict", kOld);
  EXPECT_EQ(shed.status, 503);
  EXPECT_EQ(HeaderOf(shed, "Retry-After"), "1");
  EXPECT_EQ(Ask("GET", "/health").status, 200);
  EXPECT_EQ(Metrics()["error_count"], 1);
}

TEST_F(ServiceTest, ModelsOfOneNameAreToldApartByTheirVersions) {
  Serve({{"ages", "1"}, {"ages", "2"}, {"my model", "1"}});
  EXPECT_EQ(Ask("GET", "/v2/models/ages/versions/2").status, 200);
  EXPECT_EQ(Ask("GET", "/v2/models/ages/versions/3").status, 404);
  const Json described = *ParseJson(Ask("GET", "/v2/models/ages").body, "");
  EXPECT_EQ(described["versions"], Json({"1", "2"}));
  EXPECT_EQ(Ask("POST", "/models/my%20model/predict", kOld).status, 200);
  EXPECT_EQ(Ask("GET", "/v2/models/my%20model/ready").status, 200);
}

TEST_F(ServiceTest, ReloadsLeaveNothingOfOldModels) {
  Serve();
  Ask("POST", "/predict", kOld);
  const std::weak_ptr<const ServedModel> old = host_->models().front();
  sources_.front()->MoveTo("2");
  ASSERT_FALSE(host_->Load().error);
  service_->ForgetOldModels();
  EXPECT_TRUE(old.expired());
  EXPECT_EQ(ParseJson(Ask("POST", "/predict", kOld).body, "")->at("version"), "2");
}

TEST_F(ServiceTest, BodiesThatAreNoJsonAreToldSo) {
  Serve();
  EXPECT_EQ(Ask("POST", "/invocations", "age\n41\n", {{"Content-Type", "text/csv"}}).status, 415);
  EXPECT_EQ(Ask("POST", "/predict", kOld, {{"Content-Encoding", "gzip"}}).status, 415);
  // What curl says by itself.
  EXPECT_EQ(
      Ask("POST", "/predict", kOld, {{"Content-Type", "application/x-www-form-urlencoded"}}).status,
      200);
}

TEST_F(ServiceTest, MetricsComeInTheFormThatIsAskedFor) {
  Serve();
  const auto type = [&](const std::string& target, const std::string& accept) {
    return Ask("GET", target, "", {{"Accept", accept}}).content_type.substr(0, 10);
  };
  EXPECT_EQ(type("/metrics", "*/*"), "applicatio");
  EXPECT_EQ(type("/metrics", "application/json, text/plain, */*"), "applicatio");
  EXPECT_EQ(type("/metrics", "text/plain"), "text/plain");
  EXPECT_EQ(type("/metrics", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"),
            "text/plain");
  EXPECT_EQ(type("/metrics?format=json", "text/plain"), "applicatio");
  EXPECT_EQ(type("/metrics?format=prometheus", "application/json"), "text/plain");
}

TEST_F(ServiceTest, SaysNoToReadinessWhileItDrainsAndAnswersAllTheSame) {
  Serve();
  EXPECT_EQ(Ask("GET", "/ready").status, 200);
  service_->BeginDrain();
  EXPECT_EQ(Ask("GET", "/ready").status, 503);
  EXPECT_EQ(Ask("GET", "/ping").status, 503);
  EXPECT_EQ(Ask("GET", "/v2/health/ready").status, 503);
  EXPECT_EQ(Ask("GET", "/v2/health/live").status, 200);
  EXPECT_EQ(Ask("POST", "/predict", kOld).status, 200);
}

TEST_F(ServiceTest, PagesTellTheirMethod) {
  Serve();
  const http::Response response = Ask("GET", "/predict");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(HeaderOf(response, "Allow"), "POST");
  EXPECT_EQ(HeaderOf(Ask("POST", "/v2/models/ages"), "Allow"), "GET, HEAD");
  // Without admin tokens there is no such page, and without a log none for feedback.
  EXPECT_EQ(Ask("POST", "/feedback", "{}").status, 404);
  EXPECT_NE(Ask("POST", "/admin/reload").status, 200);
}

}  // namespace
}  // namespace slipway::serve

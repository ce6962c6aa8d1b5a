#include "splitter/control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/file_system.h"
#include "core/testing.h"
#include "http/fake_http_client.h"
#include "splitter/control_client.h"
#include "splitter/splitter_testing_internal.h"

namespace slipway::splitter {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kToken = "0123456789abcdef0123456789abcdef";

class ControlTest : public SplitterTest {
 protected:
  void StartBoth() {
    const Result<Routes> routes = LoadRoutes(control_options_.routes_path);
    ASSERT_TRUE(routes.ok()) << routes.error().Render();
    routes_ = *routes;
    Start();
    auto started = ControlServer::Start(control_options_, splitter_.get());
    ASSERT_TRUE(started.ok()) << started.error().Render();
    control_ = *std::move(started);
  }
  void StopBoth() {
    control_.reset();
    splitter_.reset();
  }
  std::string url() const { return fmt::format("http://127.0.0.1:{}", control_->port()); }
  SplitterClient ClientWith(const std::string& token = kToken) {
    return {http_.get(), url(), token};
  }
  http::ClientResponse Send(const std::string& method, const std::string& target,
                            const std::string& body = "", const std::string& token = kToken) {
    http::ClientRequest request{.method = method, .url = url() + target, .body = body};
    if (!token.empty()) request.headers = {{"Authorization", "Bearer " + token}};
    const auto answer = http_->Fetch(request);
    EXPECT_TRUE(answer.ok()) << answer.error().Render();
    EXPECT_TRUE(ParseJson(answer->body, "body").ok()) << answer->body;
    return *answer;
  }

  testing::TemporaryDirectory folder_;
  ControlOptions control_options_{.host = "127.0.0.1",
                                  .port = 0,
                                  .token = kToken,
                                  .routes_path = folder_.File("state/routes.json")};
  std::unique_ptr<ControlServer> control_;
  std::unique_ptr<http::HttpClient> http_ = *http::MakeHttpClient();
};

TEST_F(ControlTest, AppliesAndTells) {
  FakeReplica old_one("old"), new_one("new");
  StartBoth();
  EXPECT_EQ(StatusOf(Ask(Get("/"))), 503);
  SplitterClient client = ClientWith();
  Routes routes;
  routes.versions = {RouteTo("a b&c", 1, {old_one.port()})};
  const Status applied = client.Apply(routes);
  ASSERT_TRUE(applied.ok()) << applied.error().Render();
  EXPECT_EQ(BodyOf(Ask(Get("/"))), "old");
  EXPECT_EQ(CompactJson(ToJson(*client.CurrentRoutes())), CompactJson(ToJson(routes)));
  EXPECT_FALSE(*client.Drained("a b&c"));
  EXPECT_TRUE(*client.Drained("never"));
  routes.versions = {RouteTo("8", 1, {new_one.port()})};
  ASSERT_TRUE(client.Apply(routes).ok());
  EXPECT_EQ(BodyOf(Ask(Get("/"))), "new");
  EXPECT_TRUE(Eventually([&] { return *client.Drained("a b&c"); }));
  const auto told = client.Snapshot();
  ASSERT_TRUE(told.ok()) << told.error().Render();
  EXPECT_EQ(told->instance, control_->instance());
  EXPECT_EQ(told->instance.size(), 32U);
  EXPECT_EQ(told->snapshot.unrouted, 1);
  ASSERT_EQ(told->snapshot.versions.size(), 2U);
  EXPECT_EQ(told->snapshot.versions[0].others.requests, 1);
  EXPECT_EQ(told->snapshot.versions[1].weight, 1);
}

TEST_F(ControlTest, StartedAgainItServesAsBefore) {
  FakeReplica replica("it");
  StartBoth();
  const std::string first = control_->instance();
  Routes routes;
  routes.versions = {RouteTo("7", 1, {replica.port()})};
  ASSERT_TRUE(ClientWith().Apply(routes).ok());
  StopBoth();
  StartBoth();
  EXPECT_EQ(BodyOf(Ask(Get("/"))), "it");
  EXPECT_NE(ClientWith().Snapshot()->instance, first);
  ASSERT_TRUE(WriteFileAtomically(LocalFileSystem(), control_options_.routes_path, "{").ok());
  const auto broken = LoadRoutes(control_options_.routes_path);
  ASSERT_FALSE(broken.ok());
  EXPECT_THAT(broken.error().ToString(), HasSubstr("routes.json"));
}

TEST_F(ControlTest, WrongRoutesChangeNothing) {
  FakeReplica replica("it");
  StartBoth();
  SplitterClient client = ClientWith();
  Routes routes;
  routes.versions = {RouteTo("7", 1, {replica.port()})};
  ASSERT_TRUE(client.Apply(routes).ok());
  Routes wrong = routes;
  wrong.versions[0].weight = -1;
  wrong.mirror = {.version = "9", .share = 2};
  const Status refused = client.Apply(wrong);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidInput);
  EXPECT_EQ(refused.error().others().size(), 2U);
  EXPECT_THAT(refused.error().Render(),
              AllOf(HasSubstr("versions[0].weight"), HasSubstr("mirror.share")));
  wrong = routes;
  wrong.versions[0].replicas[0].host = "no.such.host.invalid";
  EXPECT_EQ(client.Apply(wrong).error().code(), ErrorCode::kInvalidInput);
  EXPECT_EQ(Send("PUT", "/routes", "{").status, 400);
  EXPECT_EQ(Send("PUT", "/routes", R"({"version": []})").status, 400);
  EXPECT_EQ(BodyOf(Ask(Get("/"))), "it");
  EXPECT_EQ(LoadRoutes(control_options_.routes_path)->versions.at(0).weight, 1);
}

// Those that undo a rollout must count whatever the disk does.
TEST_F(ControlTest, RoutesThatCantBeKeptCountAndAreKeptLater) {
  FakeReplica replica("it");
  control_options_.retry_seconds = 0.01;
  StartBoth();
  // A file where the folder would be.
  ASSERT_TRUE(WriteFileAtomically(LocalFileSystem(), folder_.File("state"), "").ok());
  Routes routes;
  for (const char* const id : {"7", "8"}) {
    routes.versions = {RouteTo(id, 1, {replica.port()})};
    const http::ClientResponse applied = Send("PUT", "/routes", CompactJson(ToJson(routes)));
    EXPECT_EQ(applied.status, 200);
    EXPECT_THAT(GetString(*ParseJson(applied.body, "body"), "not_kept"), HasSubstr("state"));
  }
  EXPECT_EQ(BodyOf(Ask(Get("/"))), "it");
  EXPECT_EQ(ClientWith().CurrentRoutes()->versions.at(0).id, "8");
  const auto trouble = [&] {
    return GetString(*ParseJson(Send("GET", "/snapshot").body, "body"), "routes_not_kept");
  };
  EXPECT_THAT(trouble(), HasSubstr("state"));
  ASSERT_TRUE(LocalFileSystem().RemoveFile(folder_.File("state")).ok());
  EXPECT_TRUE(Eventually([&] { return trouble().empty(); }));
  EXPECT_EQ(LoadRoutes(control_options_.routes_path)->versions.at(0).id, "8");
  const http::ClientResponse kept = Send("PUT", "/routes", CompactJson(ToJson(routes)));
  EXPECT_THAT(kept.body, Not(HasSubstr("not_kept")));
}

TEST_F(ControlTest, TakesItsTokenOnly) {
  StartBoth();
  for (const std::string token : {"", "0123456789abcdef", "0123456789abcdef0123456789abcdeg"}) {
    for (const std::string target : {"/routes", "/snapshot", "/none"}) {
      const http::ClientResponse answer = Send("GET", target, "", token);
      EXPECT_EQ(answer.status, 401);
      EXPECT_EQ(answer.Find("WWW-Authenticate"), "Bearer realm=\"slipway\"");
    }
    EXPECT_EQ(Send("PUT", "/routes", "{}", token).status, 401);
  }
  EXPECT_FALSE(LocalFileSystem().Exists(control_options_.routes_path));
  const auto refused = ClientWith("0123456789abcdef").Snapshot();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kPermission);
  EXPECT_THAT(refused.error().ToString(), Not(HasSubstr("0123456789abcdef")));
  control_options_.token = "short";
  const auto started = ControlServer::Start(control_options_, splitter_.get());
  ASSERT_FALSE(started.ok());
  EXPECT_THAT(started.error().ToString(), HasSubstr("SLIPWAY_SPLITTER_TOKEN"));
}

TEST_F(ControlTest, OtherRequestsAreRefused) {
  StartBoth();
  EXPECT_EQ(Send("GET", "/").status, 404);
  EXPECT_EQ(Send("GET", "/routes/").status, 404);
  const http::ClientResponse post = Send("POST", "/routes", "{}");
  EXPECT_EQ(post.status, 405);
  EXPECT_EQ(post.Find("Allow"), "GET, PUT");
  EXPECT_EQ(Send("PUT", "/snapshot", "{}").status, 405);
  EXPECT_EQ(Send("DELETE", "/drained?version=7").status, 405);
  EXPECT_EQ(Send("GET", "/drained").status, 400);
  EXPECT_EQ(Send("GET", "/drained?versions=7").status, 400);
  EXPECT_EQ(Send("GET", "/drained?a=b&version=7").status, 200);
  EXPECT_EQ(Send("PUT", "/routes", std::string(5 << 20, ' ')).status, 413);
}

TEST(SplitterClient, TellsWhatIsNoSplitter) {
  http::FakeHttpClient http;
  SplitterClient client(&http, "http://a:1", kToken);
  for (const char* const body : {"", "[]", "{}", R"({"versions": 1})", R"({"drained": 1})"}) {
    http.Queue(200, body);
    EXPECT_EQ(client.Snapshot().error().code(), ErrorCode::kUnavailable) << body;
    http.Queue(200, body);
    EXPECT_EQ(client.Drained("7").error().code(), ErrorCode::kUnavailable) << body;
  }
  http.Queue(200, R"({"versions": 1})");
  EXPECT_EQ(client.CurrentRoutes().error().code(), ErrorCode::kUnavailable);
  http.Queue(404, "<html>");
  EXPECT_EQ(client.Apply({}).error().code(), ErrorCode::kUnavailable);
  http.Queue(400, R"({"error": "no"})");
  EXPECT_EQ(client.Apply({}).error().code(), ErrorCode::kInvalidInput);
  http.Queue(Error(ErrorCode::kTimeout, "late"));
  EXPECT_EQ(client.Apply({}).error().code(), ErrorCode::kTimeout);
  const http::ClientRequest last = http.requests().back();
  EXPECT_EQ(last.method, "PUT");
  EXPECT_EQ(last.url, "http://a:1/routes");
  EXPECT_EQ(last.headers.at(0).value, std::string("Bearer ") + kToken);
}

}  // namespace
}  // namespace slipway::splitter

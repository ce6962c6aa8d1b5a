// Routes that change while requests are in flight.
#include <gmock/gmock.h>

#include <map>
#include <mutex>
#include <set>
#include <string>

#include "http/server.h"
#include "splitter/splitter_testing_internal.h"

namespace slipway::splitter {
namespace {

// Answers with its version, by the server that replicas are in truth.
class VersionServer : public http::Handler {
 public:
  explicit VersionServer(std::string id) : id_(std::move(id)) {
    http::ServerOptions options;
    options.port = 0;
    options.threads = 1;
    Result<std::unique_ptr<http::Server>> started = http::Server::Start(options, this);
    EXPECT_TRUE(started.ok());
    server_ = *std::move(started);
  }
  void Answer(const http::Request&, const http::Arrival&, http::Response* response) override {
    response->body = id_;
    ++asked_;
  }
  void Answered(const http::Delivery&) override {}
  std::string ErrorBody(int, const std::string& message) override { return message; }

  int port() const { return server_->port(); }
  int asked() const { return asked_.load(); }
  bool Drain() {
    server_->BeginDrain();
    return server_->FinishDrain(5);
  }

 private:
  const std::string id_;
  std::atomic<int> asked_{0};
  std::unique_ptr<http::Server> server_;
};

class ApplyTest : public SplitterTest {
 protected:
  void Apply(const std::vector<VersionRoute>& versions) {
    routes_.versions = versions;
    const Status status = splitter_->Apply(routes_);
    ASSERT_TRUE(status.ok()) << status.error().Render();
  }
  // What `count` requests of one connection were answered by.
  std::map<std::string, int> AnswersOf(int count, const std::string& headers = "") const {
    std::map<std::string, int> answers;
    Peer client = Connect();
    for (int i = 0; i < count; ++i) {
      client.Send(Post("/predict", "x", headers));
      ++answers[BodyOf(client.ReadMessage())];
    }
    return answers;
  }
};

TEST_F(ApplyTest, WeightsAreExactOverEach100Requests) {
  VersionServer stable("stable"), canary("canary");
  Start();
  for (const double weight : {10, 25, 50, 1, 0, 100}) {
    Apply({RouteTo("canary", weight, {canary.port()}),
           RouteTo("stable", 100 - weight, {stable.port()})});
    for (int i = 0; i < 3; ++i) {
      std::map<std::string, int> answers = AnswersOf(100);
      EXPECT_NEAR(answers["canary"], weight, 1);
      EXPECT_EQ(answers["canary"] + answers["stable"], 100);
    }
  }
}

TEST_F(ApplyTest, KeysStayWhereTheyAre) {
  VersionServer stable("stable"), canary("canary");
  routes_.sticky.cookie = "user";
  Start();
  std::map<std::string, std::string> before;
  for (const double weight : {10, 25, 50}) {
    Apply({RouteTo("canary", weight, {canary.port()}),
           RouteTo("stable", 100 - weight, {stable.port()})});
    int on_canary = 0;
    for (int user = 0; user < 300; ++user) {
      const std::string cookie = fmt::format("Cookie: a=b; user={}\r\n", user);
      const std::map<std::string, int> answers = AnswersOf(2, cookie);
      ASSERT_EQ(answers.size(), 1U) << user;
      const std::string version = answers.begin()->first;
      on_canary += version == "canary" ? 1 : 0;
      std::string& last = before[cookie];
      EXPECT_TRUE(last != "canary" || version == "canary") << user;
      last = version;
    }
    EXPECT_NEAR(on_canary, 3 * weight, 25);
  }
}

TEST_F(ApplyTest, WhoHasNoCookieIsGivenOne) {
  VersionServer stable("stable"), canary("canary");
  routes_.sticky.cookie = "user";
  routes_.versions = {RouteTo("canary", 50, {canary.port()}),
                      RouteTo("stable", 50, {stable.port()})};
  Start();
  Peer peer = Connect();
  std::set<std::string> versions;
  for (int client = 0; client < 40; ++client) {
    peer.Send(Get("/"));
    const std::string answer = peer.ReadMessage();
    const size_t at = answer.find("Set-Cookie: user=");
    ASSERT_NE(at, std::string::npos) << answer;
    const std::string line = answer.substr(at, answer.find("\r\n", at) - at);
    const std::string cookie = line.substr(12, 5 + 32);
    EXPECT_EQ(line, "Set-Cookie: " + cookie + "; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax");
    const std::string version = BodyOf(answer);
    versions.insert(version);
    for (int again = 0; again < 2; ++again) {
      peer.Send(Get("/", "Cookie: " + cookie + "\r\n"));
      const std::string known = peer.ReadMessage();
      EXPECT_EQ(BodyOf(known), version);
      EXPECT_EQ(known.find("Set-Cookie"), std::string::npos);
    }
  }
  EXPECT_EQ(versions.size(), 2U);
}

TEST_F(ApplyTest, AHeaderLeadsToAVersionWithoutWeight) {
  VersionServer stable("stable"), canary("canary");
  routes_.header_routes = {{"X-Version", "new", "canary"}};
  routes_.versions = {RouteTo("canary", 0, {canary.port()}), RouteTo("stable", 1, {stable.port()})};
  Start();
  EXPECT_EQ(AnswersOf(10), (std::map<std::string, int>{{"stable", 10}}));
  EXPECT_EQ(AnswersOf(10, "x-version: new\r\n"), (std::map<std::string, int>{{"canary", 10}}));
}

TEST_F(ApplyTest, WrongRoutesChangeNothing) {
  VersionServer stable("stable");
  StartWith({stable.port()});
  Routes wrong = routes_;
  wrong.versions[0].weight = -1;
  EXPECT_FALSE(splitter_->Apply(wrong).ok());
  wrong = routes_;
  wrong.versions[0].replicas[0].host = "no.such.host.invalid";
  const Status status = splitter_->Apply(wrong);
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().Render(), ::testing::HasSubstr("no.such.host.invalid"));
  EXPECT_EQ(CompactJson(ToJson(splitter_->routes())), CompactJson(ToJson(routes_)));
  EXPECT_EQ(AnswersOf(1), (std::map<std::string, int>{{"stable", 1}}));
}

TEST_F(ApplyTest, AVersionIsDrainedOnceItsLastRequestHasEnded) {
  std::atomic<bool> answers{false};
  FakeReplica old([&](Peer& peer, int) {
    peer.ReadMessage();
    answers.wait(false);
    peer.Send(Ok("old"));
    peer.ReadToEnd();
  });
  VersionServer fresh("new");
  std::mutex mutex;
  std::vector<std::string> drained;
  options_.threads = 2;
  options_.on_drained = [&](const std::string& version) {
    const std::lock_guard lock(mutex);
    drained.push_back(version);
  };
  routes_.versions = {RouteTo("old", 1, {old.port()})};
  Start();
  EXPECT_FALSE(splitter_->WaitDrained("old", 0.01));
  EXPECT_TRUE(splitter_->WaitDrained("never", 0));
  Peer client = Connect();
  client.Send(Get("/"));
  EXPECT_TRUE(Eventually([&] { return SnapshotOf("old").in_flight == 1; }));
  Apply({RouteTo("new", 1, {fresh.port()})});
  EXPECT_EQ(AnswersOf(5), (std::map<std::string, int>{{"new", 5}}));
  EXPECT_FALSE(splitter_->WaitDrained("old", 0.1));
  EXPECT_FALSE(SnapshotOf("old").routed);
  EXPECT_EQ(SnapshotOf("old").replicas.size(), 1U);
  answers = true;
  answers.notify_all();
  EXPECT_EQ(client.ReadMessage(), Ok("old"));
  EXPECT_TRUE(splitter_->WaitDrained("old", 10));
  EXPECT_TRUE(SnapshotOf("old").drained);
  EXPECT_EQ(SnapshotOf("old").others.requests, 1);
  EXPECT_TRUE(Eventually([&] {
    const std::lock_guard lock(mutex);
    return drained == std::vector<std::string>{"old"};
  }));
}

TEST_F(ApplyTest, AVersionThatIdlesIsDrainedAtOnceAndComesBackAsItWas) {
  VersionServer old("old"), fresh("new");
  options_.threads = 2;
  routes_.versions = {RouteTo("old", 1, {old.port()})};
  Start();
  AnswersOf(1);
  Apply({RouteTo("new", 1, {fresh.port()})});
  EXPECT_TRUE(splitter_->WaitDrained("old", 10));
  Apply({RouteTo("old", 1, {old.port()})});
  EXPECT_TRUE(splitter_->WaitDrained("new", 10));
  EXPECT_EQ(SnapshotOf("old").requests, 1);
  EXPECT_FALSE(SnapshotOf("old").drained);
}

// Each worker asks without a pause; whatever is no whole answer of a version is a lost request.
class Load {
 public:
  Load(int port, int workers) {
    for (int i = 0; i < workers; ++i) {
      threads_.emplace_back([this, port] {
        Peer client = ConnectTo(port);
        while (!stop_.load()) {
          client.Send(Post("/predict", "x"));
          const std::string answer = client.ReadMessage();
          (StatusOf(answer) == 200 ? answered_ : lost_).fetch_add(1);
          if (answer.empty()) return;
        }
      });
    }
  }
  ~Load() { End(); }
  void End() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  int answered() const { return answered_.load(); }
  int lost() const { return lost_.load(); }

 private:
  std::atomic<bool> stop_{false};
  std::atomic<int> answered_{0}, lost_{0};
  std::vector<std::thread> threads_;
};

TEST_F(ApplyTest, NothingIsLostWhileVersionsComeAndGo) {
  constexpr int kRollouts = 12;
  options_.threads = 2;
  auto current = std::make_unique<VersionServer>("0");
  routes_.versions = {RouteTo("0", 1, {current->port()})};
  Start();
  Load load(splitter_->port(), 4);
  int asked = 0;
  for (int version = 1; version <= kRollouts; ++version) {
    auto next = std::make_unique<VersionServer>(fmt::format("{}", version));
    const std::string id = fmt::format("{}", version), before = fmt::format("{}", version - 1);
    for (const double weight : {10, 50}) {
      Apply(
          {RouteTo(id, weight, {next->port()}), RouteTo(before, 100 - weight, {current->port()})});
      std::this_thread::sleep_for(milliseconds(40));
    }
    Apply({RouteTo(id, 1, {next->port()})});
    EXPECT_TRUE(splitter_->WaitDrained(before, 10));
    EXPECT_TRUE(current->Drain());
    asked += current->asked();
    current = std::move(next);
  }
  load.End();
  asked += current->asked();
  EXPECT_EQ(load.lost(), 0);
  EXPECT_GT(load.answered(), 100);
  EXPECT_EQ(asked, load.answered());  // And nothing was asked twice.
  int64_t failed = 0;
  for (const VersionSnapshot& version : splitter_->Snapshot().versions) failed += version.failed;
  EXPECT_EQ(failed, 0);
}

// The server goes first, as one that is told to end does: idle connections are closed under us.
TEST_F(ApplyTest, NothingIsLostWhereAReplicaDrainsByItself) {
  auto first = std::make_unique<VersionServer>("a");
  VersionServer second("b");
  StartWith({first->port(), second.port()});
  Load load(splitter_->port(), 4);
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_TRUE(first->Drain());
  std::this_thread::sleep_for(milliseconds(100));
  load.End();
  EXPECT_EQ(load.lost(), 0);
  EXPECT_EQ(first->asked() + second.asked(), load.answered());
}

TEST_F(ApplyTest, StopAnswersWhatHasCome) {
  std::atomic<bool> answers{false};
  FakeReplica replica([&](Peer& peer, int) {
    peer.ReadMessage();
    answers.wait(false);
    peer.Send(Ok("late"));
    peer.ReadToEnd();
  });
  StartWith({replica.port()});
  Peer idle = Connect();
  Peer client = Connect();
  client.Send(Get("/"));
  EXPECT_TRUE(Eventually([&] { return SnapshotOf("1").in_flight == 1; }));
  std::thread releases([&] {
    std::this_thread::sleep_for(milliseconds(100));
    answers = true;
    answers.notify_all();
  });
  EXPECT_TRUE(splitter_->Stop(10));
  releases.join();
  const std::string answer = client.ReadToEnd();
  EXPECT_THAT(answer, ::testing::HasSubstr("Connection: close"));
  EXPECT_EQ(BodyOf(answer), "late");
  EXPECT_EQ(idle.ReadToEnd(), "");
  EXPECT_EQ(splitter_->Snapshot().connections, 0);
}

TEST_F(ApplyTest, StopDoesNotWaitForever) {
  FakeReplica replica([](Peer& peer, int) { peer.ReadToEnd(); });
  StartWith({replica.port()});
  Peer client = Connect();
  client.Send(Get("/"));
  EXPECT_TRUE(Eventually([&] { return SnapshotOf("1").in_flight == 1; }));
  EXPECT_FALSE(splitter_->Stop(0.1));
  EXPECT_EQ(SnapshotOf("1").in_flight, 0);
  EXPECT_EQ(SnapshotOf("1").abandoned, 1);
}

TEST_F(ApplyTest, SnapshotsGoToJson) {
  VersionServer server("1");
  StartWith({server.port()});
  AnswersOf(3);
  EXPECT_TRUE(Eventually([&] { return splitter_->Snapshot().in_flight == 0; }));
  const Json json = ToJson(splitter_->Snapshot());
  const Json& version = json["versions"][0];
  EXPECT_EQ(version["id"], "1");
  EXPECT_EQ(version["requests"], 3);
  EXPECT_EQ(version["answers"]["2xx"], 3);
  EXPECT_EQ(version["replicas"][0]["port"], server.port());
  int64_t counted = 0;
  for (const Json& bucket : version["latency"]["buckets"]) counted += bucket[1].get<int64_t>();
  EXPECT_EQ(counted, 3);
}

}  // namespace
}  // namespace slipway::splitter

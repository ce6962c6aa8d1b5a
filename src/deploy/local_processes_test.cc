// Replicas and splitters as processes: real ones, of a program that does nothing but tell where it
// listens, with answers that the test makes up and a clock that it moves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <functional>
#include <set>
#include <string>
#include <thread>

#include "core/file_system.h"
#include "core/testing.h"
#include "deploy/replica_processes.h"
#include "deploy/splitter_process.h"
#include "http/fake_http_client.h"

namespace slipway::deploy {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

// Listens at a port of its own, unless told to be mute or to fail.
constexpr const char* kProgram =
    R"sh(#!/bin/sh
here=$(dirname "$0")
while [ $# -gt 0 ]; do
  case $1 in --listening-file) file=$2 ;; esac
  shift
done
echo started >> "$here/starts"
if [ -e "$here/fails" ]; then echo "error: can't listen at its address" >&2; exit 1; fi
[ ! -e "$here/stubborn" ] || trap '' TERM
if [ ! -e "$here/mute" ]; then
  url="http://127.0.0.1:$((10000 + $$ % 50000))"
  echo "{\"event\":\"listening\",\"url\":\"$url\",\"control\":\"$url\",\"pid\":$$}" > "$file.new"
  mv "$file.new" "$file"
fi
while :; do sleep 0.02; done
)sh";

bool Eventually(const std::function<bool()>& holds) {
  constexpr int kPatience = 4000;
  for (int look = 0; look < kPatience; ++look) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

class LocalProcessesTest : public ::testing::Test {
 protected:
  LocalProcessesTest() {
    std::ofstream(program()) << kProgram;
    ::chmod(program().c_str(), S_IRWXU);
    client_.answer = [this](const http::ClientRequest& request) { return Answer(request); };
  }
  ~LocalProcessesTest() override {
    for (const char* const place : {"replicas", "splitter"}) {
      auto processes = *DetachedProcesses::Open(folder_.File(place));
      EXPECT_TRUE(Eventually([&] {
        const auto listed = *processes.List();
        for (const DetachedProcess& process : listed) (void)processes.Signal(process.id, SIGKILL);
        return std::ranges::none_of(listed, &DetachedProcess::alive);
      }));
    }
  }

  Result<http::ClientResponse> Answer(const http::ClientRequest& request) const {
    if (silent_.contains(request.url.substr(0, request.url.rfind('/'))))
      return Error(ErrorCode::kTimeout, "no answer in time");
    if (request.url.ends_with("/metrics"))
      return http::ClientResponse{.status = 404, .headers = {}, .body = {}};
    if (loading_)
      return http::ClientResponse{.status = 503, .headers = {}, .body = "it loads its model"};
    return http::ClientResponse{.status = 200, .headers = {}, .body = "ready"};
  }

  std::string program() const { return folder_.File("slipway"); }
  void Make(const std::string& mark) const { std::ofstream(folder_.File(mark)) << "\n"; }
  int Starts() const {
    const auto text = LocalFileSystem().ReadFile(folder_.File("starts"));
    return text.ok() ? static_cast<int>(std::ranges::count(*text, '\n')) : 0;
  }
  // What a program says again and again.
  void Grow(const std::string& log) const {
    std::ofstream file(log, std::ios::app);
    for (int i = 0; i < 2000; ++i) file << "warning: no space left on device\n";
  }
  void Pass(double seconds) {
    clock_.Advance(std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000)));
  }

  ReplicaProcesses OpenReplicas() {
    return *ReplicaProcesses::Open({.program = program(),
                                    .registry = folder_.path(),
                                    .directory = folder_.File("replicas"),
                                    .service = "shop",
                                    .clock = &clock_,
                                    .client = &client_});
  }
  static Release AnyRelease() {
    Release release;
    release.set = 7;
    release.model = "m";
    release.version = 1;
    release.deployment = {{"deployment_strategy", "canary"},
                          {"canary", {{"ready_timeout_seconds", 60}}}};
    return release;
  }
  static bool OneIsReady(ReplicaProcesses& replicas) {
    EXPECT_TRUE(replicas.Refresh(0).ok());
    return replicas.replicas().size() == 1 && replicas.replicas().begin()->second.ready;
  }
  static bool NoneLives(ReplicaProcesses& replicas) {
    EXPECT_TRUE(replicas.Refresh(0).ok());
    return replicas.replicas().empty();
  }

  SplitterProcess OpenSplitter(int port = 8080) {
    return *SplitterProcess::Open({.program = program(),
                                   .directory = folder_.path(),
                                   .port = port,
                                   .clock = &clock_,
                                   .client = &client_});
  }
  // The process that is there.
  DetachedProcess Splitter() const {
    auto processes = *DetachedProcesses::Open(folder_.File("splitter"));
    const auto listed = *processes.List();
    return listed.empty() ? DetachedProcess() : listed.front();
  }
  static bool IsFound(SplitterProcess& splitter) { return splitter.Find(true).ok(); }
  static std::string Trouble(SplitterProcess& splitter) {
    const auto found = splitter.Find(true);
    return found.ok() ? "" : found.error().message();
  }

  slipway::testing::TemporaryDirectory folder_;
  slipway::testing::FakeClock clock_{SystemClock().Now()};
  http::FakeHttpClient client_;
  std::set<std::string> silent_;  // URLs without their page.
  bool loading_ = false;
};

TEST_F(LocalProcessesTest, AReplicaThatHangsIsKilledAndStartedAgain) {
  ReplicaProcesses replicas = OpenReplicas();
  ASSERT_TRUE(replicas.Start(AnyRelease()).ok());
  ASSERT_TRUE(Eventually([&] { return OneIsReady(replicas); }));
  silent_.insert(replicas.replicas().begin()->second.url());
  for (int look = 0; look < 9; ++look) {
    ASSERT_TRUE(replicas.Refresh(0).ok());
    Pass(1.1);
  }
  ASSERT_THAT(replicas.replicas(), SizeIs(1)) << "it has ten seconds";
  EXPECT_FALSE(replicas.replicas().begin()->second.ready) << "and nobody is sent there";
  Pass(1.1);
  ASSERT_TRUE(Eventually([&] { return NoneLives(replicas); }));
  EXPECT_EQ(replicas.TroubleOf(7),
            "a replica was killed: it answered nothing for 10 s (no answer in time)");
  silent_.clear();
  ASSERT_TRUE(replicas.Start(AnyRelease()).ok());
  ASSERT_TRUE(Eventually([&] { return OneIsReady(replicas); }));
  EXPECT_EQ(Starts(), 2);
  EXPECT_EQ(replicas.TroubleOf(7), "");
}

TEST_F(LocalProcessesTest, AReplicaThatIsNotReadyInTimeIsKilled) {
  loading_ = true;
  ReplicaProcesses replicas = OpenReplicas();
  ASSERT_TRUE(replicas.Start(AnyRelease()).ok());
  ASSERT_TRUE(Eventually(
      [&] { return replicas.Refresh(0).ok() && replicas.TroubleOf(7) == "it loads its model"; }));
  Pass(59);
  ASSERT_TRUE(replicas.Refresh(0).ok());
  EXPECT_THAT(replicas.replicas(), SizeIs(1)) << "who answers has the time of its release";
  Pass(2);
  ASSERT_TRUE(Eventually([&] { return NoneLives(replicas); }));
  EXPECT_EQ(replicas.TroubleOf(7),
            "a replica was killed: it was not ready within 60 s (it loads its model)");
}

TEST_F(LocalProcessesTest, AReplicaThatLeavesIsLetEnd) {
  ReplicaProcesses replicas = OpenReplicas();
  ASSERT_TRUE(replicas.Start(AnyRelease()).ok());
  ASSERT_TRUE(Eventually([&] { return OneIsReady(replicas); }));
  // Who ends accepts nobody any more, and answers what it has.
  silent_.insert(replicas.replicas().begin()->second.url());
  ASSERT_TRUE(replicas.Leave(replicas.replicas().begin()->first).ok());
  for (int look = 0; look < 20; ++look) {
    ASSERT_TRUE(replicas.Refresh(0).ok());
    Pass(1.1);
  }
  EXPECT_THAT(replicas.replicas(), SizeIs(1));
}

TEST_F(LocalProcessesTest, AReplicaIsFoundAgainHoweverMuchItHasWritten) {
  ReplicaProcesses before = OpenReplicas();
  ASSERT_TRUE(before.Start(AnyRelease()).ok());
  ASSERT_TRUE(Eventually([&] { return OneIsReady(before); }));
  const Replica& known = before.replicas().begin()->second;
  Grow(folder_.File("replicas") + "/" + known.id + "/log");
  ReplicaProcesses again = OpenReplicas();
  ASSERT_TRUE(OneIsReady(again));
  EXPECT_EQ(again.replicas().begin()->second.port, known.port);
}

TEST_F(LocalProcessesTest, ASplitterIsStartedOnceAndFoundAgainHoweverMuchItHasWritten) {
  SplitterProcess before = OpenSplitter();
  EXPECT_EQ(before.Find(false).error().message(), "nothing is to be served");
  EXPECT_EQ(Trouble(before), "the splitter is starting");
  ASSERT_TRUE(Eventually([&] { return IsFound(before); }));
  Grow(folder_.File("splitter/splitter/log"));
  SplitterProcess again = OpenSplitter();
  EXPECT_TRUE(IsFound(again));
  EXPECT_EQ(Starts(), 1);
}

TEST_F(LocalProcessesTest, ASplitterThatHangsIsKilledAndStartedAgain) {
  SplitterProcess splitter = OpenSplitter();
  ASSERT_TRUE(Eventually([&] { return IsFound(splitter); }));
  splitter.Note({});
  const pid_t before = Splitter().pid;
  const Status late = Error(ErrorCode::kTimeout, "no answer in time");
  for (int look = 0; look < 5; ++look) {
    ASSERT_TRUE(IsFound(splitter)) << look;
    splitter.Note(late);
    // Others are not held up by asking it again at once.
    EXPECT_EQ(Trouble(splitter), "the splitter does not answer: no answer in time");
    Pass(2.1);
  }
  EXPECT_THAT(Trouble(splitter), HasSubstr("it did not answer for 10 s, and was killed"));
  ASSERT_TRUE(Eventually([&] { return IsFound(splitter); }));
  EXPECT_NE(Splitter().pid, before);
  EXPECT_EQ(Starts(), 2);
}

TEST_F(LocalProcessesTest, ASplitterThatRefusesWhoControlsIsKilledToo) {
  SplitterProcess splitter = OpenSplitter();
  ASSERT_TRUE(Eventually([&] { return IsFound(splitter); }));
  // What is refused as wrong is no reason.
  for (int look = 0; look < 20; ++look, Pass(1)) {
    ASSERT_TRUE(IsFound(splitter));
    splitter.Note(Error(ErrorCode::kInvalidInput, "a header route has no value"));
  }
  EXPECT_EQ(Starts(), 1);
  for (int look = 0; look < 10; ++look, Pass(1)) {
    ASSERT_TRUE(IsFound(splitter));
    splitter.Note(Error(ErrorCode::kPermission, "the splitter answers 401"));
  }
  EXPECT_THAT(Trouble(splitter), HasSubstr("was killed: the splitter answers 401"));
  ASSERT_TRUE(Eventually([&] { return IsFound(splitter); }));
  EXPECT_EQ(Starts(), 2);
}

TEST_F(LocalProcessesTest, ASplitterThatCanNotStartIsTriedLaterEachTimeAndSaysWhy) {
  Make("fails");
  SplitterProcess splitter = OpenSplitter();
  int begun = 0;
  for (const int wait : {0, 0, 1, 2, 4, 8}) {
    Pass(wait - 0.01);
    if (wait > 0) {
      EXPECT_EQ(Trouble(splitter), "the splitter ended: can't listen at its address");
    }
    Pass(0.02);
    EXPECT_THAT(Trouble(splitter), HasSubstr("the splitter is starting")) << wait;
    ++begun;
    ASSERT_TRUE(Eventually([&] { return !Splitter().alive; }));
    EXPECT_EQ(Starts(), begun);
    // It is seen to have ended.
    if (begun > 1) {
      EXPECT_THAT(Trouble(splitter), HasSubstr("can't listen"));
    }
  }
}

TEST_F(LocalProcessesTest, ASplitterThatNeverListensIsKilled) {
  Make("mute");
  SplitterProcess splitter = OpenSplitter();
  EXPECT_EQ(Trouble(splitter), "the splitter is starting");
  const pid_t before = Splitter().pid;
  Pass(29);
  EXPECT_EQ(Trouble(splitter), "the splitter is starting");
  Pass(60);
  EXPECT_THAT(Trouble(splitter), HasSubstr("it did not listen within 30 s, and was killed"));
  EXPECT_TRUE(Eventually([&] { return Splitter().pid != before; }));
}

TEST_F(LocalProcessesTest, ASplitterOfAnotherAddressGivesWay) {
  SplitterProcess before = OpenSplitter(8080);
  ASSERT_TRUE(Eventually([&] { return IsFound(before); }));
  SplitterProcess now = OpenSplitter(8081);
  EXPECT_EQ(Trouble(now), "the splitter of another address ends");
  ASSERT_TRUE(Eventually([&] { return IsFound(now); }));
  EXPECT_EQ(Splitter().facts["port"], 8081);
  EXPECT_EQ(Starts(), 2);
}

TEST_F(LocalProcessesTest, ASplitterThatDoesNotEndIsKilled) {
  Make("stubborn");
  SplitterProcess splitter = OpenSplitter();
  ASSERT_TRUE(Eventually([&] { return IsFound(splitter); }));
  EXPECT_FALSE(*splitter.End());
  Pass(9);
  EXPECT_FALSE(*splitter.End());
  EXPECT_TRUE(Splitter().alive);
  EXPECT_TRUE(*AnythingRuns(folder_.path()));
  Pass(2);
  EXPECT_TRUE(Eventually([&] { return *splitter.End(); }));
  EXPECT_FALSE(*AnythingRuns(folder_.path()));
}

TEST_F(LocalProcessesTest, RoutesThatCanNotBeReadAreNoReasonToServeNobody) {
  const std::string routes = folder_.File("routes.json");
  std::ofstream(routes) << "{\"versions\": [tor";
  SplitterProcess splitter = OpenSplitter();
  ASSERT_TRUE(Eventually([&] { return IsFound(splitter); }));
  EXPECT_FALSE(LocalFileSystem().Exists(routes));
  EXPECT_TRUE(LocalFileSystem().Exists(routes + ".damaged"));
}

TEST_F(LocalProcessesTest, ATokenThatIsLostIsReplaced) {
  (void)OpenSplitter();
  const auto first = LocalFileSystem().ReadFile(folder_.File("token"));
  (void)OpenSplitter();
  EXPECT_EQ(*LocalFileSystem().ReadFile(folder_.File("token")), *first);
  std::ofstream(folder_.File("token"), std::ios::trunc).flush();
  (void)OpenSplitter();
  EXPECT_THAT(*LocalFileSystem().ReadFile(folder_.File("token")), SizeIs(first->size()));
}

}  // namespace
}  // namespace slipway::deploy

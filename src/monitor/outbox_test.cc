// The outbox with a program in slipway's place, which says what a real one would.
#include "monitor/outbox.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <functional>
#include <sstream>

#include "core/testing.h"
#include "core/unix_time.h"
#include "deploy/fake_rollout_store.h"
#include "deploy/types.h"
#include "http/fake_http_client.h"
#include "monitor/retraining.h"

namespace slipway::monitor {
namespace {

using slipway::testing::TemporaryDirectory;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class OutboxTest : public ::testing::Test {
 protected:
  OutboxTest() {
    service.name = "churn";
    service.environment = "production";
    service.model = "churn";
    service.stable.emplace();
    service.stable->set = 1;
    service.stable->model = "churn";
    service.stable->version = 3;
    service.stable->digest = "sha256:3";
    service.rollout.emplace();
    service.rollout->revision = 1;
    service.rollout->phase = deploy::Phase::kCompleted;
    service.rollout->release = *service.stable;
    service.origin = {{"project", project.path()},
                      {"config", "it's/config.yaml"},
                      {"overrides", {"deployment.port=1"}},
                      {"strategy", "canary"}};
    service.notifications = Json::parse(R"([{"type": "log"}])");
  }

  // Writes down what it is called with.
  void Program(const std::string& run, const std::string& deploy = "exit 0") {
    std::ofstream(program) << "#!/bin/sh\nfor word in \"$@\"; do printf '%s|' \"$word\"; done >>"
                           << called << "\necho >>" << called << "\npwd >>" << called
                           << "\necho by $USER >>" << called << "\nif [ $1 = run ]; then " << run
                           << "; else " << deploy << "; fi\n";
    ::chmod(program.c_str(), S_IRWXU);
  }
  static std::string Saying(const Json& record) {
    return "echo '{\"event\": \"step\"}'; echo '" + record.dump() + "'";
  }
  static Json Record(const std::string& status, int64_t version) {
    return {{"status", status},
            {"model", "churn"},
            {"version", version},
            {"digest", "sha256:" + std::to_string(version)}};
  }
  void Keep() {
    deploy::ServiceChange change;
    change.service = service.name;
    const auto record = store.Find(service.name);
    if (*record) change.generation = (*record)->generation;
    change.document = ToJson(service);
    ASSERT_TRUE(store.Write(change).ok());
  }
  Result<Retraining> Train() {
    if (const auto record = store.Find(service.name); !*record) Keep();
    deploy::Effect effect;
    effect.service = service.name;
    effect.kind = kRetrain;
    effect.detail = {{"at_ms", 1'764'398'467'000}, {"reason", "drift's here"}};
    return Retrain(effect, {.store = &store,
                            .registered = [this](const std::string&) { return registered; },
                            .processes = &LocalProcessRunner(),
                            .program = program,
                            .directory = folder.path()});
  }
  std::string Called() const {
    std::ifstream file(called);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  static std::string WithoutActors(const std::string& text) {
    std::istringstream lines(text);
    std::string kept;
    for (std::string line; std::getline(lines, line);)
      if (!line.starts_with("by")) kept += line + "\n";
    return kept;
  }

  TemporaryDirectory folder, project;
  std::string program = folder.File("slipway"), called = folder.File("called");
  std::vector<Registered> registered;
  deploy::Service service;
  deploy::FakeRolloutStore store;
};

TEST_F(OutboxTest, ARunThatPassesIsDeployedAsBefore) {
  // Longer than a line that is read through a pipe may be.
  Json record = Record("passed", 4);
  record["gates"] = Json::array({{{"name", "size"}, {"reason", std::string(9000, 'x')}}});
  Program(Saying(record) + "; echo 'warning: it is late' >&2");
  const auto done = Train();
  ASSERT_TRUE(done.ok()) << done.error().ToString();
  EXPECT_EQ(done->text, "trained churn:4, which is being deployed");
  EXPECT_EQ(done->detail, Json({{"outcome", "deployed"}, {"trained", "churn:4"}}));
  const std::string common =
      "--config|it's/config.yaml|--env|production|--output|json|--set|deployment.port=1|";
  const std::string called_with = Called();
  EXPECT_THAT(called_with, HasSubstr("by monitor\n"));
  EXPECT_EQ(WithoutActors(called_with),
            "run|" + common + "\n" + project.path() + "\ndeploy|" + common +
                "churn:4|--detach|--strategy|canary|--reason|drift's here|\n" + project.path() +
                "\n");
}

TEST_F(OutboxTest, ARunThatDoesNotPassIsNotDeployedAndSaysWhy) {
  Json record = Record("failed", 4);
  record["gates"] = Json::parse(R"([{"name": "size", "verdict": "pass", "reason": "small"},
      {"name": "accuracy", "verdict": "fail", "reason": "accuracy 0.61 is below 0.85"},
      {"name": "late", "verdict": "fail", "reason": "late", "dry_run": true}])");
  Program(Saying(record) + "; exit 1");
  const auto done = Train();
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(done->text,
            "trained churn:4, which did not pass its gates and is not deployed: accuracy 0.61 is "
            "below 0.85");
  EXPECT_EQ(done->detail["outcome"], "not passed");
  EXPECT_THAT(Called(), Not(HasSubstr("deploy|")));
}

TEST_F(OutboxTest, ARunThatFailsSaysWhatWasWrong) {
  Program("echo 'error: config.yaml:3:1: no such key' >&2; echo 'error: more' >&2; exit 2");
  auto done = Train();
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(done->text, "the run failed: config.yaml:3:1: no such key");
  EXPECT_EQ(done->detail, Json({{"outcome", "failed"}}));
  Program("kill -9 $$");
  done = Train();
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(done->text, "the run failed: ended by signal 9");
}

// The cache gives what an earlier run made of the same data.
TEST_F(OutboxTest, AVersionThatThereWasBeforeIsNothingNew) {
  Program(Saying(Record("passed", 4)));
  registered = {{.digest = "sha256:5", .at = "2025-11-29T06:41:06.999Z", .rollback = ""},
                {.digest = "sha256:4", .at = "2025-11-29T06:41:06.999Z", .rollback = ""}};
  auto done = Train();
  EXPECT_EQ(done->text,
            "nothing new to learn from: the run came to churn:4, which there was before");
  EXPECT_EQ(done->detail, Json({{"outcome", "unchanged"}, {"trained", "churn:4"}}));
  EXPECT_THAT(Called(), Not(HasSubstr("deploy|")));
  // By a run for the same alert that ended with its controller.
  registered[1].at = "2025-11-29T06:41:07.000Z";
  EXPECT_EQ(Train()->text, "trained churn:4, which is being deployed");
}

TEST_F(OutboxTest, AVersionThatWasGoneBackFromIsNeverDeployedByItself) {
  constexpr const char* kText =
      "the run came to churn:4, which is not deployed: it was gone back from";
  Program(Saying(Record("passed", 4)));
  registered = {{.digest = "sha256:4",
                 .at = "2025-11-29T06:41:08.000Z",
                 .rollback = "churn revision 7: error_rate"}};
  auto done = Train();
  EXPECT_EQ(done->text, kText);
  EXPECT_EQ(done->detail["outcome"], "not deployed");
  registered.clear();
  service.watched = {{"actions", {{"left", {"sha256:4"}}}}};
  Keep();
  EXPECT_EQ(Train()->text, kText);
  EXPECT_THAT(Called(), Not(HasSubstr("deploy|")));
  // What another service thinks of it is its own.
  registered = {{.digest = "sha256:4",
                 .at = "2025-11-29T06:41:08.000Z",
                 .rollback = "churn-staging revision 7: error_rate"}};
  service.watched = Json::object();
  Keep();
  EXPECT_EQ(Train()->text, "trained churn:4, which is being deployed");
}

TEST_F(OutboxTest, WhatADeploymentRefusesIsTold) {
  Program(Saying(Record("passed", 4)), "echo 'error: the port is taken' >&2; exit 3");
  const auto done = Train();
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(done->text, "trained churn:4, which is not deployed: the port is taken");
  EXPECT_EQ(done->detail["outcome"], "not deployed");
}

TEST_F(OutboxTest, WhoeverDeploysMeanwhileKnowsBetter) {
  Program(Saying(Record("passed", 4)));
  service.rollout->revision = 2;
  service.rollout->phase = deploy::Phase::kProgressing;
  service.rollout->release.digest = "sha256:7";
  auto done = Train();
  EXPECT_THAT(done->text, HasSubstr("revision 2 is being rolled out"));
  EXPECT_THAT(done->text, HasSubstr("slipway deploy churn:4"));
  // Of a controller that ended in between.
  service.rollout->release.digest = "sha256:4";
  Keep();
  EXPECT_EQ(Train()->text, "trained churn:4, which is being deployed");
  service.rollout->phase = deploy::Phase::kCompleted;
  service.stable->digest = "sha256:4";
  service.stable->version = 4;
  Keep();
  EXPECT_EQ(Train()->text, "nothing new to learn from: churn:4 stays");
  service.down = true;
  Keep();
  EXPECT_EQ(Train()->text, "not trained: the service is down");
  EXPECT_THAT(Called(), Not(HasSubstr("deploy|")));
}

// A disk that is full: nothing of the outbox can be finished.
class FullStore : public deploy::FakeRolloutStore {
 public:
  Status FinishEffect(int64_t id) override {
    ++tries;
    if (full) return Error(ErrorCode::kIo, "the disk is full");
    return FakeRolloutStore::FinishEffect(id);
  }
  std::atomic<bool> full = true;
  std::atomic<int> tries = 0;
};

void WaitFor(const std::function<bool()>& done) {
  constexpr double kMostSeconds = 60;
  const Stopwatch watch;
  while (watch.seconds() < kMostSeconds && !done())
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_TRUE(done());
}

deploy::ServiceChange MessagesTo(const std::vector<NotifyTarget>& targets) {
  deploy::ServiceChange change;
  change.service = "churn";
  deploy::Effect message;
  message.detail = {{"event", "alert raised"}};
  change.effects = PerTarget(message, targets);
  return change;
}

TEST_F(OutboxTest, WhatWasDeliveredAndCanNotBeFinishedIsNotDeliveredAgain) {
  FullStore full;
  ASSERT_TRUE(full.Write(MessagesTo({{"log", "", "", ""}})).ok());
  std::atomic<int> told = 0;
  http::FakeHttpClient client;
  Notifier notifier(client, LocalProcessRunner(), LocalFileSystem(),
                    [&](const std::string&) { ++told; },
                    {.webhook_secret = "", .folder = folder.path()});
  {
    const Outbox outbox({.store = &full,
                         .notifier = &notifier,
                         .processes = &LocalProcessRunner(),
                         .registered = {},
                         .program = program,
                         .directory = folder.path()});
    WaitFor([&] { return full.tries > 1; });
    full.full = false;
    WaitFor([&] { return full.DueEffects(UnixMilliseconds(), 10)->empty(); });
  }
  EXPECT_EQ(told, 1);
}

TEST_F(OutboxTest, NoTargetWaitsForAnother) {
  // Each ends only when the others have begun.
  std::vector<NotifyTarget> targets;
  std::string wait;
  for (const char* name : {"a", "b", "c"}) wait += fmt::format("[ -e {} ] && ", project.File(name));
  for (const char* name : {"a", "b", "c"}) {
    targets.push_back(
        {"command", "",
         fmt::format("touch {}; until {} true; do sleep 0.01; done", project.File(name), wait),
         project.path()});
  }
  ASSERT_TRUE(store.Write(MessagesTo(targets)).ok());
  http::FakeHttpClient client;
  Notifier notifier(client, LocalProcessRunner(), LocalFileSystem(), [](const std::string&) {},
                    {.webhook_secret = "", .folder = folder.path()});
  const Outbox outbox({.store = &store,
                       .notifier = &notifier,
                       .processes = &LocalProcessRunner(),
                       .registered = {},
                       .program = program,
                       .directory = folder.path()});
  WaitFor([&] { return store.DueEffects(UnixMilliseconds(), 10)->empty(); });
}

TEST_F(OutboxTest, ARunHoldsUpNoMessageAndWhatItComesToIsTold) {
  // It goes on until the message is there.
  const std::string told = project.File("told");
  Program("while [ ! -e " + told + " ]; do sleep 0.01; done; " + Saying(Record("passed", 4)));
  deploy::ServiceChange change;
  change.service = service.name;
  change.document = ToJson(service);
  deploy::Effect run, message;
  run.kind = kRetrain;
  const NotifyTarget target = {"command", "", "touch " + told, ""};
  message.detail = {{"event", "alert raised"}};
  message = PerTarget(message, {target}).at(0);
  change.effects = {run, message};
  ASSERT_TRUE(store.Write(change).ok());
  http::FakeHttpClient client;
  Notifier notifier(client, LocalProcessRunner(), LocalFileSystem(), [](const std::string&) {},
                    {.webhook_secret = "", .folder = folder.path()});
  {
    const Outbox outbox({.store = &store,
                         .notifier = &notifier,
                         .processes = &LocalProcessRunner(),
                         .registered = {},
                         .program = program,
                         .directory = folder.path()});
    WaitFor([&] { return store.DueEffects(UnixMilliseconds(), 10)->empty(); });
  }
  std::vector<std::string> texts;
  const auto events = store.Events(service.name, 0, 0, 10);
  for (const deploy::RolloutEvent& event : *events) texts.push_back(event.kind + " " + event.text);
  EXPECT_THAT(texts, ElementsAre("retrain trained churn:4, which is being deployed"));
}

}  // namespace
}  // namespace slipway::monitor

#include "monitor/notify.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>

#include "core/hash.h"
#include "core/testing.h"
#include "http/fake_http_client.h"

namespace slipway::monitor {
namespace {

using slipway::testing::TemporaryDirectory;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Outcome = Delivered::Outcome;

constexpr int64_t kNow = 1'764'398'467'000;
constexpr const char* kSecretPath = "/services/T0/B0/QUIET";

const Json kEvent = Json::parse(R"({"event": "alert raised", "service": "churn",
  "environment": "production", "model": "churn", "version": 3, "revision": 4, "at_ms": 1764398466000,
  "text": "error_rate 5.00 % is above 1 % <&>", "alert": "error_rate", "value": 0.05})");

class NotifyTest : public ::testing::Test {
 protected:
  NotifyTest() {
    ::setenv("SLIPWAY_TEST_HOOK", (std::string("https://hooks.example") + kSecretPath).c_str(), 1);
  }
  ~NotifyTest() override { ::unsetenv("SLIPWAY_TEST_HOOK"); }

  Delivered Deliver(const NotifyTarget& target, int64_t attempts = 0) {
    deploy::Effect effect;
    effect.id = 17;
    effect.service = "churn";
    effect.kind = "notify";
    effect.detail = kEvent;
    deploy::Effect one = PerTarget(effect, {target}).at(0);
    key = GetString(one.detail, "key");
    one.id = 18;
    one.attempts = attempts;
    Notifier notifier(client, LocalProcessRunner(), LocalFileSystem(),
                      [this](const std::string& line) { log.push_back(line); },
                      {.webhook_secret = secret, .folder = folder.path()});
    return notifier.Deliver(one, kNow);
  }
  std::string Header(const std::string& name) const {
    const http::ClientRequest last = client.requests().back();
    for (const http::ClientHeader& header : last.headers)
      if (header.name == name) return header.value;
    return "";
  }

  TemporaryDirectory folder;
  http::FakeHttpClient client;
  std::vector<std::string> log;
  std::string secret = "s3cret";
  std::string key;  // Of what was delivered last.
  const NotifyTarget slack = {"slack", "${SLIPWAY_TEST_HOOK}", "", ""};
  const NotifyTarget webhook = {"webhook", "${SLIPWAY_TEST_HOOK}", "", ""};
};

TEST_F(NotifyTest, AnEffectIsSplitIntoOneATarget) {
  deploy::Effect effect;
  effect.id = 5;
  effect.service = "churn";
  effect.kind = "notify";
  effect.detail = kEvent;
  deploy::Service service;
  service.notifications = Json::parse(
      R"([{"type": "slack", "url": "${A}"}, {"type": "log"}, {"type": "command", "run": "x"}])");
  service.origin = {{"project", "/home/churn"}};
  const auto effects = PerTarget(effect, TargetsOf(service));
  ASSERT_EQ(effects.size(), 3U);
  EXPECT_EQ(effects[0].kind, kDelivery);
  EXPECT_EQ(effects[0].service, "churn");
  EXPECT_EQ(effects[0].detail["target"], Json::parse(R"({"type": "slack", "url": "${A}"})"));
  EXPECT_EQ(effects[2].detail["target"],
            Json::parse(R"({"type": "command", "run": "x", "directory": "/home/churn"})"));
  EXPECT_EQ(effects[2].detail["event"], kEvent);
  EXPECT_THAT(PerTarget(effect, {}), IsEmpty());
}

TEST_F(NotifyTest, AKeyIsThatOfOneMessageToOneTarget) {
  deploy::Effect effect;
  effect.detail = kEvent;
  const auto keys = [&] {
    std::vector<std::string> all;
    for (const deploy::Effect& one : PerTarget(effect, {webhook, webhook}))
      all.push_back(GetString(one.detail, "key"));
    return all;
  };
  const std::vector<std::string> first = keys();
  EXPECT_EQ(first[0].size(), 32U);
  EXPECT_NE(first[0], first[1]);
  effect.id = 7;  // Wherever and whenever it is stored.
  EXPECT_EQ(keys(), first);
  effect.detail["environment"] = "staging";
  EXPECT_NE(keys()[0], first[0]);
}

TEST_F(NotifyTest, WhatAnOlderBuildStoredGoesByItsId) {
  deploy::Effect effect;
  effect.detail = kEvent;
  deploy::Effect one = PerTarget(effect, {webhook}).at(0);
  one.detail.erase("key");
  one.id = 23;
  client.Queue(200, "");
  Notifier notifier(client, LocalProcessRunner(), LocalFileSystem(), [](const std::string&) {}, {});
  EXPECT_EQ(notifier.Deliver(one, kNow).outcome, Outcome::kDone);
  EXPECT_EQ(Header("Idempotency-Key"), "23");
  EXPECT_EQ(Json::parse(client.requests().at(0).body)["id"], "23");
}

TEST_F(NotifyTest, AWebhookGetsASignedDocumentOfAStableShape) {
  client.Queue(204, "");
  EXPECT_EQ(Deliver(webhook).outcome, Outcome::kDone);
  const http::ClientRequest request = client.requests().at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, std::string("https://hooks.example") + kSecretPath);
  Json document = Json::parse(request.body);
  EXPECT_EQ(document["id"], key);
  document.erase("id");
  EXPECT_EQ(
      document,
      Json::parse(
          R"({"schema": "slipway.notification/1", "event": "alert raised", "at": "2025-11-29T06:41:06.000Z", "service": "churn",
    "environment": "production", "model": "churn", "version": 3, "revision": 4,
    "text": "error_rate 5.00 % is above 1 % <&>",
    "detail": {"alert": "error_rate", "value": 0.05}})"));
  EXPECT_EQ(Header("Idempotency-Key"), key);
  EXPECT_EQ(Header("X-Slipway-Signature"),
            "t=1764398467,v1=" + HmacSha256Hex("s3cret", "1764398467." + request.body));
  secret = "";
  client.Queue(200, "");
  EXPECT_EQ(Deliver(webhook).outcome, Outcome::kDone);
  EXPECT_EQ(Header("X-Slipway-Signature"), "");
}

TEST_F(NotifyTest, SlackGetsTextAndBlocks) {
  client.Queue(200, "ok");
  EXPECT_EQ(Deliver(slack).outcome, Outcome::kDone);
  const Json body = Json::parse(client.requests().at(0).body);
  EXPECT_EQ(body["text"],
            "churn (production): alert raised: error_rate 5.00 % is above 1 % &lt;&amp;&gt;");
  EXPECT_EQ(body["blocks"][0]["text"]["text"], "churn (production): alert raised");
  EXPECT_EQ(body["blocks"][1]["text"]["type"], "mrkdwn");
  EXPECT_EQ(body["blocks"][2]["elements"][0]["text"], "churn:3 · revision 4");
  EXPECT_EQ(Header("X-Slipway-Signature"), "");
  Json longer = kEvent;
  longer["text"] = std::string(2799, 'x') + "äöü";
  EXPECT_LE(SlackDocument(longer)["blocks"][1]["text"]["text"].get<std::string>().size(), 3000U);
  EXPECT_NO_THROW(SlackDocument(longer).dump());  // Cut between code points.
}

TEST_F(NotifyTest, WhatMayGoBetterIsTriedAgainAndTheRestIsGivenUp) {
  for (const int status : {408, 429, 500, 503}) {
    client.Queue(status, "");
    const Delivered delivered = Deliver(webhook);
    EXPECT_EQ(delivered.outcome, Outcome::kRetry) << status;
    EXPECT_GT(delivered.due_ms, kNow);
  }
  EXPECT_THAT(log, IsEmpty());
  for (const int status : {301, 400, 404, 410}) {
    client.Queue(status, "");
    const Delivered delivered = Deliver(webhook);
    EXPECT_EQ(delivered.outcome, Outcome::kGivenUp) << status;
    EXPECT_EQ(delivered.error,
              "webhook (${SLIPWAY_TEST_HOOK}): answered " + std::to_string(status));
  }
  EXPECT_EQ(log.size(), 4U);
  EXPECT_THAT(log[0], HasSubstr("given up after 1 attempt"));
  EXPECT_EQ(Deliver(webhook, kMostAttempts - 2).outcome, Outcome::kRetry);  // Nobody answers.
  EXPECT_EQ(Deliver(webhook, kMostAttempts - 1).outcome, Outcome::kGivenUp);
  client.Queue(
      http::ClientResponse{.status = 429, .headers = {{"Retry-After", "120"}}, .body = ""});
  EXPECT_EQ(Deliver(webhook).due_ms, kNow + 120'000);
}

TEST_F(NotifyTest, AReceiverSaysWhenToComeAgainBySecondsOrADate) {
  const auto due = [&](const std::string& value) {
    client.Queue(
        http::ClientResponse{.status = 429, .headers = {{"Retry-After", value}}, .body = ""});
    return Deliver(webhook).due_ms - kNow;
  };
  EXPECT_EQ(due("7200"), 7'200'000);
  EXPECT_EQ(due("86400"), 6 * 3'600'000);
  EXPECT_EQ(due("Sat, 29 Nov 2025 06:43:07 GMT"), 120'000);
  EXPECT_EQ(due("Sat, 29 Nov 2036 06:43:07 GMT"), 6 * 3'600'000);
  for (const char* none : {"soon", "12 monkeys", "-5", "Sat, 29 Nov 2025 06:43:07 GMT!", ""})
    EXPECT_LT(due(none), 10'000) << none;
}

TEST_F(NotifyTest, TheStatusAloneDecides) {
  client.Queue(200, "");
  Deliver(webhook);
  EXPECT_FALSE(client.requests().back().reads_body);
}

TEST_F(NotifyTest, NoSecretIsTold) {
  client.answer = [](const http::ClientRequest& request) -> Result<http::ClientResponse> {
    return Error(ErrorCode::kUnavailable, request.url + ": nobody is there");
  };
  for (const std::string& url : {std::string("${SLIPWAY_TEST_HOOK}"),
                                 std::string("https://u:QUIET@hooks.example/QUIET?QUIET"),
                                 std::string("${SLIPWAY_TEST_NONE:-https://x/QUIET}"),
                                 std::string("https://hooks.example/QUIET/${SLIPWAY_TEST_NONE}")}) {
    const Delivered retry = Deliver({"slack", url, "", ""});
    EXPECT_EQ(retry.outcome, Outcome::kRetry);
    EXPECT_THAT(retry.error, Not(HasSubstr("QUIET")));
    const Delivered last = Deliver({"slack", url, "", ""}, kMostAttempts);
    EXPECT_EQ(last.outcome, Outcome::kGivenUp);
    EXPECT_THAT(log.back(), Not(HasSubstr("QUIET")));
  }
  EXPECT_EQ(Deliver(slack).error, "slack (${SLIPWAY_TEST_HOOK}): nobody is there");
  EXPECT_EQ(Deliver({"slack", "${SLIPWAY_TEST_NONE}", "", ""}).error,
            "slack (${SLIPWAY_TEST_NONE}): environment variable SLIPWAY_TEST_NONE is not set");
}

TEST_F(NotifyTest, AttemptsGoOnForAboutADay) {
  int64_t at = 0;
  for (int64_t attempt = 0; attempt + 1 < kMostAttempts; ++attempt) {
    const int64_t next = NextAttemptMs(3, attempt, at);
    EXPECT_GE(next - at, 4000);
    EXPECT_LE(next - at, 4'320'000);
    at = next;
  }
  EXPECT_NEAR(static_cast<double>(at) / 3'600'000, 23.4, 3);
  EXPECT_EQ(NextAttemptMs(3, 4, kNow), NextAttemptMs(3, 4, kNow));
  EXPECT_NE(NextAttemptMs(3, 4, kNow), NextAttemptMs(4, 4, kNow));
}

TEST_F(NotifyTest, ALogGetsALine) {
  EXPECT_EQ(Deliver({"log", "", "", ""}).outcome, Outcome::kDone);
  EXPECT_THAT(log,
              ElementsAre("churn (production): alert raised: error_rate 5.00 % is above 1 % <&>"));
}

TEST_F(NotifyTest, ACommandGetsTheEventInAVariableAndAFile) {
  const TemporaryDirectory project;
  const std::string out = project.File("out.json");
  const NotifyTarget command = {"command", "",
                                "test \"$SLIPWAY_EVENT\" = \"$(cat $SLIPWAY_EVENT_FILE)\" && cp "
                                "$SLIPWAY_EVENT_FILE out.json",
                                project.path()};
  EXPECT_EQ(Deliver(command).outcome, Outcome::kDone);
  std::ifstream file(out);
  EXPECT_EQ(Json::parse(file), WebhookDocument(key, kEvent));
  EXPECT_THAT(*LocalFileSystem().List(folder.path()), IsEmpty());
  // It may take the file away.
  EXPECT_EQ(Deliver({"command", "", "mv $SLIPWAY_EVENT_FILE moved.json", project.path()}).outcome,
            Outcome::kDone);
  const Delivered failed = Deliver({"command", "", "echo QUIET; exit 3", ""});
  EXPECT_EQ(failed.outcome, Outcome::kRetry);
  EXPECT_EQ(failed.error, "command: ended with 3");
}

// What stands in a variable is no part of the command.
TEST_F(NotifyTest, ACommandIsTheShellsAlone) {
  const TemporaryDirectory project;
  ::setenv("SLIPWAY_TEST_HOOK", "x'; touch injected; echo '", 1);
  const NotifyTarget command = {"command", "",
                                "printf '%s' '${SLIPWAY_TEST_HOOK}' > single; "
                                "printf '%s' \"${SLIPWAY_TEST_HOOK}\" > double; "
                                "cp \"${SLIPWAY_EVENT_FILE}\" event.json",
                                project.path()};
  EXPECT_EQ(Deliver(command).outcome, Outcome::kDone);
  EXPECT_EQ(*LocalFileSystem().ReadFile(project.File("single")), "${SLIPWAY_TEST_HOOK}");
  EXPECT_EQ(*LocalFileSystem().ReadFile(project.File("double")), "x'; touch injected; echo '");
  EXPECT_TRUE(LocalFileSystem().Exists(project.File("event.json")));
  EXPECT_FALSE(LocalFileSystem().Exists(project.File("injected")));
}

TEST_F(NotifyTest, WhatIsNoDeliveryIsGivenUp) {
  EXPECT_EQ(Deliver({"pigeon", "", "", ""}).outcome, Outcome::kGivenUp);
  Notifier notifier(client, LocalProcessRunner(), LocalFileSystem(), [](const std::string&) {}, {});
  EXPECT_EQ(notifier.Deliver({}, kNow).outcome, Outcome::kGivenUp);
}

}  // namespace
}  // namespace slipway::monitor

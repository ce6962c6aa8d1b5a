#include "serve/prediction_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <set>
#include <thread>

#include "data/fake_object_store.h"
#include "serve/prediction_log_testing_internal.h"
#include "serve/spool_writer_internal.h"

namespace slipway::serve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

class PredictionLogTest : public ::testing::Test {
 protected:
  PredictionLogTest() {
    options_.place = folder_.File("log");
    options_.drain_seconds = 0.001;
    options_.tell = [this](const std::string& message) {
      const std::lock_guard lock(mutex_);
      told_.push_back(message);
    };
  }

  std::unique_ptr<PredictionLog> Open(int loops = 1) {
    auto log = PredictionLog::Open(options_, loops);
    EXPECT_TRUE(log.ok()) << log.error().ToString();
    return log.ok() ? *std::move(log) : nullptr;
  }
  static void Stop(PredictionLog* log) {
    const Status stopped = log->Stop();
    EXPECT_TRUE(stopped.ok()) << stopped.error().ToString();
  }
  std::vector<std::string> IdsIn(const std::string& part = "predictions") {
    return RowsIn(options_.place, part, {"request_id", "row"});
  }
  static void WaitFor(const std::function<bool()>& condition) {
    constexpr double kMostSeconds = 60;
    const Stopwatch watch;
    while (!condition()) {
      ASSERT_LT(watch.seconds(), kMostSeconds);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  static Feedback Label(const std::string& id, const std::string& text, int64_t row = 0) {
    return {.request_id = id, .row = row, .label = {.text = text, .number = NumberOfText(text)}};
  }

  testing::TemporaryDirectory folder_;
  PredictionLogOptions options_;
  std::mutex mutex_;  // Guards told_.
  std::vector<std::string> told_;
  const ServedModel churn_ = ModelOf("churn", "3");
};

TEST_F(PredictionLogTest, ARowHasWhatWasAskedAndAnswered) {
  const auto log = Open();
  const LoggedModel* const model = log->Register(churn_);
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  log->Record(0, Answered(churn_, "odd", 2, 5).Of(model, std::chrono::nanoseconds(now).count()));
  const auto before = SystemClock().Now();
  Stop(log.get());
  const auto segments = SegmentsIn(options_.place);
  ASSERT_THAT(segments, SizeIs(1));
  EXPECT_THAT(segments[0],
              HasSubstr("/log/churn/predictions/" + FormatTimestamp(before).substr(0, 10) + "/"));
  const data::Table table = ReadSegment(segments[0]);
  std::vector<std::string> names;
  for (const data::Column& column : table.columns) names.push_back(column.name);
  EXPECT_THAT(names, ElementsAre("time", "request_id", "row", "model", "version", "digest",
                                 "latency_ms", "trace_id", "input.age", "input.city", "input.since",
                                 "label", "probability_no", "probability_yes"));
  EXPECT_THAT(RowsIn(options_.place, "",
                     {"request_id", "row", "model", "version", "digest", "latency_ms", "trace_id",
                      "input.age", "input.city", "label", "probability_no", "probability_yes"}),
              ElementsAre("odd 0 churn 3 sha256:churn3 2 0af7651916cd43dd8448eb211c80319c 5 Genf "
                          "yes 0 0.75",
                          "odd 1 churn 3 sha256:churn3 2 0af7651916cd43dd8448eb211c80319c - - no "
                          "0.75 0"));
  EXPECT_EQ(table.Find("input.since")->type, data::ColumnType::kTimestamp);
  EXPECT_EQ(table.Find("input.since")->numbers[0], 5);
  EXPECT_NEAR(table.Find("time")->numbers[0],
              std::chrono::duration<double>(before.time_since_epoch()).count(), 60);
  EXPECT_EQ(log->Stats().segments, 1);
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(PredictionLogTest, AReplicaNamesItsService) {
  options_.service = "shop-staging";
  const auto log = Open();
  log->Record(0, Answered(churn_, "a", 2, 5).Of(log->Register(churn_)));
  Stop(log.get());
  EXPECT_THAT(RowsIn(options_.place, "", {"request_id", "digest", "service"}),
              ElementsAre("a sha256:churn3 shop-staging", "a sha256:churn3 shop-staging"));
}

TEST_F(PredictionLogTest, NothingIsLostOnACleanStop) {
  constexpr int kLoops = 3, kRequests = 4000;
  options_.segment_rows = 5000;
  const auto log = Open(kLoops);
  const LoggedModel* const model = log->Register(churn_);
  std::vector<std::thread> loops;
  std::set<std::string> expected;
  for (int loop = 0; loop < kLoops; ++loop) {
    for (int i = 0; i < kRequests; ++i) {
      for (int row = 0; row <= i % 3; ++row) expected.insert(fmt::format("{}-{} {}", loop, i, row));
    }
    loops.emplace_back([&, loop] {
      for (int i = 0; i < kRequests; ++i) {
        log->Record(loop, Answered(churn_, fmt::format("{}-{}", loop, i), 1 + i % 3, i).Of(model));
      }
    });
  }
  for (std::thread& loop : loops) loop.join();
  Stop(log.get());
  const PredictionLogStats stats = log->Stats();
  const auto rows = std::ssize(expected);
  EXPECT_EQ(stats.recorded, rows);
  EXPECT_EQ(stats.written, rows);
  EXPECT_EQ(stats.dropped, 0);
  EXPECT_EQ(stats.waiting_bytes, 0);
  EXPECT_GE(stats.segments, 2);
  EXPECT_THAT(IdsIn(), ::testing::ElementsAreArray(expected));
  // Neither rows nor folders wait.
  EXPECT_TRUE(std::filesystem::is_empty(options_.place + "/.spool"));
}

TEST_F(PredictionLogTest, AFullQueueDropsAndCountsAndDoesNotWait) {
  options_.queue_bytes = 4096;
  options_.drain_seconds = 3600;
  const auto log = Open();
  const LoggedModel* const model = log->Register(churn_);
  for (int i = 0; i < 1000; ++i) log->Record(0, Answered(churn_, std::to_string(i)).Of(model));
  const PredictionLogStats stats = log->Stats();
  EXPECT_GT(stats.recorded, 10);
  EXPECT_EQ(stats.recorded + stats.dropped, 1000);
  const std::vector<Feedback> labels(1000, Label("1", "yes"));
  EXPECT_EQ(log->RecordFeedback(0, model, labels, {}), log->Stats().feedback_count);
  EXPECT_GT(log->Stats().feedback_dropped, 900);
  Stop(log.get());
  EXPECT_EQ(log->Stats().written, stats.recorded + log->Stats().feedback_count);
  EXPECT_THAT(IdsIn(), SizeIs(static_cast<size_t>(stats.recorded)));
}

TEST_F(PredictionLogTest, ALargeRequestGoesInPieces) {
  constexpr int64_t kRows = 30'000;
  const auto log = Open();
  log->Record(0, Answered(churn_, "large", kRows).Of(log->Register(churn_)));
  Stop(log.get());
  EXPECT_EQ(log->Stats().recorded, kRows);
  const auto rows = RowsIn(options_.place, "", {"row", "input.age"});
  ASSERT_THAT(rows, SizeIs(kRows));
  EXPECT_EQ(rows.back(), "9999 9999");
}

TEST_F(PredictionLogTest, ANewVersionHasSegmentsOfItsOwn) {
  const auto log = Open();
  const ServedModel next = ModelOf("churn", "4", {"a", "b", "c"}),
                    price = ModelOf("price", "1", {});
  const LoggedModel* const model = log->Register(churn_);
  EXPECT_EQ(log->Register(ModelOf("churn", "3")), model);
  for (int i = 0; i < 10; ++i) {
    log->Record(0, Answered(churn_, "old" + std::to_string(i), 1, i).Of(model));
    log->Record(0, Answered(next, "new" + std::to_string(i), 1, i).Of(log->Register(next)));
    log->Record(0, Answered(price, "price" + std::to_string(i), 1, i).Of(log->Register(price)));
  }
  Stop(log.get());
  EXPECT_THAT(SegmentsIn(options_.place, "/churn/predictions/"), SizeIs(2));
  EXPECT_THAT(SegmentsIn(options_.place, "/price/predictions/"), SizeIs(1));
  const auto rows = RowsIn(options_.place, "churn", {"request_id", "version", "label"});
  ASSERT_THAT(rows, SizeIs(20));
  EXPECT_EQ(rows[2], "new2 4 c");
  EXPECT_EQ(rows[12], "old2 3 no");
  EXPECT_EQ(RowsIn(options_.place, "price", {"request_id", "prediction"})[3], "price3 1.5");
}

TEST_F(PredictionLogTest, AnObservationThatIsNotOfItsModelIsDropped) {
  const auto log = Open();
  const ServedModel price = ModelOf("price", "1", {});
  log->Record(0, Answered(price, "a").Of(log->Register(churn_)));
  Stop(log.get());
  EXPECT_EQ(log->Stats().dropped, 1);
  EXPECT_THAT(SegmentsIn(options_.place), IsEmpty());
}

TEST_F(PredictionLogTest, ServersThatSampleKeepTheSameRequests) {
  options_.sample = 0.25;
  const auto first = Open(), second = Open();
  for (int i = 0; i < 2000; ++i) {
    const Answered answered(churn_, "id" + std::to_string(i), 2);
    for (auto* log : {first.get(), second.get()})
      log->Record(0, answered.Of(log->Register(churn_)));
  }
  Stop(first.get());
  const auto once = IdsIn();
  Stop(second.get());
  const PredictionLogStats stats = first->Stats();
  EXPECT_EQ(stats.recorded, std::ssize(once));
  EXPECT_EQ(stats.recorded + stats.sampled_out, 4000);
  EXPECT_NEAR(static_cast<double>(stats.recorded), 1000, 150);
  const auto twice = IdsIn();
  ASSERT_EQ(twice.size(), 2 * once.size());
  for (size_t i = 0; i < once.size(); ++i) EXPECT_EQ(twice[2 * i], once[i]);
}

// Labels may come much later than what they are of.
TEST_F(PredictionLogTest, LabelsAreCountedApartByTheEpochOfTheirPredictions) {
  const auto log = Open(1);
  const LoggedModel* const churn = log->Register(churn_);
  int64_t told = 0;
  const auto label = [&](const char* id, int64_t row, const char* text) {
    EXPECT_EQ(log->RecordFeedback(0, churn, std::vector{Label(id, text, row)}, {}), 1);
    ++told;
    while (log->Stats().feedback_matched + log->Stats().feedback_unmatched < told)
      std::this_thread::yield();
  };
  // Of a row that has a label a later one changes what is counted, and not how many there are.
  const auto relabel = [&](const char* id, int64_t row, const char* text, int64_t correct) {
    EXPECT_EQ(log->RecordFeedback(0, churn, std::vector{Label(id, text, row)}, {}), 1);
    while (log->Stats().scores[0].all.correct != correct) std::this_thread::yield();
  };
  log->Record(0, Answered(churn_, "old", 3).Of(churn));  // no, yes, no
  label("old", 0, "no");
  FeedbackScore score = log->Stats().scores.at(0);
  EXPECT_EQ(score.epoch, 0);
  EXPECT_EQ(score.in_epoch.matched, 0);
  log->BeginEpoch(7);
  log->Record(0, Answered(churn_, "new", 3).Of(churn));
  label("new", 0, "no");
  label("old", 1, "no");
  label("new", 1, "no");
  relabel("old", 0, "yes", 1);
  log->BeginEpoch(7);
  score = log->Stats().scores.at(0);
  EXPECT_EQ(score.all.matched, 4);
  EXPECT_EQ(score.all.correct, 1);
  EXPECT_EQ(score.epoch, 7);
  EXPECT_EQ(score.in_epoch.matched, 2);
  EXPECT_EQ(score.in_epoch.correct, 1);
  EXPECT_THAT(score.in_epoch.labels, ElementsAre(Pair("no", 2), Pair("yes", 0)));
  relabel("new", 0, "yes", 0);
  EXPECT_EQ(log->Stats().scores.at(0).in_epoch.correct, 0);
  EXPECT_EQ(log->Stats().scores.at(0).in_epoch.matched, 2);
  // Another one begins with nothing, and what is of the one before counts no more.
  log->BeginEpoch(8);
  EXPECT_EQ(log->Stats().scores.at(0).in_epoch.matched, 0);
  label("new", 2, "no");
  EXPECT_EQ(log->Stats().scores.at(0).in_epoch.matched, 0);
  EXPECT_EQ(log->Stats().scores.at(0).epoch, 8);
}

TEST_F(PredictionLogTest, AnErrorThatIsNoNumberDecidesNothingForGood) {
  const auto log = Open(1);
  const ServedModel price = ModelOf("price", "1", {});
  const LoggedModel* const cost = log->Register(price);
  Answered answered(price, "p", 2, 10);
  log->Record(0, answered.Of(cost));
  const std::vector<Feedback> labels = {
      Label("p", "1e200"),
      {.request_id = "p", .row = 1, .label = {.text = "1e300", .number = 1e300}}};
  EXPECT_EQ(log->RecordFeedback(0, cost, labels, {}), 2);
  Stop(log.get());
  const FeedbackScore score = log->Stats().scores.at(0);
  EXPECT_TRUE(std::isfinite(score.all.squared_error));
}

TEST_F(PredictionLogTest, FeedbackIsHeldAgainstWhatWasPredicted) {
  const auto log = Open(2);
  const ServedModel price = ModelOf("price", "1", {});
  const LoggedModel *const churn = log->Register(churn_), *const cost = log->Register(price);
  log->Record(0, Answered(churn_, "a", 3).Of(churn));    // no, yes, no
  log->Record(1, Answered(price, "p", 1, 10).Of(cost));  // 5
  const std::vector<Feedback> labels = {Label("a", "no"),        Label("a", "no", 1),
                                        Label("a", "no", 2),     Label("a", "no", 3),
                                        Label("unknown", "yes"), Label("p", "7.5")};
  EXPECT_EQ(log->RecordFeedback(0, churn, labels, {}), 6);
  Stop(log.get());
  const PredictionLogStats stats = log->Stats();
  EXPECT_EQ(stats.feedback_count, 6);
  EXPECT_EQ(stats.feedback_matched, 4);
  EXPECT_EQ(stats.feedback_unmatched, 2);
  ASSERT_THAT(stats.scores, SizeIs(2));
  EXPECT_EQ(stats.scores[0].model, "churn");
  EXPECT_EQ(stats.scores[0].version, "3");
  EXPECT_EQ(stats.scores[0].all.matched, 3);
  EXPECT_EQ(stats.scores[0].all.correct, 2);
  EXPECT_THAT(stats.scores[0].all.labels, ElementsAre(Pair("no", 3), Pair("yes", 0)));
  EXPECT_TRUE(stats.scores[1].regression);
  EXPECT_DOUBLE_EQ(stats.scores[1].all.absolute_error, 2.5);
  EXPECT_DOUBLE_EQ(stats.scores[1].all.squared_error, 6.25);
  const std::vector<std::string> names = {
      "request_id",   "row",       "version", "label",
      "label_number", "predicted", "correct", "predicted_number"};
  EXPECT_THAT(RowsIn(options_.place, "churn/feedback", names),
              ElementsAre("a 0 3 no - no True -", "a 1 3 no - yes False -", "a 2 3 no - no True -",
                          "a 3 - no - - - -", "unknown 0 - yes - - - -"));
  EXPECT_THAT(RowsIn(options_.place, "price/feedback", names), ElementsAre("p 0 1 7.5 7.5 5 - 5"));
}

// As several servers get them, of which one has answered.
TEST_F(PredictionLogTest, OfLabelsThatOthersGetTooEachServerTakesItsOwn) {
  const auto log = Open();
  const LoggedModel* const model = log->Register(churn_);
  log->Record(0, Answered(churn_, "r1-1.a").Of(model));
  log->Record(0, Answered(churn_, "clients").Of(model));
  FeedbackArrival arrival{.reach = FeedbackReach::kShared, .own_ids = "r1-1."};
  const std::vector shared = {Label("r1-1.a", "no"), Label("r1-1.old", "no"),
                              Label("r1-10.b", "no"), Label("others", "no")};
  EXPECT_EQ(log->RecordFeedback(0, model, shared, arrival), 4);
  arrival.reach = FeedbackReach::kCopied;
  const std::vector copied = {Label("clients", "yes"), Label("r1-1.older", "no"),
                              Label("r2-1.c", "no"), Label("others", "no")};
  EXPECT_EQ(log->RecordFeedback(0, model, copied, arrival), 4);
  Stop(log.get());
  const PredictionLogStats stats = log->Stats();
  EXPECT_EQ(stats.feedback_count, 4);
  EXPECT_EQ(stats.feedback_matched, 2);
  EXPECT_EQ(stats.feedback_unmatched, 2);
  ASSERT_THAT(stats.scores, SizeIs(1));
  EXPECT_EQ(stats.scores[0].all.correct, 1);
  // Whoever answered keeps them all, so that a copy that gets lost loses nothing here.
  EXPECT_THAT(IdsIn("feedback"), ElementsAre("others 0", "r1-1.a 0", "r1-1.old 0", "r1-10.b 0"));
}

TEST_F(PredictionLogTest, AServerWithoutATagLeavesToOthersWhatItDoesNotKnow) {
  options_.place.clear();
  const auto log = Open();
  const LoggedModel* const model = log->Register(churn_);
  const std::vector labels = {Label("somebodys", "no")};
  log->RecordFeedback(0, model, labels, {.reach = FeedbackReach::kShared});
  log->RecordFeedback(0, model, labels, {.reach = FeedbackReach::kCopied});
  log->RecordFeedback(0, model, labels, {});
  Stop(log.get());
  EXPECT_EQ(log->Stats().feedback_count, 2);
  EXPECT_EQ(log->Stats().feedback_unmatched, 1);
}

TEST_F(PredictionLogTest, ALaterLabelStandsInThePlaceOfTheOneBefore) {
  const auto log = Open();
  const LoggedModel* const model = log->Register(churn_);
  log->Record(0, Answered(churn_, "a").Of(model));
  for (const char* label : {"yes", "no", "no", "maybe", "yes", "no"})
    log->RecordFeedback(0, model, std::vector{Label("a", label)}, {});
  Stop(log.get());
  const PredictionLogStats stats = log->Stats();
  EXPECT_EQ(stats.feedback_count, 6);
  EXPECT_EQ(stats.feedback_unmatched, 0);
  ASSERT_THAT(stats.scores, SizeIs(1));
  EXPECT_EQ(stats.scores[0].all.matched, 1);
  EXPECT_EQ(stats.scores[0].all.correct, 1);
  EXPECT_THAT(stats.scores[0].all.labels, ElementsAre(Pair("no", 1), Pair("yes", 0)));
}

TEST_F(PredictionLogTest, WithoutFilesFeedbackIsCountedAllTheSame) {
  options_.place.clear();
  const auto log = Open();
  const LoggedModel* const model = log->Register(churn_);
  log->Record(0, Answered(churn_, "a", 2).Of(model));
  log->RecordFeedback(0, model, std::vector{Label("a", "no"), Label("a", "no", 1)}, {});
  Stop(log.get());
  const PredictionLogStats stats = log->Stats();
  EXPECT_EQ(stats.feedback_matched, 2);
  ASSERT_THAT(stats.scores, SizeIs(1));
  EXPECT_EQ(stats.scores[0].all.correct, 1);
  EXPECT_EQ(stats.recorded + stats.dropped + stats.sampled_out + stats.written, 0);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(PredictionLogTest, WhatSamplingLeavesOutIsJoinedToo) {
  options_.sample = 1e-9;
  const auto log = Open();
  const LoggedModel* const model = log->Register(churn_);
  log->Record(0, Answered(churn_, "a").Of(model));
  log->RecordFeedback(0, model, std::vector{Label("a", "no")}, {});
  Stop(log.get());
  EXPECT_EQ(log->Stats().feedback_matched, 1);
  EXPECT_EQ(log->Stats().sampled_out, 1);
  EXPECT_THAT(IdsIn(), IsEmpty());
  EXPECT_THAT(IdsIn("feedback"), ElementsAre("a 0"));
}

// A killed process writes no more, and its lock goes with it.
TEST_F(PredictionLogTest, WhatAKilledProcessLeftBecomesSegmentsOfTheNext) {
  constexpr int kRequests = 500;
  {
    const auto folder = SpoolFolder::Make(LocalFileSystem(), options_.place + "/.spool");
    ASSERT_TRUE(folder.ok()) << folder.error().ToString();
    LoggedModels models;
    FeedbackJoin join(models, 0);
    PredictionCounts counts;
    PredictionLanes lanes;
    lanes.push_back(std::make_unique<PredictionLane>(options_.queue_bytes));
    SpoolWriter writer(options_, models, &join, folder->get(), &counts, {});
    const LoggedModel* const model = models.Register(LoggedModel::Of(churn_));
    for (int i = 0; i < kRequests; ++i) {
      const Answered answered(churn_, std::to_string(i));
      const Observation observation = answered.Of(model);
      const size_t size = SizeOfRecord(RecordKind::kPrediction, observation, {0, 1});
      WriteRecord(RecordKind::kPrediction, observation, {0, 1}, lanes[0]->queue.Reserve(size));
      lanes[0]->queue.Publish();
    }
    writer.Drain(lanes);
  }
  EXPECT_THAT(SegmentsIn(options_.place), IsEmpty());
  EXPECT_THAT(SpoolsIn(options_.place), SizeIs(1));
  const auto log = Open();
  Stop(log.get());
  EXPECT_EQ(log->Stats().written, kRequests);
  EXPECT_THAT(IdsIn(), SizeIs(kRequests));
  EXPECT_THAT(SpoolsIn(options_.place), IsEmpty());
}

TEST_F(PredictionLogTest, TwoLogsOfOnePlaceLeaveEachOtherAlone) {
  const auto first = Open(), second = Open();
  for (int i = 0; i < 100; ++i) {
    first->Record(0, Answered(churn_, fmt::format("first{}", i)).Of(first->Register(churn_)));
    second->Record(0, Answered(churn_, fmt::format("second{}", i)).Of(second->Register(churn_)));
  }
  WaitFor([&] { return SpoolsIn(options_.place).size() == 2; });
  // A third one finds nothing that is abandoned.
  Stop(Open().get());
  EXPECT_THAT(SegmentsIn(options_.place), IsEmpty());
  Stop(first.get());
  EXPECT_THAT(IdsIn(), SizeIs(100));
  Stop(second.get());
  EXPECT_THAT(IdsIn(), SizeIs(200));
  EXPECT_EQ(second->Stats().written, 100);
}

TEST_F(PredictionLogTest, WhereTheStoreCannotBeReachedRowsWaitForTheNextStart) {
  const auto store = std::make_shared<data::FakeObjectStore>();
  store->FailWith([](const std::string& call, const std::string&) -> Status {
    if (call != "Close") return {};
    return Error(ErrorCode::kUnavailable, "nobody answers");
  });
  options_.store = store;
  options_.spool = folder_.File("spool");
  options_.place = "s3://bucket/log";
  auto log = Open();
  for (int i = 0; i < 10; ++i)
    log->Record(0, Answered(churn_, std::to_string(i)).Of(log->Register(churn_)));
  const Status stopped = log->Stop();
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(stopped.error().ToString(), HasSubstr("s3://bucket/log"));
  EXPECT_THAT(stopped.error().ToString(), HasSubstr("nobody answers"));
  EXPECT_GE(log->Stats().failed_writes, 1);
  EXPECT_GT(log->Stats().waiting_bytes, 0);
  EXPECT_THAT(told_, SizeIs(1));
  // Another place does not take them.
  options_.place = "s3://bucket/other";
  Stop(Open().get());
  EXPECT_EQ(store->writes(), 0);
  options_.place = "s3://bucket/log";
  store->FailWith({});
  log = Open();
  Stop(log.get());
  EXPECT_EQ(log->Stats().written, 10);
  EXPECT_EQ(store->writes(), 1);
  EXPECT_THAT(SpoolsIn(options_.spool), IsEmpty());
}

TEST_F(PredictionLogTest, AStoreThatComesBackIsToldOnce) {
  const auto store = std::make_shared<data::FakeObjectStore>();
  std::atomic<int> failures = 1;
  store->FailWith([&](const std::string& call, const std::string&) -> Status {
    if (call != "Close" || failures-- <= 0) return {};
    return Error(ErrorCode::kUnavailable, "nobody answers");
  });
  options_.store = store;
  options_.segment_seconds = 0;
  const auto log = Open();
  log->Record(0, Answered(churn_, "a").Of(log->Register(churn_)));
  WaitFor([&] { return log->Stats().segments > 0; });
  Stop(log.get());
  EXPECT_THAT(told_, ElementsAre(HasSubstr("nobody answers"), HasSubstr("again")));
}

TEST_F(PredictionLogTest, OptionsThatMakeNoSenseAreErrors) {
  const auto code = [&] {
    const auto log = PredictionLog::Open(options_, 1);
    return log.ok() ? "none" : ToString(log.error().code());
  };
  for (const double sample : {0.0, -1.0, 1.5}) {
    options_.sample = sample;
    EXPECT_STREQ(code(), "invalid_input");
  }
  options_.sample = 1;
  options_.segment_rows = 0;
  EXPECT_STREQ(code(), "invalid_input");
  options_.segment_rows = 1;
  options_.place = "s3://bucket/log";
  EXPECT_STREQ(code(), "invalid_input");
  // A file where the folder should be.
  options_.place = folder_.File("file");
  EXPECT_TRUE(WriteFileAtomically(LocalFileSystem(), options_.place, "").ok());
  EXPECT_STRNE(code(), "none");
}

}  // namespace
}  // namespace slipway::serve

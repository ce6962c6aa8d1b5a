#include "serve/batcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>

#include <cmath>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "serve/batcher_testing_internal.h"

namespace slipway::serve {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr double kHour = 3600;  // A delay that no test waits for.

// A batcher of one worker, which a first request may keep at work while others come.
class BatcherTest : public ::testing::Test {
 protected:
  void Make(BatcherOptions options) {
    if (options.threads == 0) options.threads = 1;
    auto made = Batcher::Make(options, clock_);
    ASSERT_TRUE(made.ok()) << made.error().ToString();
    batcher_ = *std::move(made);
  }
  bool Submit(const std::string& name, const std::vector<Row>& rows) {
    return SubmitTo(predictor_, name, rows);
  }
  bool SubmitTo(const std::shared_ptr<FakePredictor>& predictor, const std::string& name,
                const std::vector<Row>& rows) {
    return batcher_->Submit(predictor, TableOf(rows), answers_.For(name));
  }
  // The worker is in a call of its own until the model opens.
  void KeepBusy() {
    predictor_->Close();
    ASSERT_TRUE(Submit("first", {{1, "x"}}));
    predictor_->AwaitCalls(1);
  }

  // The batcher is last, as its end answers those that wait.
  Answers answers_;
  SharedClock clock_;
  std::shared_ptr<FakePredictor> predictor_ = std::make_shared<FakePredictor>();
  std::unique_ptr<Batcher> batcher_;
};

TEST_F(BatcherTest, JoinsRowsAndGivesEachRequestItsOwnAnswers) {
  Make({.rows = 10});
  KeepBusy();
  const double missing = data::kMissingNumber;
  Submit("a", {{10, "Rome"}, {missing, ""}});
  Submit("b", {{20, "Bonn"}});
  Submit("c", {{30, ""}});
  Submit("d", {{40, "Rome"}, {50, "Ålesund"}, {60, "Bonn"}, {70, "Athens"}});
  predictor_->Open();
  EXPECT_THAT(answers_.ScoresOf("a"), ElementsAre(10, 'R', -1, -1));
  EXPECT_THAT(answers_.ScoresOf("b"), ElementsAre(20, 'B'));
  EXPECT_THAT(answers_.ScoresOf("c"), ElementsAre(30, -1));
  EXPECT_THAT(answers_.ScoresOf("d"),
              ElementsAre(40, 'R', 50, static_cast<float>("Å"[0]), 60, 'B', 70, 'A'));
  EXPECT_THAT(answers_.Of("a")->labels, ElementsAre(4, 0));
  EXPECT_THAT(answers_.Of("d")->labels, ElementsAre(4, 8, 4, 6));

  const std::vector<data::Table> calls = predictor_->calls();
  ASSERT_EQ(calls.size(), 2U);
  ASSERT_EQ(calls[1].columns.size(), 2U);
  const data::Column& age = calls[1].columns[0];
  EXPECT_EQ(age.name, "age");
  EXPECT_EQ(age.numbers[0], 10);
  EXPECT_TRUE(std::isnan(age.numbers[1]));
  EXPECT_EQ(age.numbers[7], 70);
  const data::Column& city = calls[1].columns[1];
  EXPECT_EQ(city.name, "city");
  EXPECT_EQ(city.type, data::ColumnType::kCategory);
  EXPECT_THAT(city.categories, ElementsAre("Athens", "Bonn", "Rome", "Ålesund"));
  EXPECT_THAT(city.codes, ElementsAre(2, -1, 1, -1, 2, 3, 1, 0));
}

TEST_F(BatcherTest, JoinsEstimates) {
  predictor_ = std::make_shared<FakePredictor>(0);
  Make({});
  KeepBusy();
  Submit("a", {{10, ""}, {20, ""}});
  Submit("b", {{30, ""}});
  predictor_->Open();
  EXPECT_THAT(answers_.Of("a")->values, ElementsAre(9, 19));
  EXPECT_THAT(answers_.Of("b")->values, ElementsAre(29));
  EXPECT_THAT(predictor_->rows_of_calls(), ElementsAre(1, 3));
}

TEST_F(BatcherTest, IntegralIsWhatIsSoEverywhere) {
  Make({});
  KeepBusy();
  const auto submit = [&](const std::string& name, bool age_integral) {
    data::Table table = TableOf({{1, "x"}});
    table.columns[0].integral = age_integral;
    batcher_->Submit(predictor_, std::move(table), answers_.For(name));
  };
  submit("a", true);
  submit("b", false);
  predictor_->Open();
  answers_.Await(3);
  EXPECT_FALSE(predictor_->calls()[1].columns[0].integral);
}

TEST_F(BatcherTest, BatchesKeepTheOrderAndTheirSize) {
  Make({.rows = 4});
  KeepBusy();
  const std::vector<int> sizes = {2, 1, 2, 3, 9, 1, 1};
  for (size_t i = 0; i < sizes.size(); ++i) {
    Submit(std::string(1, static_cast<char>('a' + i)),
           std::vector<Row>(static_cast<size_t>(sizes[i]), {static_cast<double>(i), "x"}));
  }
  EXPECT_EQ(batcher_->counts().waiting_rows, 19);
  predictor_->Open();
  answers_.Await(8);
  EXPECT_THAT(predictor_->rows_of_calls(), ElementsAre(1, 3, 2, 3, 9, 2));
  EXPECT_THAT(answers_.order(), ElementsAre("first", "a", "b", "c", "d", "e", "f", "g"));
  EXPECT_EQ(answers_.Of("e")->rows, 9);
  const BatcherCounts counts = batcher_->counts();
  EXPECT_EQ(counts.batches, 6);
  EXPECT_EQ(counts.requests, 8);
  EXPECT_EQ(counts.rows, 20);
  EXPECT_DOUBLE_EQ(counts.mean_rows(), 20.0 / 6);
  EXPECT_EQ(counts.waiting_rows, 0);
  EXPECT_EQ(counts.retried, 0);
}

TEST_F(BatcherTest, RequestsWithoutRows) {
  Make({.rows = 2, .queue_rows = 2});
  KeepBusy();
  EXPECT_TRUE(Submit("a", {}));
  EXPECT_TRUE(Submit("b", {{5, "x"}}));
  EXPECT_FALSE(Submit("c", {}));
  predictor_->Open();
  EXPECT_EQ(answers_.Of("a")->rows, 0);
  EXPECT_THAT(answers_.ScoresOf("b"), ElementsAre(5, 'x'));
}

TEST_F(BatcherTest, OnlyTheRequestWithTheWrongRowIsRefused) {
  Make({});
  KeepBusy();
  Submit("a", {{10, "x"}, {20, "x"}});
  Submit("b", {{30, "x"}, {kRefused, "x"}});
  Submit("c", {{40, "x"}});
  predictor_->Open();
  EXPECT_THAT(answers_.ScoresOf("a"), ElementsAre(10, 'x', 20, 'x'));
  EXPECT_THAT(answers_.ScoresOf("c"), ElementsAre(40, 'x'));
  const Result<model::Predictions>& refused = answers_.Of("b");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidInput);
  EXPECT_EQ(refused.error().location().row, 2);
  EXPECT_EQ(refused.error().location().field, "age");
  EXPECT_EQ(batcher_->counts().retried, 3);
  EXPECT_EQ(batcher_->counts().batches, 2);
}

TEST_F(BatcherTest, ABatchThatIsTooMuchIsPredictedPieceByPiece) {
  predictor_->ThrowFrom(3);
  Make({});
  KeepBusy();
  Submit("a", {{10, "x"}, {20, "x"}});
  Submit("b", {{30, "x"}});
  Submit("c", {{40, "x"}, {40, "x"}, {40, "x"}});
  predictor_->Open();
  EXPECT_THAT(answers_.ScoresOf("a"), ElementsAre(10, 'x', 20, 'x'));
  EXPECT_THAT(answers_.ScoresOf("b"), ElementsAre(30, 'x'));
  ASSERT_FALSE(answers_.Of("c").ok());
  EXPECT_EQ(answers_.Of("c").error().code(), ErrorCode::kUnavailable);
}

TEST_F(BatcherTest, TablesWithOtherColumnsAreNotJoined) {
  Make({});
  KeepBusy();
  Submit("a", {{10, "x"}});
  data::Table more = TableOf({{20, "y"}});
  more.columns.push_back(more.columns[0]);
  batcher_->Submit(predictor_, std::move(more), answers_.For("b"));
  predictor_->Open();
  EXPECT_THAT(answers_.ScoresOf("a"), ElementsAre(10, 'x'));
  EXPECT_THAT(answers_.ScoresOf("b"), ElementsAre(20, 'y'));
  EXPECT_THAT(predictor_->rows_of_calls(), ElementsAre(1, 1, 1));
}

TEST_F(BatcherTest, ATableOfUnevenColumnsShiftsNoRowsOfOthers) {
  Make({});
  KeepBusy();
  data::Table uneven = TableOf({{10, "x"}});
  uneven.columns[0].numbers.push_back(11);
  batcher_->Submit(predictor_, std::move(uneven), answers_.For("a"));
  Submit("b", {{20, "y"}});
  predictor_->Open();
  EXPECT_THAT(answers_.ScoresOf("a"), ElementsAre(10, 'x'));
  EXPECT_THAT(answers_.ScoresOf("b"), ElementsAre(20, 'y'));
  EXPECT_THAT(predictor_->rows_of_calls(), ElementsAre(1, 1, 1));
}

TEST_F(BatcherTest, AFullQueueRefuses) {
  Make({.rows = 2, .queue_rows = 3});
  KeepBusy();
  EXPECT_TRUE(Submit("a", {{1, "x"}, {2, "x"}}));
  EXPECT_FALSE(Submit("never", {{3, "x"}, {4, "x"}}));
  data::Table rows = TableOf({{5, "x"}, {6, "x"}});
  Batcher::Done done = answers_.For("kept");
  EXPECT_FALSE(batcher_->Submit(predictor_, std::move(rows), std::move(done)));
  EXPECT_EQ(rows.columns.size(), 2U);  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(done);                   // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(Submit("b", {{7, "x"}}));
  EXPECT_EQ(batcher_->counts().refused, 2);
  const auto other = std::make_shared<FakePredictor>();
  EXPECT_TRUE(SubmitTo(other, "c", {{8, "x"}}));
  predictor_->Open();
  answers_.Await(4);
  EXPECT_TRUE(batcher_->Submit(predictor_, std::move(rows), std::move(done)));
  EXPECT_THAT(answers_.ScoresOf("kept"), ElementsAre(5, 'x', 6, 'x'));
}

TEST_F(BatcherTest, ARequestLargerThanTheQueueWaitsAlone) {
  Make({.rows = 1, .queue_rows = 2});
  KeepBusy();
  EXPECT_TRUE(Submit("a", std::vector<Row>(5, {1, "x"})));
  EXPECT_FALSE(Submit("b", {{1, "x"}}));
  predictor_->Open();
  EXPECT_EQ(answers_.Of("a")->rows, 5);
}

TEST_F(BatcherTest, ModelsTakeTurnsAndAreNotMixed) {
  Make({.rows = 2});
  KeepBusy();
  const auto other = std::make_shared<FakePredictor>();
  for (const char* name : {"a1", "a2", "a3", "a4", "a5"}) Submit(name, {{1, "a"}});
  for (const char* name : {"b1", "b2", "b3"}) SubmitTo(other, name, {{2, "b"}});
  predictor_->Open();
  answers_.Await(9);
  EXPECT_THAT(answers_.order(),
              ElementsAre("first", "a1", "a2", "b1", "b2", "a3", "a4", "b3", "a5"));
  EXPECT_THAT(predictor_->rows_of_calls(), ElementsAre(1, 2, 2, 1));
  EXPECT_THAT(other->rows_of_calls(), ElementsAre(2, 1));
  for (const data::Table& call : other->calls())
    EXPECT_THAT(call.columns[1].categories, ElementsAre("b"));
}

TEST_F(BatcherTest, AModelThatNobodyAsksIsLetGo) {
  Make({});
  auto old = std::make_shared<FakePredictor>();
  const std::weak_ptr<FakePredictor> watched = old;
  SubmitTo(old, "a", {{1, "x"}});
  answers_.Await(1);
  old.reset();
  // The only worker begins another batch once it has put away the last.
  Submit("b", {{1, "x"}});
  answers_.Await(2);
  EXPECT_TRUE(watched.expired());
}

TEST_F(BatcherTest, AFullBatchDoesNotWait) {
  Make({.rows = 3, .delay_seconds = kHour, .longest_wait_seconds = 2 * kHour});
  Submit("a", {{1, "x"}});
  Submit("b", {{2, "x"}});
  Submit("c", {{3, "x"}});
  answers_.Await(3);
  EXPECT_THAT(predictor_->rows_of_calls(), ElementsAre(3));
}

TEST_F(BatcherTest, ABatchGoesWhenItsOldestRequestHasWaited) {
  Make({.rows = 10, .delay_seconds = kHour, .longest_wait_seconds = 2 * kHour});
  Submit("a", {{1, "x"}});
  clock_.Advance(1800);
  Submit("b", {{2, "x"}});
  clock_.Advance(1800);
  // The worker sleeps by the real clock: a full batch of another model has it look at this one's.
  SubmitTo(std::make_shared<FakePredictor>(), "c", std::vector<Row>(10, {3, "x"}));
  answers_.Await(3);
  EXPECT_THAT(predictor_->rows_of_calls(), ElementsAre(2));
}

TEST_F(BatcherTest, RowsThatDidNotFitWaitForTheirOwnTime) {
  Make({.rows = 3, .delay_seconds = kHour, .longest_wait_seconds = 2 * kHour});
  Submit("a", {{1, "x"}, {1, "x"}});
  Submit("b", {{2, "x"}, {2, "x"}});
  answers_.Await(1);
  EXPECT_THAT(answers_.order(), ElementsAre("a"));
  Submit("c", {{3, "x"}});
  answers_.Await(3);
  EXPECT_THAT(predictor_->rows_of_calls(), ElementsAre(2, 3));
}

TEST_F(BatcherTest, WhoWaitedTooLongIsRefused) {
  Make({.rows = 3, .longest_wait_seconds = 5});
  KeepBusy();
  Submit("a", {{1, "x"}});
  Submit("b", {{2, "x"}});
  clock_.Advance(6);
  Submit("c", {{3, "x"}});
  clock_.Advance(5);
  predictor_->Open();
  for (const char* name : {"a", "b"}) {
    ASSERT_FALSE(answers_.Of(name).ok());
    EXPECT_EQ(answers_.Of(name).error().code(), ErrorCode::kUnavailable);
  }
  EXPECT_THAT(answers_.ScoresOf("c"), ElementsAre(3, 'x'));
  EXPECT_THAT(predictor_->rows_of_calls(), ElementsAre(1, 1));
  EXPECT_EQ(batcher_->counts().late, 2);
  EXPECT_EQ(batcher_->counts().batches, 2);
  EXPECT_EQ(batcher_->counts().rows, 2);
}

TEST_F(BatcherTest, WhereAllAreTooLateTheModelIsNotAsked) {
  Make({.longest_wait_seconds = 5});
  KeepBusy();
  Submit("a", {{1, "x"}});
  clock_.Advance(6);
  predictor_->Open();
  EXPECT_FALSE(answers_.Of("a").ok());
  EXPECT_EQ(batcher_->counts().batches, 1);
  EXPECT_THAT(predictor_->rows_of_calls(), ElementsAre(1));
}

TEST_F(BatcherTest, ItsEndAnswersWhoWaits) {
  Make({.rows = 2, .delay_seconds = kHour, .threads = 2, .longest_wait_seconds = 2 * kHour});
  const auto other = std::make_shared<FakePredictor>();
  Submit("a", {{1, "x"}});
  SubmitTo(other, "b", {{2, "x"}});
  EXPECT_THAT(answers_.order(), IsEmpty());
  batcher_.reset();
  EXPECT_EQ(answers_.order().size(), 2U);
  EXPECT_THAT(answers_.ScoresOf("a"), ElementsAre(1, 'x'));
  EXPECT_THAT(answers_.ScoresOf("b"), ElementsAre(2, 'x'));
}

TEST_F(BatcherTest, ItsEndWaitsForWhatIsBegun) {
  Make({.rows = 2});
  KeepBusy();
  Submit("a", {{1, "x"}});
  Submit("b", {{2, "x"}});
  Submit("c", {{3, "x"}});
  std::thread opens([this] { predictor_->Open(); });
  batcher_.reset();
  EXPECT_THAT(answers_.order(), ElementsAre("first", "a", "b", "c"));
  opens.join();
}

TEST_F(BatcherTest, AnAnswerMaySubmit) {
  Make({});
  batcher_->Submit(predictor_, TableOf({{1, "x"}}),
                   [this](const Result<model::Predictions>&) { Submit("second", {{2, "x"}}); });
  EXPECT_THAT(answers_.ScoresOf("second"), ElementsAre(2, 'x'));
}

TEST_F(BatcherTest, ItsThreadsTakeNoSignals) {
  Make({});
  Submit("a", {{1, "x"}});
  answers_.Await(1);
  EXPECT_TRUE(predictor_->signals_blocked());
  sigset_t mask;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  EXPECT_EQ(sigismember(&mask, SIGTERM), 0);
}

TEST(BatcherOptionsTest, WhatCanNotBeIsRefused) {
  const auto refused = [](const BatcherOptions& options) {
    const auto made = Batcher::Make(options);
    return !made.ok() && made.error().code() == ErrorCode::kInvalidInput;
  };
  EXPECT_TRUE(refused({.rows = 0}));
  EXPECT_TRUE(refused({.delay_seconds = -1}));
  EXPECT_TRUE(refused({.delay_seconds = NAN}));
  EXPECT_TRUE(refused({.delay_seconds = 1e300, .longest_wait_seconds = INFINITY}));
  EXPECT_TRUE(refused({.rows = 10, .queue_rows = 9}));
  EXPECT_TRUE(refused({.delay_seconds = 2, .longest_wait_seconds = 2}));
  EXPECT_TRUE(refused({.longest_wait_seconds = NAN}));
  EXPECT_FALSE(refused({.longest_wait_seconds = INFINITY}));
}

}  // namespace
}  // namespace slipway::serve

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/fault_injecting_file_system.h"
#include "serve/prediction_log_testing_internal.h"
#include "serve/prediction_segments_internal.h"
#include "serve/spool_writer_internal.h"

namespace slipway::serve {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// The writer by hand: its clock stands still, and its files fail where they are told to.
class SpoolWriterTest : public ::testing::Test {
 protected:
  SpoolWriterTest() : folder_(*SpoolFolder::Make(LocalFileSystem(), root_.File("spool"))) {
    options_.files = &files_;
    options_.clock = &clock_;
    options_.place = root_.File("log");
    options_.tell = [this](const std::string& message) { told_.push_back(message); };
    lanes_.push_back(std::make_unique<PredictionLane>(size_t{1} << 16U));
    lanes_.push_back(std::make_unique<PredictionLane>(size_t{1} << 16U));
    model_ = models_.Register(LoggedModel::Of(served_));
  }

  SpoolWriter Writer() {
    return {options_, models_,
            &join_,   folder_.get(),
            &counts_, [this](const std::string& path, int64_t) { sealed_.push_back(path); }};
  }
  void Record(const std::string& id, int lane = 0, int64_t rows = 1) {
    const Answered answered(served_, id, rows);
    const Observation observation = answered.Of(model_);
    ByteRing& queue = lanes_[static_cast<size_t>(lane)]->queue;
    char* const room = queue.Reserve(SizeOfRecord(RecordKind::kPrediction, observation, {0, rows}));
    ASSERT_NE(room, nullptr);
    WriteRecord(RecordKind::kPrediction, observation, {0, rows}, room);
    queue.Publish();
  }
  void Label(const std::string& id, const std::string& label, int lane) {
    const Feedback feedback{.request_id = id, .label = {.text = label}};
    ByteRing& queue = lanes_[static_cast<size_t>(lane)]->queue;
    char* const room = queue.Reserve(SizeOfRecord(feedback));
    ASSERT_NE(room, nullptr);
    WriteRecord(*model_, feedback, {}, room);
    queue.Publish();
  }
  // Ids of all rows, as the segments of what was sealed will have them.
  std::vector<std::string> Published(const std::string& part = "predictions") {
    const auto store = data::OpenDirectoryObjectStore(LocalFileSystem(), options_.place);
    for (const std::string& path : std::exchange(sealed_, {})) {
      const Result<int64_t> rows = PublishSpool(LocalFileSystem(), *store, path);
      EXPECT_TRUE(rows.ok()) << rows.error().ToString();
    }
    if (!LocalFileSystem().Exists(options_.place)) return {};
    return RowsIn(options_.place, part, {"request_id"});
  }
  static Error DiskFull() { return {ErrorCode::kIo, "no space left on device"}; }

  testing::TemporaryDirectory root_;
  testing::FakeClock clock_{Clock::WallTime(seconds(1'795'416'000))};
  FaultInjectingFileSystem files_{LocalFileSystem(), root_.File("trash")};
  PredictionLogOptions options_;
  std::vector<std::string> told_, sealed_;
  std::unique_ptr<SpoolFolder> folder_;
  LoggedModels models_;
  FeedbackJoin join_{models_, 1000};
  PredictionCounts counts_;
  PredictionLanes lanes_;
  const ServedModel served_ = ModelOf("churn", "3");
  const LoggedModel* model_ = nullptr;
};

TEST_F(SpoolWriterTest, ASpoolIsSealedByItsRowsItsBytesAndItsAge) {
  options_.segment_rows = 3;
  options_.segment_seconds = 60;
  SpoolWriter writer = Writer();
  Record("a");
  writer.Drain(lanes_);
  EXPECT_THAT(sealed_, IsEmpty());
  Record("b", 0, 2);
  writer.Drain(lanes_);
  EXPECT_THAT(sealed_, SizeIs(1));
  Record("c");
  writer.Drain(lanes_);
  clock_.Advance(seconds(59));
  writer.Drain(lanes_);
  EXPECT_THAT(sealed_, SizeIs(1));
  clock_.Advance(seconds(1));
  writer.Drain(lanes_);
  EXPECT_THAT(sealed_, SizeIs(2));
  EXPECT_THAT(Published(), ElementsAre("a", "b", "b", "c"));
  EXPECT_TRUE(writer.Finish(lanes_).ok());
  EXPECT_THAT(sealed_, IsEmpty());
}

TEST_F(SpoolWriterTest, TimesAreThoseOfTheCalendar) {
  SpoolWriter writer = Writer();
  clock_.Advance(seconds(100));
  const Answered answered(served_, "a");
  Record("a");  // At 0 of the steady clock, 100 s ago.
  EXPECT_TRUE(writer.Finish(lanes_).ok());
  Published();
  const data::Table table = ReadSegment(SegmentsIn(options_.place).front());
  EXPECT_DOUBLE_EQ(table.Find("time")->numbers[0], 1'795'416'000);
}

// The prediction is in a queue that was emptied just before, its label in one that comes later.
TEST_F(SpoolWriterTest, ALabelFindsItsPredictionInWhicheverQueueItIs) {
  SpoolWriter writer = Writer();
  Label("a", "no", 0);
  Record("a", 1);
  writer.Drain(lanes_);
  ASSERT_THAT(join_.Scores(), SizeIs(1));
  EXPECT_EQ(join_.Scores()[0].all.correct, 1);
}

// Each of its operations fails once: nothing is lost and nothing is there twice.
TEST_F(SpoolWriterTest, AWriteThatFailsIsTriedAgainAndLosesNothing) {
  for (int64_t operation = 1;; ++operation) {
    SpoolWriter writer = Writer();
    told_.clear();
    options_.place = root_.File(std::to_string(operation));
    const int64_t before = files_.operations();
    files_.FailAt(before + operation, DiskFull());
    for (const char* id : {"a", "b", "c"}) {
      Record(id);
      Label(id, "yes", 1);
      writer.Drain(lanes_);
      clock_.Advance(seconds(10));
    }
    const Status finished = writer.Finish(lanes_);
    EXPECT_TRUE(finished.ok()) << finished.error().ToString();
    ASSERT_THAT(Published(), ElementsAre("a", "b", "c")) << operation;
    ASSERT_THAT(Published("feedback"), ElementsAre("a", "b", "c")) << operation;
    ASSERT_LE(told_.size(), 2U);
    if (!told_.empty()) {
      EXPECT_THAT(told_[0], HasSubstr("no space left"));
    }
    if (files_.operations() - before < operation) break;
  }
  EXPECT_EQ(counts_.dropped.load(), 0);
  EXPECT_GE(counts_.failed_writes.load(), 4);
}

TEST_F(SpoolWriterTest, WhileNothingCanBeWrittenRowsWaitInTheirQueue) {
  SpoolWriter writer = Writer();
  files_.CrashAt(files_.operations() + 1);
  Record("a");
  writer.Drain(lanes_);
  EXPECT_THAT(told_, SizeIs(1));
  for (int i = 0; i < 20; ++i) {
    Record("b");
    writer.Drain(lanes_);
    clock_.Advance(seconds(1));
  }
  EXPECT_TRUE(lanes_[0]->queue.Front());
  EXPECT_THAT(told_, SizeIs(1));
  // Not at every turn, and ever more seldom.
  EXPECT_GE(counts_.failed_writes.load(), 4);
  EXPECT_LE(counts_.failed_writes.load(), 12);
  const Status finished = writer.Finish(lanes_);
  ASSERT_FALSE(finished.ok());
  EXPECT_THAT(finished.error().ToString(), HasSubstr("21 rows"));
  EXPECT_EQ(counts_.dropped.load(), 21);
  EXPECT_FALSE(lanes_[0]->queue.Front());
}

TEST_F(SpoolWriterTest, BeyondItsBoundRowsAreDroppedAndCounted) {
  options_.spool_bytes = 2000;
  SpoolWriter writer = Writer();
  for (int i = 0; i < 50; ++i) {
    Record(std::to_string(i));
    writer.Drain(lanes_);
  }
  const int64_t dropped = counts_.dropped.load();
  EXPECT_GT(dropped, 10);
  EXPECT_LT(counts_.waiting_bytes.load(), 2500);
  EXPECT_THAT(told_, ElementsAre(HasSubstr("dropped")));
  // Segments were made of what waited.
  counts_.waiting_bytes = 0;
  Record("last");
  writer.Drain(lanes_);
  EXPECT_THAT(told_, SizeIs(2));
  EXPECT_TRUE(writer.Finish(lanes_).ok());
  EXPECT_THAT(Published(), SizeIs(static_cast<size_t>(51 - dropped)));
}

// Whenever the machine's power fails: what was there a turn before is there, or at least no more
// than was written, and every spool can be read.
TEST_F(SpoolWriterTest, AProcessThatDiesAtAnyWriteLeavesWhatItHadWritten) {
  for (int64_t operation = 1;; ++operation) {
    SpoolWriter writer = Writer();
    FaultInjectingFileSystem files(LocalFileSystem(), root_.File("trash"));
    options_.files = &files;
    files.CrashAt(operation);
    size_t written = 0;
    for (int i = 0; i < 5; ++i) {
      Record(std::to_string(i));
      writer.Drain(lanes_);
      if (files.crashed()) break;
      ++written;
    }
    const bool crashed = files.crashed();
    (void)writer.Finish(lanes_);
    sealed_ = *folder_->Spools();
    options_.place = root_.File(std::to_string(operation));
    ASSERT_THAT(Published(), SizeIs(written)) << operation;
    if (!crashed) break;
  }
}

}  // namespace
}  // namespace slipway::serve

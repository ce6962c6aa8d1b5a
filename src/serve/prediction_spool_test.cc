#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "serve/prediction_log_testing_internal.h"
#include "serve/prediction_record_internal.h"
#include "serve/prediction_segments_internal.h"
#include "serve/prediction_spool_internal.h"

namespace slipway::serve {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

SpoolHeader HeaderOf(const LoggedModel& model) {
  return {SpoolKind::kPredictions, "churn/predictions/2026-11-23/a.parquet", model};
}

std::string RecordOf(const Answered& answered, const LoggedModel& model, int64_t rows = 1) {
  const Observation observation = answered.Of(&model);
  std::string record(SizeOfRecord(RecordKind::kPrediction, observation, {0, rows}), '\0');
  WriteRecord(RecordKind::kPrediction, observation, {0, rows}, record.data());
  return record;
}

class PredictionSpoolTest : public ::testing::Test {
 protected:
  // Frames of one, two, three … rows.
  std::string SpoolOf(int frames) {
    std::string bytes = WriteSpoolHeader(HeaderOf(model_));
    for (int frame = 0; frame < frames; ++frame) {
      FrameBuilder builder;
      for (int row = 0; row <= frame; ++row) builder.Add(RecordOf({served_, "id", 1, row}, model_));
      bytes += builder.Finish();
      ends_.push_back(bytes.size());
    }
    return bytes;
  }
  std::string Write(std::string_view bytes) const {
    const std::string path = folder_.File("a.spool");
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  int CountRecords(std::string_view bytes) const {
    auto reader = SpoolReader::Open(Write(bytes));
    EXPECT_TRUE(reader.ok()) << reader.error().ToString();
    if (!reader.ok() || !*reader) return -1;
    int records = 0;
    while (!(*reader)->NextRecord().empty()) ++records;
    EXPECT_TRUE((*reader)->status().ok());
    EXPECT_TRUE((*reader)->NextRecord().empty());
    return records;
  }

  testing::TemporaryDirectory folder_;
  const ServedModel served_ = ModelOf("churn", "3");
  const LoggedModel model_ = LoggedModel::Of(served_);
  std::vector<size_t> ends_;
};

TEST_F(PredictionSpoolTest, TheHeaderComesBack) {
  const auto reader = SpoolReader::Open(Write(WriteSpoolHeader(HeaderOf(model_))));
  ASSERT_TRUE(reader.ok() && *reader);
  const SpoolHeader& header = (*reader)->header();
  EXPECT_EQ(header.kind, SpoolKind::kPredictions);
  EXPECT_EQ(header.key, "churn/predictions/2026-11-23/a.parquet");
  EXPECT_EQ(CompactJson(ToJson(header.model)), CompactJson(ToJson(model_)));
  EXPECT_EQ(header.model.inputs.size(), 3U);
}

TEST_F(PredictionSpoolTest, CutAnywhereItHasTheFramesThatAreWhole) {
  const std::string bytes = SpoolOf(4);
  const size_t header = WriteSpoolHeader(HeaderOf(model_)).size();
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    int expected = cut < header ? -1 : 0;
    for (size_t frame = 0; frame < ends_.size(); ++frame) {
      if (cut >= ends_[frame]) expected += static_cast<int>(frame) + 1;
    }
    ASSERT_EQ(CountRecords(bytes.substr(0, cut)), expected) << cut;
  }
}

TEST_F(PredictionSpoolTest, ADamagedByteEndsIt) {
  const std::string bytes = SpoolOf(3);
  for (size_t at = ends_[0]; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    ASSERT_EQ(CountRecords(damaged), at < ends_[1] ? 1 : 3) << at;
  }
}

TEST_F(PredictionSpoolTest, AFileOfAnotherKindIsNoSpool) {
  const auto reader = SpoolReader::Open(Write("SLIPLOG2 and so on"));
  ASSERT_FALSE(reader.ok());
  EXPECT_EQ(reader.error().code(), ErrorCode::kInvalidInput);
  EXPECT_THAT(reader.error().ToString(), HasSubstr("a.spool"));
}

// Published from every length that a killed process may have left.
TEST_F(PredictionSpoolTest, WhateverIsLeftBecomesASegment) {
  const std::string bytes = SpoolOf(3);
  const auto store = data::OpenDirectoryObjectStore(LocalFileSystem(), folder_.File("log"));
  std::vector<size_t> cuts = {0, 5, 20, ends_[0] - 1, ends_[0], ends_[0] + 1, bytes.size()};
  for (const size_t cut : cuts) {
    const std::string path = Write(std::string_view(bytes).substr(0, cut));
    const Result<int64_t> rows = PublishSpool(LocalFileSystem(), *store, path);
    ASSERT_TRUE(rows.ok()) << rows.error().ToString();
    EXPECT_EQ(*rows, cut < ends_[0] ? 0 : cut < bytes.size() ? 1 : 6);
    EXPECT_FALSE(LocalFileSystem().Exists(path));
  }
  // Always in the same object.
  EXPECT_THAT(RowsIn(folder_.File("log"), "", {"request_id"}), SizeIs(6));
}

TEST_F(PredictionSpoolTest, ARecordThatIsCutOrOfAnotherKindIsNotTaken) {
  const auto columns = SegmentColumns::Make(HeaderOf(model_));
  const std::string record = RecordOf({served_, "id", 3, 4}, model_, 3);
  for (size_t cut = 0; cut < record.size(); ++cut)
    EXPECT_FALSE(columns->Append(std::string_view(record).substr(0, cut))) << cut;
  std::string other = record;
  other[0] = static_cast<char>(RecordKind::kFeedback);
  EXPECT_FALSE(columns->Append(other));
  EXPECT_TRUE(columns->Append(record));
  EXPECT_EQ(columns->rows(), 3);
  for (const data::PackedColumn& column : columns->columns())
    EXPECT_EQ(column.size(), 3) << column.name;
}

TEST_F(PredictionSpoolTest, ALabelThatNoClassHasIsNotTaken) {
  const auto columns = SegmentColumns::Make(HeaderOf(model_));
  std::string record = RecordOf({served_, "id"}, model_);
  const int32_t label = 2;
  std::memcpy(record.data() + sizeof(RecordHead) + 2, &label, sizeof(label));
  EXPECT_FALSE(columns->Append(record));
}

TEST_F(PredictionSpoolTest, AFolderIsItsOwnersUntilItGoes) {
  FileSystem& files = LocalFileSystem();
  const std::string root = folder_.File("spool");
  auto mine = SpoolFolder::Make(files, root);
  ASSERT_TRUE(mine.ok()) << mine.error().ToString();
  const std::string path = JoinPath((*mine)->path(), "a.spool");
  ASSERT_TRUE(WriteFileAtomically(files, path, "x").ok());
  auto taken = SpoolFolder::TakeAbandoned(files, root);
  ASSERT_TRUE(taken.ok());
  EXPECT_THAT(*taken, IsEmpty());
  mine->reset();
  taken = SpoolFolder::TakeAbandoned(files, root);
  ASSERT_TRUE(taken.ok());
  ASSERT_THAT(*taken, SizeIs(1));
  EXPECT_THAT(*(*taken)[0]->Spools(), ::testing::ElementsAre(path));
  // Taken once.
  EXPECT_THAT(*SpoolFolder::TakeAbandoned(files, root), IsEmpty());
  ASSERT_TRUE(files.RemoveFile(path).ok());
  taken->clear();
  EXPECT_TRUE(std::filesystem::is_empty(root));
}

TEST(KeyPartTest, WhatIsNoNameOfAFolderIsWrittenOtherwise) {
  EXPECT_EQ(KeyPartOf("ml-classifier_2.0"), "ml-classifier_2.0");
  EXPECT_EQ(KeyPartOf(".."), "%2E.");
  EXPECT_EQ(KeyPartOf("_hidden"), "%5Fhidden");
  EXPECT_EQ(KeyPartOf("a/b c"), "a%2Fb%20c");
  EXPECT_EQ(KeyPartOf("ü"), "%C3%BC");
  EXPECT_EQ(KeyPartOf(""), "model");
}

TEST(SegmentKeyTest, NamesTheTimeAndIsNeverTheSame) {
  const Clock::WallTime time = Clock::WallTime(std::chrono::milliseconds(1'795'416'067'123));
  const std::string key = SegmentKey(SpoolKind::kFeedback, "churn", time);
  EXPECT_TRUE(key.starts_with("churn/feedback/2026-11-23/20261123T064107.123Z-")) << key;
  EXPECT_NE(key, SegmentKey(SpoolKind::kFeedback, "churn", time));
}

}  // namespace
}  // namespace slipway::serve

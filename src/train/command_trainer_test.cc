#include "train/command_trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "data/parquet_writer.h"

namespace slipway::train {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Notes what it was asked, and does what a program would.
class FakeRunner : public ProcessRunner {
 public:
  Result<ProcessEnd> Run(const ProcessOptions& options) override {
    asked = options;
    for (const std::string& line : lines) options.output(line);
    if (const auto path = options.environment.at("SLIPWAY_TRAIN"); !path.empty()) {
      seen = data::ReadParquetExactly(path).value();
    }
    if (!onnx.empty()) {
      EXPECT_TRUE(WriteFileAtomically(LocalFileSystem(),
                                      options.environment.at("SLIPWAY_OUTPUT") + "/model.onnx",
                                      onnx)
                      .ok());
    }
    return end;
  }

  std::string onnx = "a graph";
  std::vector<std::string> lines;
  Result<ProcessEnd> end = ProcessEnd{};
  ProcessOptions asked;
  data::Table seen;
};

class CommandTrainerTest : public ::testing::Test {
 protected:
  CommandTrainerTest() {
    folder_ = ::testing::TempDir() + "command_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    config_.project_directory = folder_ + "/project";
    config_.model.hyperparameters = {{"depth", 3}};
    config_.model.command.run = "python3 training/train.py";
    config_.model.command.timeout_seconds = 5;
    config_.model.command.memory = "2Gi";
    table_.rows = 4;
    for (const char* name : {"id", "x", "y"}) {
      data::Column& column = table_.columns.emplace_back();
      column.name = name;
      for (int row = 0; row < 4; ++row) column.numbers.push_back(row);
    }
    target_.column = "y";
    target_.labels = {"0", "1"};
  }

  void Write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(
        WriteFileAtomically(LocalFileSystem(), JoinPath(config_.project_directory, name), text)
            .ok());
  }

  Result<std::string> Fit() {
    return FitByCommand({config_, table_, features_, target_, rows_, {}, folder_ + "/work", 7, 2},
                        runner_, LocalFileSystem(),
                        [&](std::string_view line) { said_.emplace_back(line); });
  }

  std::string folder_;
  config::Config config_;
  data::Table table_;
  std::vector<std::string> features_ = {"x"};
  data::Target target_;
  std::vector<int64_t> rows_ = {2, 0};
  FakeRunner runner_;
  std::vector<std::string> said_;
};

TEST_F(CommandTrainerTest, TheProgramGetsFeaturesAndTargetOfItsRowsAlone) {
  runner_.lines = {"epoch 1", "epoch 2"};
  const auto onnx = Fit();
  ASSERT_TRUE(onnx.ok()) << onnx.error().ToString();
  EXPECT_EQ(*onnx, "a graph");
  EXPECT_THAT(said_, ElementsAre("epoch 1", "epoch 2"));
  ASSERT_EQ(runner_.seen.columns.size(), 2U);
  EXPECT_EQ(runner_.seen.columns[0].name, "x");
  EXPECT_EQ(runner_.seen.columns[1].name, "y");
  EXPECT_THAT(runner_.seen.columns[0].numbers, ElementsAre(2, 0));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/work"));
}

// Trials of a search have one folder, one after another.
TEST_F(CommandTrainerTest, WhatAFailedFitLeftIsNotTakenForTheNextOnes) {
  runner_.end = ProcessEnd{1, 0};
  ASSERT_FALSE(Fit().ok());
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/work"));
  ASSERT_TRUE(WriteFileAtomically(LocalFileSystem(), folder_ + "/work/output/model.onnx",
                                  "of a run that was killed")
                  .ok());
  runner_.onnx.clear();
  runner_.end = ProcessEnd{};
  const auto onnx = Fit();
  ASSERT_FALSE(onnx.ok()) << *onnx;
  EXPECT_THAT(onnx.error().ToString(), HasSubstr("wrote no model.onnx"));
}

TEST_F(CommandTrainerTest, TheProgramIsToldInItsEnvironment) {
  ASSERT_TRUE(Fit().ok());
  EXPECT_EQ(runner_.asked.command, "python3 training/train.py");
  EXPECT_EQ(runner_.asked.directory, config_.project_directory);
  EXPECT_EQ(runner_.asked.timeout_seconds, 5);
  EXPECT_EQ(runner_.asked.memory_bytes, int64_t{2} << 30);
  const auto& variables = runner_.asked.environment;
  EXPECT_EQ(variables.at("SLIPWAY_HYPERPARAMETERS"), R"({"depth":3})");
  EXPECT_EQ(variables.at("SLIPWAY_FEATURES"), R"(["x"])");
  EXPECT_EQ(variables.at("SLIPWAY_TARGET"), "y");
  EXPECT_EQ(variables.at("SLIPWAY_CLASSES"), R"(["0","1"])");
  EXPECT_EQ(variables.at("SLIPWAY_SEED"), "7");
  EXPECT_EQ(variables.at("SLIPWAY_VALIDATION"), "") << "no such rows";
}

TEST_F(CommandTrainerTest, AFailureIsToldWithItsLastWords) {
  runner_.lines = {"Traceback", "ValueError: no"};
  runner_.end = ProcessEnd{3, 0};
  EXPECT_THAT(Fit().error().ToString(),
              HasSubstr("model.command.run: the program ended with exit code 3 "
                        "(model.command.memory is 2Gi), and said last: ValueError: no"));
  runner_.end = ProcessEnd{-1, 9};
  EXPECT_THAT(Fit().error().ToString(), HasSubstr("was ended by signal 9"));
}

TEST_F(CommandTrainerTest, ATimeOutNamesTheKey) {
  runner_.end = Error(ErrorCode::kTimeout, "the program did not end within 5.0 s");
  const auto onnx = Fit();
  ASSERT_FALSE(onnx.ok());
  EXPECT_EQ(onnx.error().code(), ErrorCode::kTimeout);
  EXPECT_THAT(onnx.error().ToString(), HasSubstr("model.command.timeout_seconds"));
}

TEST_F(CommandTrainerTest, WhoWritesNoGraphIsTold) {
  runner_.onnx.clear();
  EXPECT_THAT(Fit().error().ToString(), HasSubstr("wrote no model.onnx"));
}

TEST_F(CommandTrainerTest, TheFolderIsThatOfTheFileThatTheCommandNames) {
  EXPECT_THAT(CommandFolder(config_, LocalFileSystem()).error().ToString(),
              HasSubstr("model.command.folder"));
  Write("training/train.py", "print()");
  EXPECT_EQ(CommandFolder(config_, LocalFileSystem()).value(),
            config_.project_directory + "/training");
  config_.model.command.folder = "elsewhere";
  EXPECT_EQ(CommandFolder(config_, LocalFileSystem()).value(),
            config_.project_directory + "/elsewhere");
}

TEST_F(CommandTrainerTest, TheDigestIsOfNamesAndBytes) {
  const auto digest = [&] {
    return DigestOfFolder(config_.project_directory + "/training", LocalFileSystem()).value();
  };
  Write("training/train.py", "print()");
  const std::string first = digest();
  Write("training/__pycache__/train.pyc", "compiled");
  Write("training/.hidden", "");
  EXPECT_EQ(digest(), first);
  Write("training/lib/helper.py", "");
  const std::string second = digest();
  EXPECT_NE(second, first);
  Write("training/train.py", "print(1)");
  EXPECT_NE(digest(), second);
}

}  // namespace
}  // namespace slipway::train

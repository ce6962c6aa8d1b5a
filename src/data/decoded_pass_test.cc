#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "data/decoded_pass_internal.h"

namespace slipway::data {
namespace {

// Its second block can't be decoded, and whoever asks for more is told something else.
class BrokenDecoder : public BlockDecoder {
 public:
  Result<int64_t> Decode(int64_t /*rows*/, int /*threads*/,
                         std::vector<ColumnPiece>& pieces) override {
    if (++calls_ == 1) {
      pieces[0].AddNumber(1);
      return 1;
    }
    // Meanwhile all other threads come to wait.
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return Error(ErrorCode::kInvalidInput, fmt::format("call {}", calls_));
  }

 private:
  int calls_ = 0;
};

class NoSink : public PieceSink {
 public:
  Status Take(size_t /*index*/, std::vector<ColumnPiece> /*pieces*/, int /*threads*/) override {
    return {};
  }
};

TEST(DecodedPass, TellsTheFirstFailureOnAnyNumberOfThreads) {
  ColumnPlan plan;
  plan.name = "x";
  plan.type = ColumnType::kNumeric;
  const std::vector<ColumnPlan> plans = {plan};
  const ValueRules rules(MissingValues({}), false);
  ReadProgress progress(SilentProgress(), 0);
  for (int i = 0; i < 100; ++i) {
    BrokenDecoder decoder;
    NoSink sink;
    const Result<PassEnd> end = ReadDecoded(
        decoder, {.plans = plans, .rules = rules, .threads = 4, .progress = progress}, sink);
    ASSERT_FALSE(end.ok());
    ASSERT_EQ(end.error().message(), "call 2");
  }
}

}  // namespace
}  // namespace slipway::data

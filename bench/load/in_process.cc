// The native kernel beside ONNX Runtime, in one process and on one thread: microseconds a call of
// the model's golden rows, taken in turns.
//
// slipway_in_process MODEL_DIRECTORY [ROWS_A_CALL [SECONDS]]: a line of JSON, of pieces of work of
// which each engine has one in turn.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "core/file_system.h"
#include "data/select_rows.h"
#include "model/artifact.h"
#include "model/golden_rows.h"
#include "model/predictor.h"

namespace {

using slipway::Result;
using Clock = std::chrono::steady_clock;

// Of one row, so many; of more, fewer.
constexpr int64_t kRowsAPiece = 4096;
constexpr int64_t kMostCalls = 64;

// Calls of `rows` rows each: those of the table, one behind another and again.
std::vector<slipway::data::Table> MakeCalls(const slipway::data::Table& golden, int64_t rows) {
  std::vector<slipway::data::Table> calls;
  int64_t next = 0;
  const int64_t count = std::clamp<int64_t>(kRowsAPiece / rows, 1, kMostCalls);
  for (int64_t call = 0; call < count; ++call) {
    std::vector<int64_t> chosen(static_cast<size_t>(rows));
    for (int64_t& row : chosen) row = next++ % golden.rows;
    calls.push_back(slipway::data::SelectRows(golden, chosen));
  }
  return calls;
}

double MicrosecondsACall(const slipway::model::Predictor& predictor,
                         const std::vector<slipway::data::Table>& calls) {
  const auto begun = Clock::now();
  for (const auto& call : calls) {
    if (const auto answer = predictor.Predict(call, 1); !answer.ok()) {
      fmt::print(stderr, "{}\n", answer.error().ToString());
      std::exit(1);
    }
  }
  const std::chrono::duration<double, std::micro> spent = Clock::now() - begun;
  return spent.count() / static_cast<double>(calls.size());
}

// The median, and the best, which a busy machine spoils least.
std::string Describe(std::vector<double> values) {
  std::ranges::sort(values);
  return fmt::format(R"({{"median_us":{:.3f},"best_us":{:.3f}}})", values[values.size() / 2],
                     values.front());
}

slipway::Status Run(const std::string& directory, int64_t rows, double seconds) {
  auto& files = slipway::LocalFileSystem();
  SLIPWAY_ASSIGN_OR_RETURN(const auto model, slipway::model::LoadModel(files, directory));
  SLIPWAY_ASSIGN_OR_RETURN(const std::string onnx,
                           files.ReadFile(slipway::JoinPath(directory, "model.onnx")));
  SLIPWAY_ASSIGN_OR_RETURN(const auto native, slipway::model::LoadNativePredictor(onnx));
  SLIPWAY_ASSIGN_OR_RETURN(const auto other, slipway::model::LoadOnnxRuntimePredictor(onnx));
  SLIPWAY_ASSIGN_OR_RETURN(const std::string text,
                           files.ReadFile(slipway::JoinPath(directory, "golden.jsonl")));
  SLIPWAY_ASSIGN_OR_RETURN(const auto golden, slipway::model::GoldenInputs(text, model.schema));
  const auto calls = MakeCalls(golden, rows);
  std::vector<double> ours, theirs;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  while (ours.empty() || Clock::now() < end) {
    ours.push_back(MicrosecondsACall(*native, calls));
    theirs.push_back(MicrosecondsACall(*other, calls));
  }
  fmt::print("{{\"rows\":{},\"native\":{},\"onnxruntime\":{}}}\n", rows,
             Describe(std::move(ours)), Describe(std::move(theirs)));
  return {};
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) {
    fmt::print(stderr, "slipway_in_process MODEL_DIRECTORY [ROWS_A_CALL [SECONDS]]\n");
    return 2;
  }
  const int64_t rows = count > 2 ? std::max(1, std::atoi(words[2])) : 1;
  const double seconds = count > 3 ? std::atof(words[3]) : 3;
  const slipway::Status done = Run(words[1], rows, seconds);
  if (!done.ok()) fmt::print(stderr, "{}\n", done.error().ToString());
  return done.ok() ? 0 : 1;
}

// The native kernel beside ONNX Runtime, in one process and on one thread: microseconds a call with
// rows of a table, other ones each time.
//
// slipway_in_process MODEL_DIRECTORY TABLE [ROWS_A_CALL [SECONDS [ENGINE]]]: a line of JSON, of
// pieces of work of which each engine (or only that which is named: native, onnxruntime) has one in
// turn.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "core/file_system.h"
#include "data/reader.h"
#include "data/select_rows.h"
#include "model/predictor.h"

namespace {

using slipway::Result;
using Clock = std::chrono::steady_clock;

// A piece is long beside what an engine has to fetch again after the other one's: it is to show how
// calls follow each other in a server.
constexpr int64_t kRowsAPiece = 4096;

// Calls `predictor` with rows of a table, one behind another and again.
class Caller {
 public:
  Caller(const slipway::data::Table& table, int64_t rows) : table_(table) {
    std::vector<int64_t> chosen(static_cast<size_t>(rows));
    call_ = slipway::data::SelectRows(table, chosen);
  }

  double MicrosecondsACall(const slipway::model::Predictor& predictor) {
    const int64_t calls = std::max<int64_t>(kRowsAPiece / call_.rows, 1);
    const auto begun = Clock::now();
    for (int64_t call = 0; call < calls; ++call) {
      FillCall();
      if (const auto answer = predictor.Predict(call_, 1); !answer.ok()) {
        fmt::print(stderr, "{}\n", answer.error().ToString());
        std::exit(1);
      }
    }
    const std::chrono::duration<double, std::micro> spent = Clock::now() - begun;
    return spent.count() / static_cast<double>(calls);
  }

 private:
  void FillCall() {
    if (next_ + call_.rows > table_.rows) next_ = 0;
    for (size_t i = 0; i < call_.columns.size(); ++i) {
      const slipway::data::Column& from = table_.columns[i];
      slipway::data::Column& to = call_.columns[i];
      std::copy_n(from.numbers.begin() + next_, to.numbers.size(), to.numbers.begin());
      std::copy_n(from.codes.begin() + next_, to.codes.size(), to.codes.begin());
    }
    next_ += call_.rows;
  }

  const slipway::data::Table& table_;
  slipway::data::Table call_;
  int64_t next_ = 0;
};

// The median, and the best, which a busy machine spoils least.
std::string Describe(std::vector<double> values) {
  std::ranges::sort(values);
  return fmt::format(R"({{"median_us":{:.3f},"best_us":{:.3f}}})", values[values.size() / 2],
                     values.front());
}

struct Options {
  std::string directory, table, engine;
  int64_t rows = 1;
  double seconds = 3;
};

slipway::Status Run(const Options& options) {
  auto& files = slipway::LocalFileSystem();
  const std::string path = slipway::JoinPath(options.directory, "model.onnx");
  SLIPWAY_ASSIGN_OR_RETURN(const std::string onnx, files.ReadFile(path));
  SLIPWAY_ASSIGN_OR_RETURN(const auto native, slipway::model::LoadNativePredictor(onnx));
  SLIPWAY_ASSIGN_OR_RETURN(const auto other, slipway::model::LoadOnnxRuntimePredictor(onnx));
  slipway::data::ReadOptions reading;
  for (const auto& input : native->inputs()) reading.columns.push_back(input.name);
  SLIPWAY_ASSIGN_OR_RETURN(const auto read, slipway::data::ReadTable(options.table, reading));
  if (read.table.rows < options.rows)
    return slipway::Error(slipway::ErrorCode::kInvalidInput, "the table has fewer rows than a call");
  Caller caller(read.table, options.rows);
  std::vector<std::pair<const slipway::model::Predictor*, std::vector<double>>> engines;
  for (const auto* engine : {native.get(), other.get()}) {
    if (options.engine.empty() || options.engine == engine->engine())
      engines.push_back({engine, {}});
  }
  const auto end = Clock::now() + std::chrono::duration<double>(options.seconds);
  do {
    for (auto& [engine, times] : engines) times.push_back(caller.MicrosecondsACall(*engine));
  } while (Clock::now() < end);
  fmt::print("{{\"rows\":{}", options.rows);
  for (auto& [engine, times] : engines)
    fmt::print(",\"{}\":{}", engine->engine(), Describe(std::move(times)));
  fmt::print("}}\n");
  return {};
}

}  // namespace

int main(int count, char** words) {
  if (count < 3) {
    fmt::print(stderr,
               "slipway_in_process MODEL_DIRECTORY TABLE [ROWS_A_CALL [SECONDS [ENGINE]]]\n");
    return 2;
  }
  Options options{words[1], words[2], count > 5 ? words[5] : ""};
  if (count > 3) options.rows = std::max(1, std::atoi(words[3]));
  if (count > 4) options.seconds = std::atof(words[4]);
  const slipway::Status done = Run(options);
  if (!done.ok()) fmt::print(stderr, "{}\n", done.error().ToString());
  return done.ok() ? 0 : 1;
}

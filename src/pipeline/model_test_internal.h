// A single test, what it looks at, and who makes which.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/expectations.h"
#include "config/table_schema.h"
#include "data/target.h"
#include "data/types.h"
#include "gate/types.h"
#include "pipeline/model_test.h"
#include "pipeline/predict.h"
#include "registry/types.h"
#include "report/test_report.h"

namespace slipway::pipeline {

// What tests need of their subject.
struct Needs {
  bool table = false;
  bool model = false;
  bool parts = false;  // Target, split and predictions; of the table and the model.
  bool gates = false;  // Verdicts, which need all of these.

  Needs operator|(const Needs& other) const {
    return {table || other.table, model || other.model, parts || other.parts, gates || other.gates};
  }
};

// Filled as far as the chosen tests need it, then only read.
struct TestSubject {
  explicit TestSubject(const config::Config& project) : config(project) {}

  const config::Config& config;
  int threads = 1;
  data::Table table;
  data::DatasetReport dataset;
  std::string source;
  std::string rows_digest;  // Of a database's rows; "" of files.
  ChosenModel chosen;
  data::Target target;
  data::Split split;
  model::Predictions predictions;  // Of all rows of the table.
  std::vector<gate::Verdict> verdicts;
  // Why there are no target, split, predictions and verdicts though they are needed: the table is
  // not fit for them. "" where there are.
  std::string unfit;

  const model::ModelSchema& schema() const { return chosen.model.schema; }
  const model::Predictor& predictor() const { return *chosen.model.predictor; }
};

// Reads and computes what is needed. `schema` is what data.schema names.
Status Prepare(const config::LoadedConfig& loaded, const config::TableSchema* schema,
               const TestOptions& options, const Needs& needs, ProgressSink& progress,
               TestSubject* subject);
// What `options` name; where they name none the configuration's model: credit-risk.
std::string ModelToTest(const config::Config& config, const TestOptions& options);
// A single ONNX file, which has no golden rows and may not name its columns.
bool IsBareGraph(const registry::ModelReference& reference);
std::vector<std::string> InputNames(const model::Predictor& predictor);

// Whether the data's tests already say why: the error is about a table that they find fault with.
bool IsUnfit(const TestSubject& subject, const Error& error);
std::string UnfitText(const Error& error);

class ModelTest {
 public:
  ModelTest(std::string group, std::string name, Location at = {})
      : group_(std::move(group)), name_(std::move(name)), at_(std::move(at)) {}
  virtual ~ModelTest() = default;

  const Location& at() const { return at_; }
  std::string Id() const { return group_ + "::" + name_; }
  // A result to fill in.
  report::TestResult Start() const;

  virtual Needs needs() const = 0;
  // Whether what is expected fits the model and the table; errors name the places in the file.
  virtual Status Check(const TestSubject& /*subject*/) const { return {}; }
  virtual Result<report::TestResult> Run(const TestSubject& subject) const = 0;

 private:
  std::string group_, name_;
  Location at_;
};

using ModelTests = std::vector<std::unique_ptr<ModelTest>>;

void AddDataTests(const config::Config& config, const config::TableSchema* schema,
                  ModelTests* tests);
// `bare` for a single ONNX file, which has no golden rows.
void AddGateTests(const config::Config& config, bool bare, ModelTests* tests);
void AddRobustnessTests(ModelTests* tests);
// `expectations` must outlive the tests.
void AddRowTests(const config::Expectations& expectations, ModelTests* tests);
void AddChangeTests(const config::Expectations& expectations, ModelTests* tests);
void AddSliceTests(const config::Expectations& expectations, ModelTests* tests);

// Fails, or passes, with this reason.
void Decide(bool passed, std::string reason, report::TestResult* result);
report::TestResult Skipped(report::TestResult result, std::string reason);

}  // namespace slipway::pipeline

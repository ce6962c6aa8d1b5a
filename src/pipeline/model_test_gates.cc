// The gates of a run, asked again, each a test.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "core/file_system.h"
#include "data/select_rows.h"
#include "gate/gate.h"
#include "pipeline/evaluation.h"
#include "pipeline/model_test_internal.h"

namespace slipway::pipeline {
namespace {

// Gates by what they are about; all others are about how good the model is.
std::string GroupOf(std::string_view gate) {
  struct Entry {
    std::string_view gate, group;
  };
  constexpr Entry kGroups[] = {{"single_latency", "performance"},
                               {"batch_latency", "performance"},
                               {"size", "performance"},
                               {"robustness", "robustness"}};
  for (const Entry& entry : kGroups) {
    if (entry.gate == gate) return std::string(entry.group);
  }
  return "model";
}

class GateTest : public ModelTest {
 public:
  explicit GateTest(const std::string& gate) : ModelTest(GroupOf(gate), gate), gate_(gate) {}

  Needs needs() const override {
    return {.table = true, .model = true, .parts = true, .gates = true};
  }

  Result<report::TestResult> Run(const TestSubject& subject) const override {
    const auto verdict = std::ranges::find(subject.verdicts, gate_, &gate::Verdict::name);
    if (verdict == subject.verdicts.end()) {
      return Skipped(Start(), "the gate was not asked of this model");
    }
    report::TestResult result = Start();
    result.evidence = gate::ToJson(*verdict);
    if (verdict->dry_run && verdict->outcome != gate::Outcome::kPass) {
      return Skipped(std::move(result), "dry run: " + verdict->reason);
    }
    if (verdict->outcome == gate::Outcome::kInconclusive) {
      return Skipped(std::move(result), "inconclusive: " + verdict->reason);
    }
    Decide(verdict->outcome == gate::Outcome::kPass, verdict->reason, &result);
    return result;
  }

 private:
  std::string gate_;
};

// The model that is loaded a second time gives the same answers, bit for bit.
class ReloadTest : public ModelTest {
 public:
  ReloadTest() : ModelTest("model", "reload") {}

  Needs needs() const override { return {.table = true, .model = true, .parts = true}; }

  Result<report::TestResult> Run(const TestSubject& subject) const override {
    const model::Model& first = subject.chosen.model;
    SLIPWAY_ASSIGN_OR_RETURN(const model::Model again,
                             model::LoadModel(LocalFileSystem(), first.directory, first.digest,
                                              InputNames(*first.predictor)));
    const std::vector<int64_t> rows = subject.split.RowsOf(data::Part::kTest);
    SLIPWAY_ASSIGN_OR_RETURN(
        const model::Predictions answers,
        again.predictor->Predict(data::SelectRows(subject.table, rows), subject.threads));
    const model::Predictions before = SelectRows(subject.predictions, rows);
    const bool same = answers.labels == before.labels && answers.scores == before.scores &&
                      answers.values == before.values;
    report::TestResult result = Start();
    result.evidence = {{"rows", answers.rows}, {"digest", again.digest}};
    Decide(same,
           fmt::format("loaded again, the answers for {} test rows are {}", answers.rows,
                       same ? "the same" : "others"),
           &result);
    return result;
  }
};

}  // namespace

void AddGateTests(const config::Config& config, bool bare, ModelTests* tests) {
  std::vector<std::string> names = gate::GateNames(config.model);
  if (bare) std::erase(names, "parity");
  for (const char* group : {"model", "performance", "robustness"}) {
    for (const std::string& name : names) {
      if (GroupOf(name) == group) tests->push_back(std::make_unique<GateTest>(name));
    }
    if (std::string_view(group) == "model") tests->push_back(std::make_unique<ReloadTest>());
  }
}

}  // namespace slipway::pipeline

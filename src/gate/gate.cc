#include "gate/gate.h"

#include <algorithm>

#include "core/interrupt.h"
#include "gate/gate_internal.h"

namespace slipway::gate {
namespace {

void MarkDryRuns(const std::vector<std::string>& names, std::vector<Verdict>* verdicts) {
  for (Verdict& verdict : *verdicts) {
    verdict.dry_run = std::ranges::any_of(names, [&](const std::string& name) {
      return train::CanonicalMetric(name) == verdict.name;
    });
  }
}

}  // namespace

Result<std::vector<Verdict>> RunGatesWith(FileSystem& files, const Clock& clock,
                                          const GateInput& input, const ModelLoader& loader) {
  const LoadedModel loaded = loader(files, input.artifact_directory);
  // A file that can't be read says nothing about the model; a graph that can't be run does.
  if (!loaded.ok() && loaded.error().code() != ErrorCode::kInvalidInput) return loaded.error();
  std::vector<Verdict> verdicts = ThresholdGates(input);
  if (std::optional<Verdict> floor = SliceFloorGate(input)) verdicts.push_back(*std::move(floor));
  if (std::optional<Verdict> gap = GroupGapGate(input)) verdicts.push_back(*std::move(gap));
  verdicts.push_back(SingleLatencyGate(input, loaded, clock));
  verdicts.push_back(BatchLatencyGate(input, loaded, clock));
  SLIPWAY_ASSIGN_OR_RETURN(verdicts.emplace_back(), SizeGate(files, input));
  // A model that can't be loaded is told by this gate, whether parity was asked for or not.
  if (input.config.gates.parity || !loaded.ok()) {
    SLIPWAY_ASSIGN_OR_RETURN(verdicts.emplace_back(), ParityGate(files, input, loaded));
  }
  if (input.config.gates.robustness.enabled) verdicts.push_back(RobustnessGate(input, loaded));
  if (input.config.gates.beats_baseline) verdicts.push_back(BaselineGate(input));
  if (std::optional<Verdict> leak = LeakageGate(input)) verdicts.push_back(*std::move(leak));
  if (std::optional<Verdict> gap = GapGate(input)) verdicts.push_back(*std::move(gap));
  SLIPWAY_ASSIGN_OR_RETURN(std::optional<Verdict> production, ProductionVerdict(input, loaded));
  if (production) verdicts.push_back(*std::move(production));
  // An interrupt looks to a gate like a model that can't answer, or rows without intervals.
  SLIPWAY_RETURN_IF_ERROR(CheckInterrupted());
  MarkDryRuns(input.config.gates.dry_run, &verdicts);
  return verdicts;
}

Result<std::vector<Verdict>> RunGates(FileSystem& files, const Clock& clock,
                                      const GateInput& input) {
  SLIPWAY_RETURN_IF_ERROR(files.Stat(input.artifact_directory));
  return RunGatesWith(files, clock, input, [&](FileSystem& from, const std::string& directory) {
    return model::LoadModel(from, directory, "", input.features);
  });
}

std::vector<std::string> GateNames(const config::ModelConfig& config) {
  std::vector<std::string> names;
  for (const auto& [metric, limit] : config.performance_thresholds)
    names.push_back(train::CanonicalMetric(metric));
  const config::GatesConfig& gates = config.gates;
  if (!gates.slice_floor.empty()) names.emplace_back("slice_floor");
  if (!gates.group_gap.empty()) names.emplace_back("group_gap");
  names.insert(names.end(), {"single_latency", "batch_latency", "size"});
  if (gates.parity) names.emplace_back("parity");
  if (gates.robustness.enabled) names.emplace_back("robustness");
  if (gates.beats_baseline) names.emplace_back("baseline");
  if (gates.leakage.max_association || gates.leakage.max_shared_rows) names.emplace_back("leakage");
  if (config.gates.max_train_test_gap) names.emplace_back("train_test_gap");
  return names;
}

bool Passed(const std::vector<Verdict>& verdicts) {
  return std::ranges::none_of(verdicts, [](const Verdict& verdict) {
    return !verdict.dry_run && verdict.outcome == Outcome::kFail;
  });
}

bool Repeatable(const std::vector<Verdict>& verdicts) {
  return std::ranges::none_of(verdicts, [](const Verdict& verdict) {
    return verdict.outcome == Outcome::kFail &&
           (verdict.name == "single_latency" || verdict.name == "batch_latency");
  });
}

}  // namespace slipway::gate

// One call of Plan, strategy by strategy.
#pragma once

#include <string>
#include <vector>

#include "deploy/plan.h"

namespace slipway::deploy {

struct SetWish {
  Release release;
  int replicas = 0;
};

// ": trouble"; "" where there is none.
inline std::string Because(const std::string& trouble) {
  return trouble.empty() ? "" : ": " + trouble;
}

class Planner {
 public:
  Planner(const Service& service, const Observed& observed) : seen_(observed), service_(service) {}
  Result<Decision> Run();

 private:
  // plan.cc: phases that all strategies have, and what becomes of them.
  Status Advance();
  Status AdvanceOnce();
  Status AdvanceStarting();
  Status AdvancePromoting();
  void AdvanceRollingBack();
  void Enter(Phase phase, const std::string& text);
  void Complete();
  void RollBack(const std::string& reason);
  void End(Phase phase, const std::string& text);
  void PauseFor(const std::string& reason);
  // Its replicas have been gone for too long, whatever others answered in their place.
  bool IsGone();
  bool PassedReplicaValidation(const Release& release, bool* validated);
  // The reason of a rollback stays on the model's version.
  void TagReason(const Release& release, const std::string& reason);
  void ExpireStandby();
  void WishAndAct();

  // checks.cc: looking at the metrics, for all strategies.
  // Makes the watch where there is none yet, and shows it what is seen.
  Status SeeCounts();
  // The share is in force: checks count from here.
  void BeginStage();
  bool CheckIsDue() const;
  bool HarmIsSeen() const;
  // Takes a check; true where it ended the rollout's way or stopped it.
  Result<bool> TakeCheck();
  bool ActOn(const Check& check);
  bool HasHarm(const Check& check) const;
  // All that failed and is acted on.
  static std::string HarmIn(const Check& check);
  void KeepCheck(Check check);
  // Too many checks in a row without metrics.
  bool PausedForMissing();

  // canary_plan.cc
  Status AdvanceShadowing();
  Status AdvanceCanary();
  bool HasAnswer() const;
  Status EndStage();
  void NextStage();
  double CanaryWeight() const;
  int AllowedFailures() const;

  // blue_green_plan.cc
  Status AdvanceBlueGreen();
  // rolling_plan.cc
  Status AdvanceRolling();
  // As far as what is available allows, and never back.
  void ExchangeReplicas();
  bool WatchHasPassed() const;
  std::vector<SetWish> WishesOfRolling() const;

  // experiment_plan.cc
  Status AdvanceExperimentStart();
  Status AdvanceExperiment();
  Status SeeArms();
  void LoseGoneArms();
  // From now on the traffic is shared otherwise.
  void BeginSplit();
  void Leave(Arm* arm, const std::string& reason);
  Status CheckArms();
  void DecideExperiment(bool ends);
  void AskFor(const Arm& best, bool ends);
  bool PausedForChange();
  void EndUndecided(const std::string& result);
  double ArmWeight() const;  // Percent, of each.
  std::vector<SetWish> WishesOfExperiment() const;
  TrafficPlan SplitOfExperiment() const;

  // wishes.cc: what is to be, by the phase.
  std::vector<SetWish> Wishes() const;
  TrafficPlan WantedTraffic() const;
  TrafficPlan AllTo(const Release& release) const;
  double LeaveToOthers(const std::vector<int64_t>& sets, double can_take, TrafficPlan* plan) const;
  TrafficPlan Split(double percent) const;
  TrafficPlan ByReplicas() const;
  void AddRules(TrafficPlan* plan) const;
  bool InForce(int64_t set, double percent) const;
  // Of the new release: replicas for a share of the traffic.
  int ReplicasFor(double percent) const;
  // So many, and no fewer than it has: who goes down in weight may go up again.
  SetWish NoFewer(const Release& release, int needed) const;
  void Scale();

  Rollout& rollout() { return *service_.rollout; }
  const Rollout& rollout() const { return *service_.rollout; }
  bool first() const { return !service_.stable.has_value(); }
  SetStatus Canary() const { return seen_.StatusOf(rollout().release.set); }
  SetStatus Stable() const {
    return service_.stable ? seen_.StatusOf(service_.stable->set) : SetStatus{};
  }
  // Why traffic is not as it is to be: what the splitter says, else the new replicas.
  std::string TrafficTrouble() const {
    return seen_.traffic_trouble.empty() ? Canary().trouble : seen_.traffic_trouble;
  }
  int64_t now() const { return seen_.now_ms; }
  bool Passed(int64_t since_ms, double seconds) const;
  static int64_t After(int64_t ms, double seconds);
  void Tell(std::string kind, std::string text, Json detail = Json::object());
  void Notify(const std::string& event, const std::string& text);

  const Observed& seen_;
  Service service_;
  Decision decision_;
  bool moved_ = false;      // A phase, a stage or a pause began in this call.
  bool validated_ = false;  // What was seen of a validation has been used.
};

}  // namespace slipway::deploy

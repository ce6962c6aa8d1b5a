// A service in a world that is made up: replicas that come up after a while, a splitter that obeys,
// requests that fail and take their time as told. What decides is the real Plan; what is kept goes
// through its document at each step, as if the controller were killed after each. For tests, and
// for measuring how often a rollout is rolled back wrongly.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/event_run.h"
#include "deploy/plan.h"
#include "deploy/verbs.h"

namespace slipway::deploy {

// How a version behaves.
struct Behaviour {
  double error_rate = 0;
  double dies_of = 0;  // Share of the requests that end their replica, and that others answer.
  double latency_ms = 10;
  double starts_seconds = 1;
  bool comes_up = true;
  bool predicts_rightly = true;
  double disagrees = 0;  // Of copies.
  double accuracy = 0.9;
  double converts = 0;  // Share of the labels that are "1".
  double off_by = 0;    // Of estimates; 0 for classes. Half are off by half of it more, or less.
  double labelled = 0;  // Share of the requests that a label comes for.
  // So much later it is known of those that were right, and that were wrong.
  double right_after_seconds = 0, wrong_after_seconds = 0;
  double second_class = 0.3;  // Share of the predictions.
  double bound = 0;  // Where estimates are cut to be counted, the second class above; 0 of classes.
};

// Errors among requests, and the squared lengths of the runs that they came in, added up.
struct Failures {
  int64_t errors = 0;
  int64_t run_squares = 0;
};
// How many of `requests` fail, each with the probability `rate`.
using Draw = std::function<Failures(int64_t requests, double rate)>;
// Fills `latencies` with so many requests of that typical latency.
using DrawLatencies =
    std::function<void(int64_t requests, double latency_ms, std::vector<int64_t>* latencies)>;

class SimulatedService {
 public:
  explicit SimulatedService(Json deployment);

  // The world.
  std::map<int64_t, Behaviour> versions;  // By registry version; the default for others.
  double requests_per_second = 0;
  double utilization = -1;  // Cores used for all requests together; negative: not known.
  bool splitter_answers = true;
  std::string splitter_refuses;  // Why it takes no plan; "" where it does.
  Draw draw;                     // Deterministic shares unless replaced.
  DrawLatencies draw_latencies;  // All of one latency unless replaced.
  // Of so many decisions one is kept as a document and read again: that takes most of the time
  // where thousands of rollouts are simulated.
  int keep_documents = 1;
  void RestartSplitter();
  // One ready replica of that version is gone: who controls has to see it, and to start another.
  // What was in flight on it is answered by others.
  void KillReplica(int64_t version, int64_t in_flight = 0);

  // The person. The answer is kept as the service's.
  Status Say(const std::function<Result<Decision>(const Service&, const VerbContext&)>& verb);
  Status DeployVersion(int64_t version, const Json& overrides = Json::object(),
                       const std::vector<int64_t>& others = {});

  // A time passes: requests are answered, then the controller looks and acts. Without `controls`
  // it is dead for that long.
  Status Step(double seconds, bool controls = true);

  const Service& service() const { return *service_; }
  bool exists() const { return service_.has_value(); }
  const TrafficPlan& traffic() const { return traffic_; }
  Observed Look() const;
  int64_t now_ms() const { return now_ms_; }
  double weight_of(int64_t version) const;
  int replicas_of(int64_t version) const;
  int64_t requests_of(int64_t version) const;
  int64_t lost() const { return lost_; }  // Requests that met no replica.
  const std::vector<Note>& notes() const { return notes_; }
  const std::vector<Outside>& outside() const { return outside_; }
  int64_t version_of_set(int64_t set) const;

 private:
  struct Replica {
    int64_t up_ms = 0;  // When it is ready.
  };
  // Of predictions that were made at one time and become known at another.
  struct Labels {
    int64_t made_ms = 0, known_ms = 0;
    LabelCounts counts;
  };
  struct Set {
    int64_t version = 0;
    std::vector<Replica> replicas;
    SetCounts counts;
    EventRun error_run;
    ModelCounts model;
    std::vector<Labels> coming = {};
    int64_t epoch = 0, epoch_ms = 0;  // Of labels, and since when.
  };

  const Behaviour& BehaviourOf(const Set& set) const;
  int ReadyOf(const Set& set) const;
  Failures Fail(int64_t requests, double rate, Set* set);
  void Answer(int64_t requests, Set* set);
  void AnswerFor(const Set& set, int64_t requests);
  static void LeaveUnanswered(int64_t requests, Set* set);
  void Label(int64_t labelled, Set* set);
  void TakeLabels(Set* set);
  void NameEpoch(int64_t epoch);
  void Serve(double seconds);
  Status Take(const Decision& decision);
  Status Keep(const Service& service);
  void Act(const SetReplicas& action);
  void Act(const SetTraffic& action);
  void Act(const Validate& action);

  Json deployment_;
  std::optional<Service> service_;
  std::map<int64_t, Set> sets_;
  TrafficPlan traffic_;
  std::string refused_;
  std::optional<Validation> validation_;
  int splitter_starts_ = 1;
  int64_t decisions_ = 0;
  int64_t now_ms_ = 1'000'000;
  int64_t lost_ = 0;
  double whole_ = 0;  // Of requests that were not whole yet.
  std::map<std::string, double> left_;
  std::vector<Note> notes_;
  std::vector<Outside> outside_;
};

}  // namespace slipway::deploy

// Shared by the files that answer verbs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "deploy/types.h"
#include "deploy/verbs.h"

namespace slipway::deploy {

// The service as the verb leaves it, with what is to be told of it.
Decision Said(Service service, const std::string& verb, const std::string& text,
              const VerbContext& context);
// What it brings: one, or all of an experiment's new ones.
std::vector<Release> ReleasesOf(const Rollout& rollout);
void EnterPhase(Rollout* rollout, Phase phase, int64_t now_ms);
// That no rollout is in progress, and what to do.
Error Nothing(const Service& service, const std::string& verb);
// A set of its own. Its replicas count a regression's estimates by the bounds of the stable
// release's, unless these no longer tell from each other what the stable release predicts: then by
// its own, and it can't be compared by them this once.
void GiveSet(Service* service, Release* release);
// The service's next revision. A release without a set gets one.
Rollout Begin(Service* service, Release release, Settings settings, std::string kind,
              const VerbContext& context);
// What is in progress ends at once, wherever it is.
void EndBy(Service* service, const std::string& why, int64_t now_ms);
// People are told why these are gone back from, and each of them keeps it.
void TellLeft(const Service& service, const std::vector<Release>& releases, int64_t revision,
              const std::string& why, const VerbContext& context, Decision* decision);
void TellLeft(const Service& service, const Rollout& rollout, const std::string& why,
              const VerbContext& context, Decision* decision);

// experiment_verbs.cc
// "ml-classifier:4 and ml-classifier:5".
std::string NamesOf(const NewRollout& rollout);
// Several versions are an experiment, which needs one to compare with.
Status CheckExperiment(const std::optional<Service>& service, const std::string& name,
                       const NewRollout& rollout);
// Of the release that the rollout has begun with, and others beside it.
Experiment BeginExperiment(Service* service, const std::vector<Release>& others);
// Promotes what was found to be better, or what the person says.
Result<Decision> Choose(const Service& service, bool full, const VerbContext& context,
                        int64_t version);

}  // namespace slipway::deploy

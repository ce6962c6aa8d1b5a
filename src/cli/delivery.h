// What commands on services share: where their state is, which service is meant, who controls.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cli/registry_options.h"
#include "cli/rollout_view.h"
#include "cli/session.h"
#include "core/result.h"
#include "deploy/rollout_store.h"
#include "deploy/types.h"
#include "deploy/verbs.h"

namespace slipway::cli {

struct ServiceOptions {
  RegistryOptions registry;
  std::string service;  // "" where there is only one.
};

// The state of services beside a registry: .slipway/up.
struct Delivery {
  std::string registry;   // The directory that holds the registry.
  std::string directory;  // registry/up
  std::unique_ptr<deploy::RolloutStore> store;

  std::string DirectoryOf(const std::string& service) const;
};

// The path of this very program.
Result<std::string> OwnProgram();

// [SERVICE], --registry, --config and --env. `options` outlives the command line.
void AddServiceOptions(CLI::App* command, ServiceOptions* options,
                       const char* usual = "the only one");

// `create`: a state that there is not is made; else kNotFound says how to deploy.
Result<Delivery> OpenDelivery(const std::string& registry, bool create);
Result<Delivery> OpenDelivery(const RegistryOptions& options, Session& session);

// The service that is meant: by its name, or a model's or a part before "-ENV" that only one has.
Result<deploy::ServiceRecord> FindService(const Delivery& delivery, const ServiceOptions& options);

// Does what a verb decides, against who changes the service at the same time: kept, or nothing.
Result<deploy::Service> Say(const Delivery& delivery, const std::string& service,
                            const std::function<Result<deploy::Decision>(
                                const deploy::Service&, const deploy::VerbContext&)>& verb);

// The controller of these services runs, from now on.
Status EnsureController(const Delivery& delivery);

// The service as it was last seen.
Result<RolloutSight> LookAt(const Delivery& delivery, const deploy::ServiceRecord& record);
int64_t NowMs();

// Shows the rollout until it has ended or stands still, or `follow` and the person ends it; a tree
// that is redrawn on a terminal, else a line an event. The exit code: 1 where it did not end well.
Result<int> WatchRollout(const Delivery& delivery, const std::string& service, bool follow,
                         Session& session);
// Waits until requests go to replicas that are ready; at once where nothing is stable, or it is
// down. kTimeout with what is in the way.
Result<RolloutSight> AwaitAnswers(const Delivery& delivery, const std::string& service,
                                  double seconds);
// 0 of a rollout that completed or goes on, and of a service that is down; 1 of one that went back,
// failed or is paused because there was no answer; 3 where nobody controls it, or its address does
// not answer.
int ExitCodeOf(const RolloutSight& sight);
// The same of the rollout, whoever controls it and whether it is up.
int ExitCodeOf(const deploy::Service& service);
// The sight in the form that was asked for.
void Show(const RolloutSight& sight, Session& session);

}  // namespace slipway::cli

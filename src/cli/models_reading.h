// What `slipway models` does without changing anything, and what all its subcommands share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/registry_options.h"
#include "cli/session.h"
#include "pipeline/model_diff.h"
#include "registry/registry.h"

namespace slipway::cli {

// Values of the options of all subcommands; each uses some.
struct ModelsOptions {
  RegistryOptions registry;
  std::string reference, other;  // Model references.
  std::string name, label, stage, path, alias;
  std::vector<std::string> tags, removed;
  bool force = false, yes = false, all = false, remove = false;
  int limit = 50;
  pipeline::ModelDiffOptions diff;
};

// The registry that the options name, which must be there.
Result<std::unique_ptr<registry::Registry>> OpenPresent(const ModelsOptions& options,
                                                        Session& session);

// A line that says that something was done.
void Done(Session& session, const std::string& text);

Result<int> ListModels(const ModelsOptions& options, Session& session);
Result<int> ShowModel(const ModelsOptions& options, Session& session);
Result<int> ShowCard(const ModelsOptions& options, Session& session);
Result<int> DiffModels(const ModelsOptions& options, Session& session);
Result<int> ShowAudit(const ModelsOptions& options, Session& session);
Result<int> VerifyModels(const ModelsOptions& options, Session& session);

}  // namespace slipway::cli

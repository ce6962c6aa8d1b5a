// `slipway models …`: versions, their stages and their artifacts.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/models_reading.h"
#include "cli/models_view.h"
#include "cli/registry_options.h"
#include "cli/session.h"
#include "cli/version_uses.h"
#include "core/text.h"
#include "registry/download.h"
#include "registry/import.h"
#include "registry/registry.h"

namespace slipway::cli {
namespace {

using registry::ModelVersion;
using registry::Registry;

// In braces, so that completion offers them; the registry checks what is given, and its errors say
// more.
constexpr const char* kStage = "STAGE:{development,staging,production,archived}";

using Action = Result<int> (*)(const ModelsOptions&, Session&);

Result<std::pair<std::string, std::string>> SplitTag(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
    return Error(ErrorCode::kInvalidInput, fmt::format("'{}' is not a tag", text))
        .Expected("KEY=VALUE");
  }
  return std::pair(text.substr(0, equals), text.substr(equals + 1));
}

Result<int> Register(const ModelsOptions& options, Session& session) {
  FileSystem& files = LocalFileSystem();
  SLIPWAY_RETURN_IF_ERROR(registry::CheckModelName(options.name));
  SLIPWAY_ASSIGN_OR_RETURN(registry::ImportedArtifact artifact,
                           registry::ImportArtifact(files, options.path));
  artifact.version.name = options.name;
  if (!options.label.empty()) artifact.version.version = options.label;
  artifact.version.created_by = registry::CurrentActor();
  for (const std::string& text : options.tags) {
    SLIPWAY_ASSIGN_OR_RETURN(const auto tag, SplitTag(text));
    artifact.version.tags[tag.first] = tag.second;
  }
  SLIPWAY_ASSIGN_OR_RETURN(const std::string directory,
                           RegistryDirectory(options.registry, session));
  SLIPWAY_ASSIGN_OR_RETURN(const auto registry, registry::OpenEmbedded(directory));
  SLIPWAY_ASSIGN_OR_RETURN(const ModelVersion version,
                           registry::RegisterImported(*registry, artifact));
  if (session.json) {
    session.PrintJson(registry::ToJson(version));
    return kExitDone;
  }
  Done(session, fmt::format("registered {}  {}", VersionName(version), version.digest));
  if (version.verdict != "passed") {
    session.Print(
        "  this registry did not see it pass its gates, so it is marked as not passed; promoting "
        "it takes "
        "--force\n");
  }
  return kExitDone;
}

Result<int> Promote(const ModelsOptions& options, Session& session) {
  SLIPWAY_ASSIGN_OR_RETURN(const auto registry, OpenPresent(options, session));
  SLIPWAY_ASSIGN_OR_RETURN(const ModelVersion before, registry->Find(options.reference));
  SLIPWAY_ASSIGN_OR_RETURN(
      const ModelVersion after,
      registry->Promote(before, options.stage, registry::CurrentActor(), options.force));
  if (session.json) {
    session.PrintJson(registry::ToJson(after));
  } else if (before.status == after.status) {
    Done(session, fmt::format("{} is in {} already", VersionName(after), after.status));
  } else {
    Done(session, fmt::format("{}: {} → {}", VersionName(after), before.status, after.status));
  }
  return kExitDone;
}

Result<int> ShowChanged(Registry& registry, const ModelVersion& version, const std::string& text,
                        Session& session) {
  if (!session.json) {
    Done(session, text);
    return kExitDone;
  }
  SLIPWAY_ASSIGN_OR_RETURN(const ModelVersion now, registry.Find(VersionName(version)));
  session.PrintJson(registry::ToJson(now));
  return kExitDone;
}

Result<int> Alias(const ModelsOptions& options, Session& session) {
  SLIPWAY_ASSIGN_OR_RETURN(const auto registry, OpenPresent(options, session));
  SLIPWAY_ASSIGN_OR_RETURN(const ModelVersion version, registry->Find(options.reference));
  const std::string actor = registry::CurrentActor();
  if (options.remove) {
    SLIPWAY_RETURN_IF_ERROR(registry->RemoveAlias(version.name, options.alias, actor));
    return ShowChanged(*registry, version,
                       fmt::format("removed {}@{}", version.name, options.alias), session);
  }
  SLIPWAY_RETURN_IF_ERROR(registry->SetAlias(version, options.alias, actor));
  return ShowChanged(*registry, version,
                     fmt::format("{}@{} is {}", version.name, options.alias, VersionName(version)),
                     session);
}

Result<int> Tag(const ModelsOptions& options, Session& session) {
  if (options.tags.empty() && options.removed.empty()) {
    return Error(ErrorCode::kInvalidInput, "no tag is given").Expected("KEY=VALUE or --remove KEY");
  }
  std::vector<std::pair<std::string, std::string>> tags;
  for (const std::string& text : options.tags) {
    SLIPWAY_ASSIGN_OR_RETURN(auto tag, SplitTag(text));
    SLIPWAY_RETURN_IF_ERROR(registry::CheckTag(tag.first, tag.second));
    tags.push_back(std::move(tag));
  }
  SLIPWAY_ASSIGN_OR_RETURN(const auto registry, OpenPresent(options, session));
  SLIPWAY_ASSIGN_OR_RETURN(const ModelVersion version, registry->Find(options.reference));
  const std::string actor = registry::CurrentActor();
  for (const std::string& key : options.removed) {
    SLIPWAY_RETURN_IF_ERROR(registry->SetTag(version, key, "", actor));
  }
  for (const auto& [key, value] : tags)
    SLIPWAY_RETURN_IF_ERROR(registry->SetTag(version, key, value, actor));
  return ShowChanged(*registry, version, fmt::format("tagged {}", VersionName(version)), session);
}

Result<int> Download(const ModelsOptions& options, Session& session) {
  SLIPWAY_ASSIGN_OR_RETURN(const auto registry, OpenPresent(options, session));
  SLIPWAY_ASSIGN_OR_RETURN(const ModelVersion version, registry->Find(options.reference));
  SLIPWAY_RETURN_IF_ERROR(
      registry::DownloadVersion(*registry, LocalFileSystem(), version, options.path));
  if (session.json) {
    session.PrintJson({{"name", version.name},
                       {"registry_version", version.registry_version},
                       {"digest", version.digest},
                       {"directory", options.path}});
  } else {
    Done(session, fmt::format("{} in {}, verified", VersionName(version), options.path));
  }
  return kExitDone;
}

// A service whose replicas have to start again would have nothing to start.
Status CheckUnused(const ModelsOptions& options, const ModelVersion& version, Session& session) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::string directory,
                           RegistryDirectory(options.registry, session));
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<std::string> uses,
                           UsesOf(directory, version.name, version.registry_version));
  if (uses.empty()) return {};
  return Error(ErrorCode::kConflict,
               fmt::format("{} {}", VersionName(version), Join(uses, " and ")))
      .Try("--force, to delete it all the same");
}

Result<int> Delete(const ModelsOptions& options, Session& session) {
  SLIPWAY_ASSIGN_OR_RETURN(const auto registry, OpenPresent(options, session));
  SLIPWAY_ASSIGN_OR_RETURN(const ModelVersion version, registry->Find(options.reference));
  if (!options.yes) {
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("deleting {} (label '{}', {}) can't be undone", VersionName(version),
                             version.version, version.status))
        .Expected("--yes");
  }
  if (!options.force) SLIPWAY_RETURN_IF_ERROR(CheckUnused(options, version, session));
  SLIPWAY_RETURN_IF_ERROR(
      registry->Delete(version.name, version.registry_version, registry::CurrentActor()));
  if (session.json) {
    session.PrintJson({{"deleted", VersionName(version)}, {"digest", version.digest}});
  } else {
    Done(session, fmt::format("deleted {}", VersionName(version)));
  }
  return kExitDone;
}

// Declares the subcommands; they share the values, of which one command line sets those of one
// subcommand.
class ModelsCommand {
 public:
  ModelsCommand(CLI::App& app, Session& session)
      : session_(session), options_(std::make_shared<ModelsOptions>()) {
    models_ = app.add_subcommand("models", "Versions of models: list, promote, verify, compare, …");
    models_->require_subcommand(1);
    AddRegistryOptions(models_, &options_->registry);
    AddExamples(models_,
                "slipway models list\nslipway models show ml-classifier@production\n"
                "slipway models promote ml-classifier:3 --to staging\nslipway models verify --all");
  }

  void Declare() {
    DeclareReading();
    DeclareChanging();
    DeclareFiles();
  }

 private:
  CLI::App* Add(const char* name, const char* description, const char* examples, Action action) {
    CLI::App* command = models_->add_subcommand(name, description);
    AddExamples(command, examples);
    command->callback([action, options = options_, &session = session_] {
      session.Finish(action(*options, session));
    });
    return command;
  }

  CLI::Option* AddReference(CLI::App* command) {
    return command
        ->add_option("MODEL", options_->reference,
                     "NAME, NAME:7, NAME@production, NAME@alias or sha256:ab12…")
        ->type_name("REF");
  }

  void DeclareReading() {
    CLI::App* list = Add("list", "Versions, newest first",
                         "slipway models list\nslipway models list ml-classifier --label 1.0.0\n"
                         "slipway models list --status production --output json",
                         ListModels);
    list->add_option("NAME", options_->name, "Only versions of this model");
    list->add_option("--label", options_->label, "Only versions with this label, such as 1.0.0");
    list->add_option("--status", options_->stage, "Only versions in this stage")->type_name(kStage);

    CLI::App* show =
        Add("show", "Everything about one version",
            "slipway models show ml-classifier\nslipway models show ml-classifier:3 --output json",
            ShowModel);
    AddReference(show)->required();

    CLI::App* card =
        Add("card", "What a version is, is for and can't do: its model card, as Markdown",
            "slipway models card ml-classifier@production\n"
            "slipway models card ml-classifier:3 --output-file card.html",
            ShowCard);
    AddReference(card)->required();
    card->add_option("--output-file", options_->path, "Write it there: .md or .html")
        ->type_name("FILE");

    CLI::App* diff =
        Add("diff",
            "What differs between two models: data, configuration, inputs, metrics and predictions",
            "slipway models diff ml-classifier:2 ml-classifier:3\n"
            "slipway models diff ml-classifier@production ./candidate --data data/new.csv",
            DiffModels);
    AddReference(diff)->required();
    diff->add_option("OTHER", options_->other,
                     "The model to compare with; each may be a folder or an ONNX file too")
        ->type_name("REF")
        ->required();
    diff->add_option("--data", options_->diff.data_path,
                     "Rows to ask both about (default: the golden rows of both)")
        ->type_name("FILE");
    AddThreadsOption(diff, &options_->diff.threads);

    CLI::App* audit =
        Add("audit", "Who changed what, newest first",
            "slipway models audit ml-classifier\nslipway models audit --limit 10", ShowAudit);
    audit->add_option("NAME", options_->name, "Only entries of this model");
    audit->add_option("--limit", options_->limit, "At most so many entries")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
  }

  void DeclareChanging() {
    CLI::App* promote =
        Add("promote", "Move a version to a stage; staging and production hold one version each",
            "slipway models promote ml-classifier:3 --to staging\n"
            "slipway models promote ml-classifier@staging --to production",
            Promote);
    AddReference(promote)->required();
    promote->add_option("--to", options_->stage, "The stage to move it to")
        ->type_name(kStage)
        ->required();
    promote->add_flag("--force", options_->force,
                      "Even with a failed verdict; the audit log keeps it");

    CLI::App* alias = Add("alias", "Give a version a name of your own, or take it away",
                          "slipway models alias ml-classifier:3 champion\n"
                          "slipway models alias ml-classifier champion --remove",
                          Alias);
    AddReference(alias)->required();
    alias->add_option("ALIAS", options_->alias, "The alias; it moves if another version has it")
        ->required();
    alias->add_flag("--remove", options_->remove, "Remove the alias from the model");

    CLI::App* tag = Add("tag", "Set or remove tags of a version",
                        "slipway models tag ml-classifier:3 team=risk reviewed=yes\n"
                        "slipway models tag ml-classifier:3 --remove reviewed",
                        Tag);
    AddReference(tag)->required();
    tag->add_option("TAG", options_->tags, "Tags to set")->type_name("KEY=VALUE");
    tag->add_option("--remove", options_->removed, "Tag to remove (repeatable)")
        ->type_name("KEY")
        ->allow_extra_args(false);

    CLI::App* remove =
        Add("delete", "Delete a version, and its artifact unless another version has the same",
            "slipway models delete ml-classifier:2 --yes", Delete);
    AddReference(remove)->required();
    remove->add_flag("--yes", options_->yes, "Really");
    remove->add_flag("--force", options_->force, "Even one that a service has, or can go back to");
  }

  void DeclareFiles() {
    CLI::App* add = Add(
        "register", "Register an artifact directory, verified",
        "slipway models register ./downloaded --name ml-classifier --label 1.0.0 --tag team=risk",
        Register);
    add->add_option("PATH", options_->path, "Artifact directory, with its manifest.json")
        ->type_name("DIR")
        ->required();
    add->add_option("--name", options_->name, "Name of the model")->required();
    add->add_option("--label", options_->label,
                    "Label of the version (default: the one in its metadata.json)");
    add->add_option("--tag", options_->tags, "Tag to set (repeatable)")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);

    CLI::App* download =
        Add("download", "Copy a version's artifact, verified, to a new directory",
            "slipway models download ml-classifier@production --to ./model", Download);
    AddReference(download)->required();
    download->add_option("--to", options_->path, "Directory that does not exist yet")
        ->type_name("DIR")
        ->required();

    CLI::App* verify =
        Add("verify", "Recompute the digests of one version, or of all",
            "slipway models verify ml-classifier:3\nslipway models verify --all", VerifyModels);
    CLI::Option* reference = AddReference(verify);
    verify->add_flag("--all", options_->all, "All versions, as without MODEL")->excludes(reference);
  }

  CLI::App* models_ = nullptr;
  Session& session_;
  std::shared_ptr<ModelsOptions> options_;
};

}  // namespace

void AddModelsCommand(CLI::App& app, Session& session) { ModelsCommand(app, session).Declare(); }

}  // namespace slipway::cli

// `slipway data snapshot|restore`: the exact bytes of a data set, kept by digest in the artifact
// store, and had again.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "cli/data_options.h"
#include "cli/session.h"
#include "core/clock.h"
#include "core/hash.h"
#include "core/text.h"
#include "data/reader.h"
#include "data/source_files.h"
#include "registry/data_snapshot.h"
#include "registry/registry.h"

namespace slipway::cli {
namespace {

using registry::Registry;

struct SnapshotOptions {
  ConfigOptions config;
  std::vector<std::string> paths;
  bool verify = false;
};

struct RestoreCommandOptions {
  ConfigOptions config;
  std::string registry;
  std::string reference;
  registry::RestoreOptions restore;
};

ProgressSink& ProgressOf(Session& session) {
  return session.json ? SilentProgress() : session.progress();
}

void Done(Session& session, const std::string& text) {
  session.Print(fmt::format("{} {}\n", session.Paint("32", "✓"), text));
}

Json FileJson(const registry::SnapshotFile& file) {
  return {{"name", file.name}, {"size", file.size}, {"digest", file.digest}};
}

// One place may be a pattern or a folder, whose digest is then that of a run that reads it.
Result<registry::Snapshot> Keep(data::ObjectStore& store, const std::vector<std::string>& paths,
                                registry::Present present, ProgressSink& progress) {
  if (paths.size() > 1) return registry::TakeSnapshot(store, paths, "", progress, present);
  if (data::IsDatabaseUri(paths.front())) {
    return Error(ErrorCode::kInvalidInput, "the rows of a database can't be kept")
        .Expected("files or objects");
  }
  SLIPWAY_ASSIGN_OR_RETURN(const data::SourceFiles found, data::ListSourceFiles(paths.front()));
  if (found.one) return registry::TakeSnapshot(store, paths, "", progress, present);
  std::vector<registry::NamedSource> set;
  for (const data::SourceFileName& file : found.files) set.push_back({file.path, file.name, ""});
  return registry::TakeSetSnapshot(store, set, progress, present);
}

Result<int> TakeSnapshot(const SnapshotOptions& options, Session& session) {
  SLIPWAY_ASSIGN_OR_RETURN(const config::LoadedConfig loaded,
                           config::LoadConfig(ToLoadOptions(options.config)));
  SLIPWAY_ASSIGN_OR_RETURN(const auto objects, registry::OpenObjects(loaded.config));
  data::ObjectStore& store = *objects;
  std::vector<std::string> paths = options.paths;
  if (paths.empty()) paths.push_back(config::DataPath(loaded.config));
  ProgressSink& progress = ProgressOf(session);
  const Stopwatch watch;
  progress.StepStarted("snapshot");
  SLIPWAY_ASSIGN_OR_RETURN(
      const registry::Snapshot snapshot,
      Keep(store, paths,
           options.verify ? registry::Present::kVerified : registry::Present::kTrusted, progress));
  const std::string summary = fmt::format(
      "{} · {} in {} · {}", Plural(std::ssize(snapshot.files), "file", "files"),
      FormatBytes(snapshot.bytes), store.Describe(),
      snapshot.uploaded == 0 ? "there already" : FormatBytes(snapshot.uploaded) + " sent");
  progress.StepFinished("snapshot", true, snapshot.uploaded == 0, summary, watch.seconds(),
                        Json::object());
  if (!session.json) {
    session.Print(snapshot.digest + "\n");
    return kExitDone;
  }
  Json files = Json::array();
  for (const registry::SnapshotFile& file : snapshot.files) files.push_back(FileJson(file));
  session.PrintJson({{"digest", snapshot.digest},
                     {"bytes", snapshot.bytes},
                     {"uploaded", snapshot.uploaded},
                     {"store", store.Describe()},
                     {"files", std::move(files)}});
  return kExitDone;
}

// Where data may be, the likeliest place first, and the registry that knows models, if there is
// one.
struct Places {
  std::unique_ptr<Registry> registry;
  std::optional<Error> no_registry;
  std::shared_ptr<data::ObjectStore> configured;  // Null where there is no configuration.

  std::vector<data::ObjectStore*> Stores() const {
    std::vector<data::ObjectStore*> stores;
    if (configured) stores.push_back(configured.get());
    // What the last run was told on its command line.
    if (registry && (!configured || registry->objects()->Describe() != configured->Describe())) {
      stores.push_back(registry->objects());
    }
    return stores;
  }
};

Status OpenRegistryIn(const std::string& directory, Places* places) {
  Result<std::unique_ptr<Registry>> opened = registry::OpenExisting(directory);
  if (opened.ok()) {
    places->registry = *std::move(opened);
    return {};
  }
  places->no_registry = opened.error();
  const bool data_is_enough = places->configured && opened.error().code() == ErrorCode::kNotFound;
  return data_is_enough ? Status() : opened.error();
}

// --registry, else what the configuration here says, else the nearest.
Result<Places> OpenPlaces(const RestoreCommandOptions& options) {
  FileSystem& files = LocalFileSystem();
  Places places;
  std::string directory;
  if (options.registry.empty()) {
    const Result<config::LoadedConfig> loaded = config::LoadConfig(ToLoadOptions(options.config));
    if (loaded.ok()) {
      SLIPWAY_ASSIGN_OR_RETURN(places.configured, registry::OpenObjects(loaded->config));
      SLIPWAY_ASSIGN_OR_RETURN(directory, registry::ConfiguredDirectory(loaded->config));
    } else if (loaded.error().code() != ErrorCode::kNotFound ||
               !options.config.config_path.empty()) {
      return loaded.error();
    }
  }
  if (directory.empty()) directory = registry::FindRegistryDirectory(options.registry, "", files);
  SLIPWAY_RETURN_IF_ERROR(OpenRegistryIn(directory, &places));
  return places;
}

struct Wanted {
  std::string digest;
  std::string model;                   // "credit-risk:3", "" where the data's own digest was given.
  data::ObjectStore* store = nullptr;  // That has it.
};

// The first store that has data of this digest; null where none has.
Result<data::ObjectStore*> FindStore(const Places& places, const std::string& digest) {
  for (data::ObjectStore* store : places.Stores()) {
    SLIPWAY_ASSIGN_OR_RETURN(const auto kept, registry::FindSnapshot(*store, digest));
    if (kept) return store;
  }
  return nullptr;
}

Error NotKept(const Wanted& wanted, const Places& places) {
  std::vector<std::string> names;
  for (const data::ObjectStore* store : places.Stores()) names.push_back(store->Describe());
  const std::string what =
      wanted.model.empty()
          ? fmt::format("no data with digest {} is", wanted.digest)
          : fmt::format("the training data of {}, {}, is not", wanted.model, wanted.digest);
  return Error(ErrorCode::kNotFound, fmt::format("{} kept in {}", what, JoinOr(names)))
      .Try(
          "'slipway data snapshot FILE' where that file still is, and data.snapshot: true in the "
          "configuration, with which each run keeps its data");
}

// A whole digest is the data's own, unless only a model has it.
Result<Wanted> FindWanted(const Places& places, const std::string& reference) {
  Wanted wanted;
  wanted.digest = reference;
  if (IsDigest(reference)) {
    SLIPWAY_ASSIGN_OR_RETURN(wanted.store, FindStore(places, reference));
    if (wanted.store != nullptr) return wanted;
  }
  const Result<registry::ModelVersion> version =
      places.registry ? places.registry->Find(reference)
                      : Result<registry::ModelVersion>(*places.no_registry);
  if (!version.ok()) {
    const bool unknown = version.error().code() == ErrorCode::kNotFound;
    return IsDigest(reference) && unknown ? NotKept(wanted, places) : version.error();
  }
  wanted.digest = version->training_data_hash;
  wanted.model = fmt::format("{}:{}", version->name, version->registry_version);
  if (!IsDigest(wanted.digest)) {
    return Error(ErrorCode::kNotFound,
                 fmt::format("{} does not say which data it was trained on", wanted.model))
        .Expected("a version that 'slipway run' made");
  }
  SLIPWAY_ASSIGN_OR_RETURN(wanted.store, FindStore(places, wanted.digest));
  if (wanted.store == nullptr) return NotKept(wanted, places);
  return wanted;
}

void PrintRestored(const Wanted& wanted, const std::vector<registry::RestoredFile>& files,
                   Session& session) {
  if (!session.json) {
    for (const registry::RestoredFile& file : files) {
      Done(session, fmt::format("{}  {}{}", file.path, FormatBytes(file.file.size),
                                file.written ? "" : ", there already"));
    }
    return session.Print(wanted.digest + "\n");
  }
  Json list = Json::array();
  for (const registry::RestoredFile& file : files) {
    Json one = {{"path", file.path}, {"written", file.written}};
    one.update(FileJson(file.file));
    list.push_back(std::move(one));
  }
  Json json = {{"digest", wanted.digest}, {"files", std::move(list)}};
  if (!wanted.model.empty()) json["model"] = wanted.model;
  session.PrintJson(json);
}

Result<int> Restore(const RestoreCommandOptions& options, Session& session) {
  SLIPWAY_ASSIGN_OR_RETURN(const Places places, OpenPlaces(options));
  SLIPWAY_ASSIGN_OR_RETURN(const Wanted wanted, FindWanted(places, options.reference));
  SLIPWAY_ASSIGN_OR_RETURN(
      const std::vector<registry::RestoredFile> files,
      registry::RestoreSnapshot(*wanted.store, LocalFileSystem(), wanted.digest, options.restore));
  PrintRestored(wanted, files, session);
  return kExitDone;
}

void AddSnapshot(CLI::App* command, Session& session) {
  CLI::App* snapshot = command->add_subcommand(
      "snapshot", "Keep the exact bytes of a data set in the artifact store, by digest");
  auto options = std::make_shared<SnapshotOptions>();
  snapshot
      ->add_option("file", options->paths,
                   "Files or s3:// URIs of one data set (default: data.source_path)")
      ->type_name("FILE");
  snapshot->add_flag("--verify", options->verify,
                     "Read what is kept already, and send it again where it is damaged");
  AddConfigOptions(snapshot, &options->config);
  AddExamples(snapshot,
              "slipway data snapshot --env production\n"
              "slipway data snapshot data/2025.csv data/2026.csv --output json");
  snapshot->callback([=, &session] { session.Finish(TakeSnapshot(*options, session)); });
}

void AddRestore(CLI::App* command, Session& session) {
  CLI::App* restore = command->add_subcommand(
      "restore", "Get a data set that was kept, by its digest or by the model trained on it");
  auto options = std::make_shared<RestoreCommandOptions>();
  restore
      ->add_option("reference", options->reference,
                   "Digest of the data, or a model: NAME, NAME:7, NAME@production")
      ->required()
      ->type_name("DIGEST|MODEL");
  restore
      ->add_option("--to", options->restore.to,
                   "File or directory to write (default: the names they had, here)")
      ->type_name("PATH");
  restore->add_flag("--force", options->restore.force, "Replace files that are there");
  restore
      ->add_option("--registry", options->registry,
                   "Directory of the registry (default: what the configuration says)")
      ->type_name("DIR");
  AddConfigOptions(restore, &options->config);
  AddExamples(restore,
              "slipway data restore credit-risk:3 --to then.csv\n"
              "slipway data restore credit-risk@production --to data/ --force");
  restore->callback([=, &session] { session.Finish(Restore(*options, session)); });
}

}  // namespace

void AddDataSnapshot(CLI::App* data, Session& session) {
  AddSnapshot(data, session);
  AddRestore(data, session);
}

}  // namespace slipway::cli

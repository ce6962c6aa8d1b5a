// `slipway rollout …`: what goes live, and what a person says to it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "cli/delivery.h"
#include "cli/session.h"
#include "core/build_info.h"
#include "report/rollout_report.h"

namespace slipway::cli {
namespace {

struct RolloutOptions {
  ServiceOptions service;
  std::string reason;
  bool full = false;
  double weight = 0;
  int64_t revision = 0;
  int64_t version = 0;
  std::string format = "html";
  std::string path;
};

using Action = Result<int> (*)(const RolloutOptions&, Session&);
using Verb = Result<deploy::Decision> (*)(const RolloutOptions&, const deploy::Service&,
                                          const deploy::VerbContext&);
using OfService = Result<int> (*)(const RolloutOptions&, const Delivery&,
                                  const deploy::ServiceRecord&, Session&);

constexpr int64_t kMostEvents = 1'000'000;
constexpr int64_t kMostRevisions = 1'000'000;

// The action on the service that is meant.
template <OfService action>
Result<int> On(const RolloutOptions& options, Session& session) {
  SLIPWAY_ASSIGN_OR_RETURN(const Delivery delivery,
                           OpenDelivery(options.service.registry, session));
  SLIPWAY_ASSIGN_OR_RETURN(const deploy::ServiceRecord record,
                           FindService(delivery, options.service));
  return action(options, delivery, record, session);
}

// What was said, and how it stands then.
template <Verb verb>
Result<int> Tell(const RolloutOptions& options, const Delivery& delivery,
                 const deploy::ServiceRecord& record, Session& session) {
  Json detail;
  SLIPWAY_RETURN_IF_ERROR(Say(delivery, record.name, [&](const auto& service, const auto& context) {
    Result<deploy::Decision> decision = verb(options, service, context);
    if (decision.ok()) detail = decision->notes.back().detail;
    return decision;
  }));
  if (const std::string left = GetString(detail, "left"); !left.empty()) {
    session.Warn(fmt::format("{}:{} was gone back from: {}", GetString(detail, "model"),
                             GetInteger(detail, "version"), left));
  }
  SLIPWAY_RETURN_IF_ERROR(EnsureController(delivery));
  SLIPWAY_ASSIGN_OR_RETURN(const auto after, delivery.store->Find(record.name));
  SLIPWAY_ASSIGN_OR_RETURN(const RolloutSight sight, LookAt(delivery, *after));
  Show(sight, session);
  return kExitDone;
}

Result<deploy::Decision> PauseIt(const RolloutOptions& options, const deploy::Service& service,
                                 const deploy::VerbContext& context) {
  return deploy::PauseRollout(service, options.reason, context);
}

Result<deploy::Decision> ResumeIt(const RolloutOptions& /*options*/, const deploy::Service& service,
                                  const deploy::VerbContext& context) {
  return deploy::Resume(service, context);
}

Result<deploy::Decision> PromoteIt(const RolloutOptions& options, const deploy::Service& service,
                                   const deploy::VerbContext& context) {
  return deploy::Promote(service, options.full, context, options.version);
}

Result<deploy::Decision> WeighIt(const RolloutOptions& options, const deploy::Service& service,
                                 const deploy::VerbContext& context) {
  return deploy::SetWeight(service, options.weight, context);
}

Result<deploy::Decision> AbortIt(const RolloutOptions& options, const deploy::Service& service,
                                 const deploy::VerbContext& context) {
  return deploy::Abort(service, options.reason, context);
}

Result<deploy::Decision> RetryIt(const RolloutOptions& /*options*/, const deploy::Service& service,
                                 const deploy::VerbContext& context) {
  return deploy::Retry(service, context);
}

Result<deploy::Decision> UndoIt(const RolloutOptions& options, const deploy::Service& service,
                                const deploy::VerbContext& context) {
  return deploy::Undo(service,
                      options.revision > 0 ? std::optional(options.revision) : std::nullopt,
                      context, options.reason);
}

Result<int> ShowStatus(const RolloutOptions& /*options*/, const Delivery& delivery,
                       const deploy::ServiceRecord& record, Session& session) {
  SLIPWAY_ASSIGN_OR_RETURN(const RolloutSight sight, LookAt(delivery, record));
  Show(sight, session);
  return ExitCodeOf(sight);
}

Result<int> WatchIt(const RolloutOptions& options, const Delivery& delivery,
                    const deploy::ServiceRecord& record, Session& session) {
  return WatchRollout(delivery, record.name, options.full, session);
}

Result<int> ListThem(const RolloutOptions& options, Session& session) {
  SLIPWAY_ASSIGN_OR_RETURN(const Delivery delivery,
                           OpenDelivery(options.service.registry, session));
  SLIPWAY_ASSIGN_OR_RETURN(const auto records, delivery.store->Services());
  std::vector<RolloutSight> sights;
  Json json = Json::array();
  for (const deploy::ServiceRecord& record : records) {
    SLIPWAY_ASSIGN_OR_RETURN(RolloutSight sight, LookAt(delivery, record));
    json.push_back(StatusJson(sight));
    sights.push_back(std::move(sight));
  }
  if (session.json) {
    session.PrintJson(json);
  } else {
    session.Print(ServiceTable(sights, session));
  }
  return kExitDone;
}

Result<int> ShowHistory(const RolloutOptions& /*options*/, const Delivery& delivery,
                        const deploy::ServiceRecord& record, Session& session) {
  SLIPWAY_ASSIGN_OR_RETURN(const deploy::Service service, deploy::ServiceFromJson(record.document));
  SLIPWAY_ASSIGN_OR_RETURN(const auto events,
                           delivery.store->Events(record.name, 0, 0, kMostEvents));
  const auto history = report::RevisionHistory(service, events);
  if (session.json) {
    session.PrintJson(HistoryJson(history));
  } else {
    session.Print(HistoryTable(history, session));
  }
  return kExitDone;
}

Result<int> Report(const RolloutOptions& options, const Delivery& delivery,
                   const deploy::ServiceRecord& record, Session& session) {
  report::RolloutReport report;
  SLIPWAY_ASSIGN_OR_RETURN(report.service, deploy::ServiceFromJson(record.document));
  const int64_t newest = report.service.rollout ? report.service.rollout->revision : 0;
  const int64_t revision = options.revision > 0 ? options.revision : newest;
  SLIPWAY_ASSIGN_OR_RETURN(report.events,
                           delivery.store->Events(record.name, revision, 0, kMostEvents));
  if (report.events.empty()) {
    return Error(ErrorCode::kNotFound, fmt::format("{} has no revision {}", record.name, revision))
        .Try("slipway rollout history");
  }
  report.now_ms = NowMs();
  report.slipway_version = Version();
  const std::string text = options.format == "json" || session.json
                               ? PrettyJson(report::RenderRolloutJson(report))
                           : options.format == "markdown" ? report::RenderRolloutMarkdown(report)
                                                          : report::RenderRolloutHtml(report);
  if (options.path == "-" || (session.json && options.path.empty())) {
    session.Print(text);
    return kExitDone;
  }
  const std::string extension = options.format == "markdown" ? "md" : options.format;
  const std::string path = options.path.empty()
                               ? JoinPath(delivery.DirectoryOf(record.name),
                                          fmt::format("rollout-{}.{}", revision, extension))
                               : options.path;
  const std::string folder = DirectoryOf(path);
  if (!options.path.empty() && !folder.empty() && !LocalFileSystem().Exists(folder)) {
    return Error(ErrorCode::kNotFound,
                 fmt::format("can't write {}: there is no folder {}", path, folder))
        .Try("mkdir -p " + folder);
  }
  SLIPWAY_RETURN_IF_ERROR(WriteFileAtomically(LocalFileSystem(), path, text));
  session.Print(fmt::format("{} {}\n", session.Paint("32", "✓"), path));
  return kExitDone;
}

struct Made {
  CLI::App* command;
  std::shared_ptr<RolloutOptions> options;
};

Made Add(CLI::App* parent, const char* name, const char* about, Action action, Session& session) {
  auto options = std::make_shared<RolloutOptions>();
  CLI::App* command = parent->add_subcommand(name, about);
  command->callback([options, action, &session] { session.Finish(action(*options, session)); });
  return {command, options};
}

void AddVerbs(CLI::App* rollout, Session& session) {
  const Made pause = Add(rollout, "pause", "Hold it where it is", On<Tell<PauseIt>>, session);
  AddServiceOptions(pause.command, &pause.options->service);
  pause.command->add_option("--reason", pause.options->reason, "Why")->type_name("TEXT");
  AddExamples(pause.command, "\n    slipway rollout pause --reason 'wait for the batch job'");

  const Made resume =
      Add(rollout, "resume", "Go on; a stage begins anew", On<Tell<ResumeIt>>, session);
  AddServiceOptions(resume.command, &resume.options->service);
  AddExamples(resume.command, "\n    slipway rollout resume ml-classifier-production");

  const Made promote = Add(rollout, "promote", "Go on to the next stage, or take it in full",
                           On<Tell<PromoteIt>>, session);
  AddServiceOptions(promote.command, &promote.options->service);
  promote.command->add_flag("--full", promote.options->full, "Skip all that is left");
  promote.command
      ->add_option("--version", promote.options->version,
                   "Of an experiment, this one (default: the one that was found to be better)")
      ->check(CLI::Range(int64_t{1}, kMostRevisions))
      ->type_name("N");
  AddExamples(promote.command,
              "\n    slipway rollout promote\n    slipway rollout promote --full\n    slipway "
              "rollout promote --version 5");

  const Made weigh = Add(rollout, "set-weight", "Give a canary a share of the traffic by hand",
                         On<Tell<WeighIt>>, session);
  weigh.command->add_option("PERCENT", weigh.options->weight, "Its share, 0 to 100")
      ->required()
      ->type_name("0-100");
  AddServiceOptions(weigh.command, &weigh.options->service);
  AddExamples(weigh.command, "\n    slipway rollout set-weight 30");

  const Made abort = Add(rollout, "abort", "Give all traffic back to the stable version",
                         On<Tell<AbortIt>>, session);
  AddServiceOptions(abort.command, &abort.options->service);
  abort.command->add_option("--reason", abort.options->reason, "Why")->type_name("TEXT");
  AddExamples(abort.command, "\n    slipway rollout abort --reason 'customers complain'");

  const Made retry =
      Add(rollout, "retry", "Try again what was rolled back", On<Tell<RetryIt>>, session);
  AddServiceOptions(retry.command, &retry.options->service);
  AddExamples(retry.command, "\n    slipway rollout retry");

  const Made undo =
      Add(rollout, "undo", "Go back to what was stable before", On<Tell<UndoIt>>, session);
  AddServiceOptions(undo.command, &undo.options->service);
  undo.command->add_option("--to", undo.options->revision, "To this revision")
      ->check(CLI::Range(int64_t{1}, kMostRevisions))
      ->type_name("REVISION");
  undo.command->add_option("--reason", undo.options->reason, "Why")->type_name("TEXT");
  AddExamples(undo.command,
              "\n    slipway rollout undo --reason 'wrong for new customers'\n    slipway rollout "
              "undo --to 3");
}

void AddViews(CLI::App* rollout, Session& session) {
  const Made status = Add(rollout, "status", "How it stands", On<ShowStatus>, session);
  AddServiceOptions(status.command, &status.options->service);
  AddExamples(status.command, "\n    slipway rollout status ml-classifier-production");

  const Made watch =
      Add(rollout, "watch", "See it happen, until it ends or stands still", On<WatchIt>, session);
  AddServiceOptions(watch.command, &watch.options->service);
  watch.command->add_flag("-f,--follow", watch.options->full, "Go on when it has ended");
  AddExamples(watch.command, "\n    slipway rollout watch\n    slipway rollout watch --follow");

  const Made list = Add(rollout, "list", "All services", ListThem, session);
  AddRegistryOptions(list.command, &list.options->service.registry);
  AddExamples(list.command, "\n    slipway rollout list");

  const Made history =
      Add(rollout, "history", "What was deployed, and how it ended", On<ShowHistory>, session);
  AddServiceOptions(history.command, &history.options->service);
  AddExamples(history.command, "\n    slipway rollout history");

  const Made report =
      Add(rollout, "report", "Every decision with its evidence, in words and pictures", On<Report>,
          session);
  AddServiceOptions(report.command, &report.options->service);
  report.command
      ->add_option("--revision", report.options->revision, "Of this one (default: the newest)")
      ->check(CLI::Range(int64_t{1}, kMostRevisions))
      ->type_name("REVISION");
  report.command->add_option("--format", report.options->format, "html, markdown or json")
      ->check(CLI::IsMember({"html", "markdown", "json"}))
      ->capture_default_str();
  report.command->add_option("--to", report.options->path, "File to write, or - to print it")
      ->type_name("PATH");
  AddExamples(report.command,
              "\n    slipway rollout report\n    slipway rollout report --revision 3 --format "
              "markdown --to -");
}

}  // namespace

void AddRolloutCommand(CLI::App& app, Session& session) {
  CLI::App* rollout = app.add_subcommand("rollout", "See and steer what goes live");
  rollout->require_subcommand(1);
  AddExamples(rollout, R"(
    slipway rollout watch
    slipway rollout promote
    slipway rollout undo)");
  AddViews(rollout, session);
  AddVerbs(rollout, session);
}

}  // namespace slipway::cli

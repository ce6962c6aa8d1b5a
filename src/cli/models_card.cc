#include "cli/models_card.h"

#include <fmt/format.h>

#include "cli/version_run.h"
#include "core/text.h"
#include "registry/artifact_facts.h"

namespace slipway::cli {
namespace {

bool EndsWith(const std::string& path, std::string_view ending) {
  return ToLower(BaseName(path)).ends_with(ending);
}

}  // namespace

Result<report::Card> CardOf(const std::string& slipway_directory, registry::Registry& registry,
                            const registry::ModelVersion& version) {
  FileSystem& local = LocalFileSystem();
  SLIPWAY_ASSIGN_OR_RETURN(const registry::ArtifactFacts facts,
                           registry::ReadArtifactFacts(registry, local, version));
  model::ArtifactFiles files;
  for (const registry::ArtifactFile& file : facts.files) {
    if (!file.name.ends_with(".json") && file.name != "config.yaml") continue;
    SLIPWAY_ASSIGN_OR_RETURN(files[file.name],
                             local.ReadFile(JoinPath(facts.directory, file.name)));
  }
  return report::MakeCard(version, files, RunReportOf(slipway_directory, version));
}

Status CheckCardFile(const std::string& path) {
  if (path.empty() || EndsWith(path, ".md") || EndsWith(path, ".html")) return {};
  return Error(ErrorCode::kInvalidInput,
               fmt::format("'{}' has neither of the endings .md and .html", path))
      .Expected("--output-file card.md or card.html");
}

Status WriteCard(const report::Card& card, const std::string& path) {
  return WriteFileAtomically(
      LocalFileSystem(), path,
      EndsWith(path, ".html") ? report::RenderCardHtml(card) : report::RenderCardMarkdown(card));
}

}  // namespace slipway::cli

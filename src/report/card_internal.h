// A card's sources, read, and its sections.
#pragma once

#include <string>
#include <vector>

#include "data/profile.h"
#include "model/types.h"
#include "registry/artifact_config.h"
#include "registry/types.h"
#include "report/card.h"

namespace slipway::report {

struct CardSources {
  const registry::ModelVersion& version;
  const Json& run;
  model::ModelSchema schema;
  data::TableProfile profile;  // Of the training part.
  Json metrics, lineage;
  registry::ArtifactConfig config;

  // What somebody said in `model.card`, "" where nobody did.
  std::string Said(const char* key) const;
  // A metric of a part of metrics.json; NaN where there is none.
  double Metric(const char* part, const std::string& name) const;
  // Its interval on the test part; NaN where there is none.
  std::pair<double, double> Interval(const std::string& name) const;
  // "pass", "fail" or "inconclusive" verdicts of the run, of dry runs or of the others.
  std::vector<Json> Gates(const std::string& verdict, bool dry_run) const;
  const data::ColumnProfile* Profile(const std::string& column) const;
};

// What its figures show of a model's limits, without anybody having said it.
CardSection LimitsSection(const CardSources& sources);
// What it was trained on, input by input.
CardSection InputsSection(const CardSources& sources);

// The section's body in HTML and in Markdown, without its title.
std::string SectionHtml(const CardSection& section);
std::string SectionMarkdown(const CardSection& section);
// The section with this id; nullptr where the card has none.
const CardSection* FindSection(const Card& card, const std::string& id);

}  // namespace slipway::report

// A model card (Mitchell et al. 2019, Model cards for model reporting): what a colleague or a
// regulator reads of a registered version. Made of its artifact, its record and, where it is still
// there, the report of its run.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "model/artifact.h"
#include "registry/types.h"

namespace slipway::report {

struct CardTable {
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;
};

// Plain text throughout.
struct CardSection {
  std::string id;  // "intended-use"; one word or several joined by "-".
  std::string title;
  std::vector<std::string> paragraphs = {};
  std::vector<std::string> points = {};  // A list.
  CardTable table = {};
};

struct Card {
  std::string title;   // "ml-classifier:3"
  std::string status;  // "passed", "failed"
  std::string lede;
  std::vector<CardSection> sections;
};

// `files` are the artifact's; `run` is the report.json of the run that made it, null where it is
// gone. kInvalidInput where a file of the artifact is none of its kind.
Result<Card> MakeCard(const registry::ModelVersion& version, const model::ArtifactFiles& files,
                      const Json& run);

std::string RenderCardMarkdown(const Card& card);
// Self-contained, as reports are.
std::string RenderCardHtml(const Card& card);
Json RenderCardJson(const Card& card);

}  // namespace slipway::report

// `slipway models diff`: what differs between two models, as a person reads it.
#pragma once

#include <string>

#include "cli/session.h"
#include "pipeline/model_diff.h"

namespace slipway::cli {

// Settings and records, metrics, data and predictions, each a section.
std::string DiffText(const pipeline::ModelDiff& diff, const Session& session);

}  // namespace slipway::cli

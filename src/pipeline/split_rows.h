// How the rows of a table are divided in every run of a configuration.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "config/types.h"
#include "core/result.h"
#include "data/target.h"
#include "data/types.h"
#include "gate/gate.h"

namespace slipway::pipeline {

// Fails as data::MakeSplit does.
Result<data::Split> SplitRows(const data::Table& table, const data::Target& target,
                              const config::Config& config);

// The group of each of these rows, where data.split.group says that some belong together; else
// none.
std::vector<int32_t> GroupsOf(const data::Table& table, const config::DataConfig& config,
                              std::span<const int64_t> rows);

// The share of the training part's most frequent class; 0 of a regression.
double MajorityShare(const data::Target& target, const data::Split& split);

// What gates on leakage ask of the data: `profiles` are of all rows, with associations; `shared` is
// what data::FindSharedRows says of the split.
gate::LeakageFacts LeakageOf(const std::vector<data::ColumnProfile>& profiles,
                             const std::vector<std::string>& features, const data::Issue* shared);

}  // namespace slipway::pipeline

// What the files of validation share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/types.h"
#include "data/profile.h"
#include "data/types.h"

namespace slipway::data {

inline constexpr size_t kMaxExamples = 10;
inline constexpr const char* kIdentifierKind = "identifier_column";

// "1.0 %", with as many digits as it takes to tell it from `other`, at least one after the point.
std::string FormatPercent(double ratio, double other = 0);

bool IsListed(const std::vector<std::string>& names, const std::string& name);

// Indices of the columns that may be features, in the order of `feature_columns` or of the table;
// those that are not there are left out. With `feature_columns` left out: all but target, ids,
// excluded ones.
std::vector<size_t> FeatureCandidates(const std::vector<std::string>& names,
                                      const config::DataConfig& config);

// Why a candidate is an identifier and not a feature, if it is.
std::optional<Issue> FindIdentifier(const ColumnProfile& column, const config::DataConfig& config);

// "age: what is told of it"; without the name where there is none.
Issue MakeIssue(Severity severity, std::string kind, std::string column, std::string message);

// Each adds what it finds. The target's own: labels that are missing, one class, rare ones.
void CheckTarget(const TableProfile& profile, const config::DataConfig& config,
                 std::vector<Issue>* issues);
// A feature's: infinite values, constants, identifiers, outliers, leakage.
void CheckFeature(const ColumnProfile& column, const std::vector<int64_t>& infinite_rows,
                  const config::DataConfig& config, std::vector<Issue>* issues);
void CheckInfinite(const ColumnProfile& column, const std::vector<int64_t>& infinite_rows,
                   std::vector<Issue>* issues);

}  // namespace slipway::data

// Text from outside and figures, as the reports show them. The only place that escapes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "data/types.h"

namespace slipway::report {

// Valid UTF-8 without what XML 1.0 forbids: U+FFFD for each invalid byte, control character and
// what turns the direction of text, newlines and tabs kept.
std::string CleanText(std::string_view text);

// At most `limit` code points, the last one "…" where something was cut. `text` is valid UTF-8.
std::string Shorten(std::string_view text, size_t limit);

// For HTML and XML, in text and in quoted attributes.
std::string Escape(std::string_view text);

// A name or a value from the data, cleaned, cut to `limit` code points and escaped.
std::string Label(std::string_view text, size_t limit = 60);

// Figures. Each of these gives "–" for NaN.
std::string FormatMetric(double value);                 // "0.893"
std::string FormatDifference(double value);             // "+0.021", "-0.130"
std::string FormatChance(double probability);           // "0.034", "under 0.0001"
std::string FormatInterval(double low, double high);    // "0.873 – 0.911"
std::string FormatShare(double share);                  // "12.5 %", "under 0.1 %"
std::string FormatNumber(double value, bool integral);  // "1,204", "0.01234", "3.4e+12"
std::string FormatDate(double epoch_seconds);           // "2024-03-01"
std::string FormatIn(data::ColumnType type, bool integral, double value);  // In the type's unit.
std::string FormatIn(const data::ColumnProfile& column, double value);
std::string FormatStepSeconds(double seconds);  // "0.31 s", "12 ms"

// "sha256:4f1c2a9b3d5e…": enough of a digest to name it.
std::string ShortDigest(const std::string& digest);

// A metric's name for a title: "log_loss" → "log loss", "auc" → "AUC".
std::string MetricTitle(const std::string& name);

// "at least" → "≥", "at most" → "≤", "above" → ">", "under" → "<", anything else → "".
std::string ComparisonSign(const std::string& comparison);

// "2026-11-23T06:41:07.123Z" → "2026-11-23 06:41 UTC"; what is no such time stays as it is.
std::string ReadableTime(const std::string& timestamp);

// As one line of shell, single-quoted where needed.
std::string ShellWord(const std::string& text);

}  // namespace slipway::report

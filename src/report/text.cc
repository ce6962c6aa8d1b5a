#include "core/text.h"

#include <fmt/format.h>

#include <cctype>
#include <chrono>
#include <cmath>

#include "core/clock.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

constexpr const char* kUnknown = "–";
constexpr const char* kReplacement = "\xEF\xBF\xBD";

// Embeddings, overrides and isolates of the bidirectional algorithm: one in a name turns around
// what stands after it.
bool TurnsText(uint32_t code) {
  return (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

// Length of the UTF-8 sequence at the start of `text` that encodes a character that may be shown;
// 0 where there is none.
size_t CharacterLength(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return lead >= 0x20 && lead != 0x7f ? 1 : 0;
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  uint32_t code = lead & (0xffU >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
    code = (code << 6U) | (at(i) & 0x3fU);
  }
  constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  const bool control = code < 0xa0;
  const bool noncharacter = (code & 0xfffeU) == 0xfffeU;
  if (code < kLeast[length] || code > 0x10ffff || surrogate || control || noncharacter ||
      TurnsText(code)) {
    return 0;
  }
  return length;
}

bool IsContinuation(char c) { return (c & 0xc0) == 0x80; }

std::string TrimZeros(std::string text) {
  if (text.find('.') == std::string::npos || text.find('e') != std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace

std::string CleanText(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    size_t length = CharacterLength(text);
    if (length > 0 || text.front() == '\n' || text.front() == '\t') {
      length = std::max<size_t>(length, 1);
      clean += text.substr(0, length);
    } else {
      length = 1;
      clean += text.front() == '\r' ? " " : kReplacement;
    }
    text.remove_prefix(length);
  }
  return clean;
}

std::string Shorten(std::string_view text, size_t limit) {
  size_t characters = 0;
  size_t cut = 0;  // Where the last character that may stay before "…" ends.
  for (size_t i = 0; i < text.size(); ++i) {
    if (IsContinuation(text[i])) continue;
    if (++characters == limit) cut = i;
    if (characters > limit) return std::string(text.substr(0, cut)) + "…";
  }
  return std::string(text);
}

std::string Escape(std::string_view text) {
  std::string escaped;
  for (const char c : CleanText(text)) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      case '\'': escaped += "&#39;"; break;
      case '\n': escaped += "&#10;"; break;
      case '\t': escaped += "&#9;"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

std::string Label(std::string_view text, size_t limit) {
  return Escape(Shorten(CleanText(text), limit));
}

std::string FormatMetric(double value) {
  if (!std::isfinite(value)) return kUnknown;
  return fmt::format("{:.3f}", value);
}

std::string FormatDifference(double value) {
  return std::isfinite(value) ? fmt::format("{:+.3f}", value) : kUnknown;
}

std::string FormatChance(double probability) {
  if (!std::isfinite(probability)) return kUnknown;
  return probability < 1e-4 ? "under 0.0001" : fmt::format("{:.2g}", probability);
}

std::string FormatInterval(double low, double high) {
  if (!std::isfinite(low) || !std::isfinite(high)) return kUnknown;
  return fmt::format("{:.3f} – {:.3f}", low, high);
}

std::string FormatShare(double share) {
  if (!std::isfinite(share)) return kUnknown;
  if (share > 0 && share < 0.001) return "under 0.1 %";
  if (share < 1 && share > 0.999) return "over 99.9 %";
  return share == 0 || share == 1 ? fmt::format("{:.0f} %", share * 100)
                                  : fmt::format("{:.1f} %", share * 100);
}

std::string FormatNumber(double value, bool integral) {
  if (!std::isfinite(value)) return kUnknown;
  const double size = std::fabs(value);
  if (size >= 1e12 || (size > 0 && size < 1e-4)) return fmt::format("{:.3g}", value);
  if (integral || size >= 10000) return FormatCount(std::llround(value));
  return TrimZeros(fmt::format("{:.{}f}", value, size >= 100 ? 1 : size >= 1 ? 2 : 4));
}

std::string FormatDate(double epoch_seconds) {
  constexpr double kFarthest = 9.2e9;  // What 64-bit nanoseconds reach, about the year 2261.
  if (!std::isfinite(epoch_seconds)) return kUnknown;
  if (std::fabs(epoch_seconds) > kFarthest) return FormatNumber(epoch_seconds, false);
  const auto time = Clock::WallTime(std::chrono::seconds(static_cast<int64_t>(epoch_seconds)));
  return FormatTimestamp(time).substr(0, 10);
}

std::string FormatIn(data::ColumnType type, bool integral, double value) {
  return type == data::ColumnType::kTimestamp ? FormatDate(value) : FormatNumber(value, integral);
}

std::string FormatIn(const data::ColumnProfile& column, double value) {
  return FormatIn(column.type, column.integral, value);
}

std::string FormatStepSeconds(double seconds) {
  if (!std::isfinite(seconds)) return kUnknown;
  if (seconds < 0.001) return "under 1 ms";
  return seconds < 0.1 ? fmt::format("{:.0f} ms", seconds * 1000) : FormatSeconds(seconds);
}

std::string ShortDigest(const std::string& digest) {
  constexpr size_t kShown = 19;  // "sha256:" and twelve digits.
  return digest.size() <= kShown ? digest : digest.substr(0, kShown) + "…";
}

std::string MetricTitle(const std::string& name) {
  if (name == "auc") return "AUC";
  if (name == "rmse") return "RMSE";
  if (name == "mse") return "MSE";
  if (name == "mae") return "MAE";
  if (name == "mape") return "MAPE";
  if (name == "r2") return "R²";
  if (name == "pr_auc") return "PR-AUC";
  if (name == "brier") return "Brier score";
  if (name == "f1" || name == "f1_score") return "F1";
  std::string title = name;
  for (char& c : title) {
    if (c == '_') c = ' ';
  }
  if (!title.empty())
    title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
  return title;
}

std::string ComparisonSign(const std::string& comparison) {
  if (comparison == "at least") return "≥";
  if (comparison == "at most") return "≤";
  if (comparison == "above") return ">";
  return comparison == "under" ? "<" : "";
}

std::string ReadableTime(const std::string& timestamp) {
  const bool known = timestamp.size() >= 20 && timestamp[10] == 'T' && timestamp.back() == 'Z';
  return known ? timestamp.substr(0, 10) + " " + timestamp.substr(11, 5) + " UTC" : timestamp;
}

std::string ShellWord(const std::string& text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:/@+=,";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace slipway::report

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/text.h"
#include "report/svg_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

// The geometry of a confusion matrix: cells of one size, room for labels at the left and above.
struct Cells {
  size_t classes;
  double size;
  double left;
  double top;

  double x(size_t column) const { return left + size * static_cast<double>(column); }
  double y(size_t row) const { return top + size * static_cast<double>(row); }
  double extent() const { return size * static_cast<double>(classes); }
};

std::string Cell(const Cells& cells, size_t row, size_t column, int64_t count, double share,
                 const std::string& told) {
  std::string out = fmt::format(
      R"(<g><title>{}</title><rect class="cell" x="{}" y="{}" width="{}" height="{}" rx="3" fill-opacity="{}"/>)",
      told, At(cells.x(column) + 1), At(cells.y(row) + 1), At(cells.size - 2), At(cells.size - 2),
      At(0.06 + 0.94 * share));
  const std::string text = FormatCount(count);
  // Figures stand in the cell where they fit; the table of classes beside the picture and the
  // tooltip have them else.
  if (cells.size >= 8.0 * static_cast<double>(text.size()) + 6) {
    out += fmt::format(R"(<text class="count{}" x="{}" y="{}" text-anchor="middle">{}</text>)",
                       share > 0.5 ? " strong" : "", At(cells.x(column) + cells.size / 2),
                       At(cells.y(row) + cells.size / 2 + 5), text);
  }
  return out + "</g>";
}

std::string ConfusionLabels(const Cells& cells, const std::vector<std::string>& classes) {
  const bool turned = cells.size < 64;
  const size_t letters = cells.classes > 12 ? 9 : 12;
  std::string out;
  for (size_t i = 0; i < classes.size(); ++i) {
    out += fmt::format(R"(<text class="tick" x="{}" y="{}" text-anchor="end">{}</text>)",
                       At(cells.left - 8), At(cells.y(i) + cells.size / 2 + 4),
                       Label(classes[i], letters));
    const double x = cells.x(i) + cells.size / 2;
    const std::string place =
        turned ? fmt::format(R"svg(transform="translate({} {}) rotate(-50)")svg", At(x),
                             At(cells.top - 6))
               : fmt::format(R"(x="{}" y="{}" text-anchor="middle")", At(x), At(cells.top - 8));
    out += fmt::format(R"(<text class="tick" {}>{}</text>)", place, Label(classes[i], letters));
  }
  out += fmt::format(R"(<text class="axis" x="{}" y="14" text-anchor="middle">Predicted</text>)",
                     At(cells.left + cells.extent() / 2));
  out += fmt::format(
      R"svg(<text class="axis" transform="translate(12 {}) rotate(-90)" text-anchor="middle">True</text>)svg",
      At(cells.top + cells.extent() / 2));
  return out;
}

}  // namespace

double Position(double value, double low, double high) {
  return high > low ? (value - low) / (high - low) : 0.5;
}

std::string At(double value) {
  std::string text = fmt::format("{:.2f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

std::string Described(const std::string& title, const std::string& description) {
  std::string text = "<title>" + Escape(title) + "</title>";
  if (!description.empty()) text += "<desc>" + Escape(description) + "</desc>";
  return text;
}

std::string Percent(double share) {
  if (std::isnan(share)) return "0%";
  return At(100 * std::clamp(share, 0.0, 1.0)) + "%";
}

std::string HistogramSvg(const std::vector<int64_t>& counts, int series, const std::string& title,
                         const std::string& description) {
  const int64_t most = counts.empty() ? 0 : *std::ranges::max_element(counts);
  std::string path;
  for (size_t bin = 0; bin < counts.size(); ++bin) {
    if (counts[bin] == 0) continue;
    // A bin with anything in it is seen.
    const double height =
        std::max(1.5, 100.0 * static_cast<double>(counts[bin]) / static_cast<double>(most));
    path += fmt::format("M{} 100v-{}h.88v{}z", At(static_cast<double>(bin) + 0.06), At(height),
                        At(height));
  }
  return fmt::format(
      R"(<svg class="hist s{}" role="img" viewBox="0 0 {} 100" preserveAspectRatio="none">{}<path d="{}"/></svg>)",
      series % 10, std::max<size_t>(counts.size(), 1), Described(title, description), path);
}

std::string BarSvg(double share, const char* css_class) {
  return fmt::format(
      R"(<svg class="{}" aria-hidden="true"><rect class="track" width="100%" height="100%" rx="2"/><rect class="mark" width="{}" height="100%" rx="2"/></svg>)",
      css_class, Percent(share));
}

std::string SpreadBarSvg(double share, double deviation) {
  return fmt::format(
      R"(<svg class="bar" aria-hidden="true"><rect class="track" width="100%" height="100%" rx="2"/><rect class="mark" width="{}" height="100%" rx="2"/><line class="limit" x1="{}" x2="{}" y1="50%" y2="50%"/></svg>)",
      Percent(share), Percent(share - deviation), Percent(share + deviation));
}

std::string StackSvg(const std::vector<int64_t>& parts, const std::string& title) {
  const int64_t total = std::accumulate(parts.begin(), parts.end(), int64_t{0});
  std::string out = R"(<svg class="stack" role="img">)" + Described(title, "");
  double start = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const double share = total > 0 ? static_cast<double>(parts[i]) / static_cast<double>(total) : 0;
    out += fmt::format(R"(<rect class="p{}" x="{}" width="{}" height="100%"/>)", i, Percent(start),
                       Percent(share));
    start += share;
  }
  return out + "</svg>";
}

std::string RangeSvg(const RangeMarks& marks) {
  double low = marks.value;
  double high = marks.value;
  for (const double mark : {marks.low, marks.high, marks.limit}) {
    if (!std::isfinite(mark)) continue;
    low = std::min(low, mark);
    high = std::max(high, mark);
  }
  const double room = std::max((high - low) * 0.12, 1e-6);
  const auto place = [&](double value) {
    return Percent(Position(value, low - room, high + room));
  };
  std::string out =
      R"(<svg class="range" aria-hidden="true"><rect class="track" y="9" width="100%" height="4" rx="2"/>)";
  if (std::isfinite(marks.low) && std::isfinite(marks.high)) {
    const double start = Position(marks.low, low - room, high + room);
    const double end = Position(marks.high, low - room, high + room);
    out += fmt::format(R"(<rect class="band" x="{}" y="7" width="{}" height="8" rx="3"/>)",
                       Percent(start), Percent(end - start));
  }
  if (std::isfinite(marks.limit)) {
    out += fmt::format(R"(<line class="limit" x1="{0}" x2="{0}" y1="2" y2="20"/>)",
                       place(marks.limit));
  }
  return out +
         fmt::format(R"(<circle class="dot" cx="{}" cy="11" r="5"/></svg>)", place(marks.value));
}

std::string DotsSvg(const std::vector<double>& values, double mean, double deviation, double low,
                    double high) {
  std::string out =
      R"(<svg class="dots" aria-hidden="true"><rect class="track" y="12" width="100%" height="2"/>)";
  const double start = Position(mean - deviation, low, high);
  const double end = Position(mean + deviation, low, high);
  out += fmt::format(R"(<rect class="band" x="{}" y="6" width="{}" height="14" rx="3"/>)",
                     Percent(start), Percent(std::min(end, 1.0) - std::max(start, 0.0)));
  for (const double value : values) {
    out += fmt::format(R"(<circle class="dot" cx="{}" cy="13" r="4"/>)",
                       Percent(Position(value, low, high)));
  }
  return out + fmt::format(R"(<line class="limit" x1="{0}" x2="{0}" y1="2" y2="24"/></svg>)",
                           Percent(Position(mean, low, high)));
}

std::string ConfusionSvg(const std::vector<std::string>& classes,
                         const std::vector<int64_t>& counts) {
  const size_t n = classes.size();
  const double size = (n <= 3 ? 216.0 : 288.0) / static_cast<double>(n);
  const Cells cells = {n, size, 104, size < 64 ? 84.0 : 44.0};
  std::string told;
  std::string drawn;
  for (size_t row = 0; row < n; ++row) {
    const auto begin = counts.begin() + static_cast<std::ptrdiff_t>(row * n);
    const int64_t total =
        std::accumulate(begin, begin + static_cast<std::ptrdiff_t>(n), int64_t{0});
    for (size_t column = 0; column < n; ++column) {
      const int64_t count = counts[row * n + column];
      const double share = total > 0 ? static_cast<double>(count) / static_cast<double>(total) : 0;
      const std::string sentence = fmt::format(
          "{} predicted as {}: {} ({})", Shorten(CleanText(classes[row]), 40),
          Shorten(CleanText(classes[column]), 40), FormatCount(count), FormatShare(share));
      drawn += Cell(cells, row, column, count, share, Escape(sentence));
      if (n <= 10) told += sentence + ". ";
    }
  }
  return fmt::format(R"(<svg class="chart" role="img" viewBox="0 0 {} {}">)",
                     At(cells.left + cells.extent() + 30), At(cells.top + cells.extent() + 6)) +
         Described("Confusion matrix", told) + ConfusionLabels(cells, classes) + drawn + "</svg>";
}

}  // namespace slipway::report

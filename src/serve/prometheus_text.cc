#include <fmt/format.h>

#include <iterator>
#include <string_view>

#include "serve/metrics_internal.h"

namespace slipway::serve {
namespace {

constexpr std::string_view kDuration = "slipway_request_duration_seconds";

void Family(std::string_view name, std::string_view type, std::string_view help,
            std::string* text) {
  fmt::format_to(std::back_inserter(*text), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

std::string LabelValue(std::string_view text) {
  std::string escaped;
  for (const char letter : text) {
    if (letter == '\\' || letter == '"') escaped += '\\';
    if (letter == '\n') {
      escaped += "\\n";
    } else {
      escaped += letter;
    }
  }
  return escaped;
}

void WriteDurations(const TotalSum& totals, std::string* text) {
  const auto out = std::back_inserter(*text);
  Family(kDuration, "histogram", "Time from a request's first byte to its answer's last.", text);
  int64_t requests = 0;
  for (size_t bound = 0; bound < kPrometheusBounds.size(); ++bound) {
    requests += totals.latencies[bound];
    fmt::format_to(out, "{}_bucket{{le=\"{}\"}} {}\n", kDuration,
                   static_cast<double>(kPrometheusBounds[bound]) / 1e9, requests);
  }
  requests += totals.latencies.back();
  fmt::format_to(out, "{}_bucket{{le=\"+Inf\"}} {}\n", kDuration, requests);
  fmt::format_to(out, "{}_sum {}\n", kDuration, static_cast<double>(totals.nanoseconds) / 1e9);
  fmt::format_to(out, "{}_count {}\n", kDuration, requests);
}

}  // namespace

std::string PrometheusText(const TotalSum& totals, double uptime_seconds, int64_t in_flight,
                           const ModelLabels& labels) {
  std::string text;
  const auto out = std::back_inserter(text);
  Family("slipway_requests_total", "counter", "Answered requests, by class of status.", &text);
  for (size_t group = 0; group < kStatusClasses; ++group) {
    fmt::format_to(out, "slipway_requests_total{{code=\"{}xx\"}} {}\n", group + 2,
                   totals.answers[group]);
  }
  Family("slipway_rows_total", "counter", "Predicted rows.", &text);
  fmt::format_to(out, "slipway_rows_total {}\n", totals.rows);
  WriteDurations(totals, &text);
  Family("slipway_in_flight_requests", "gauge", "Requests begun and not answered yet.", &text);
  fmt::format_to(out, "slipway_in_flight_requests {}\n", in_flight);
  Family("slipway_uptime_seconds", "gauge", "Seconds since the start.", &text);
  fmt::format_to(out, "slipway_uptime_seconds {:.3f}\n", uptime_seconds);
  Family("slipway_model_info", "gauge", "The model that answers; always 1.", &text);
  fmt::format_to(out, "slipway_model_info{{model=\"{}\",version=\"{}\",digest=\"{}\"}} 1\n",
                 LabelValue(labels.model), LabelValue(labels.version), LabelValue(labels.digest));
  return text;
}

}  // namespace slipway::serve

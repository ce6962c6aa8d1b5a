#include <fmt/format.h>

#include <iterator>
#include <string_view>

#include "serve/metrics_internal.h"
#include "serve/prometheus_format_internal.h"

namespace slipway::serve {
namespace {

constexpr std::string_view kDuration = "slipway_request_duration_seconds";

void WriteDurations(const TotalSum& totals, std::string* text) {
  const auto out = std::back_inserter(*text);
  AppendFamily(kDuration, "histogram", "Time from a request's first byte to its answer's last.",
               text);
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
                           std::span<const ModelLabels> models) {
  std::string text;
  const auto out = std::back_inserter(text);
  AppendFamily("slipway_requests_total", "counter", "Answered requests, by class of status.",
               &text);
  for (size_t group = 0; group < kStatusClasses; ++group) {
    fmt::format_to(out, "slipway_requests_total{{code=\"{}xx\"}} {}\n", group + 2,
                   totals.answers[group]);
  }
  AppendSingle("slipway_rows_total", "counter", "Predicted rows.", totals.rows, &text);
  WriteDurations(totals, &text);
  AppendSingle("slipway_in_flight_requests", "gauge", "Requests begun and not answered yet.",
               in_flight, &text);
  AppendFamily("slipway_uptime_seconds", "gauge", "Seconds since the start.", &text);
  fmt::format_to(out, "slipway_uptime_seconds {:.3f}\n", uptime_seconds);
  if (models.empty()) return text;
  AppendFamily("slipway_model_info", "gauge", "A model that answers; always 1.", &text);
  for (const ModelLabels& one : models) {
    fmt::format_to(out, "slipway_model_info{{model=\"{}\",version=\"{}\",digest=\"{}\"}} 1\n",
                   LabelValue(one.model), LabelValue(one.version), LabelValue(one.digest));
  }
  return text;
}

}  // namespace slipway::serve

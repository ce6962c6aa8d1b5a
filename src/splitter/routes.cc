#include "splitter/routes.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "core/text.h"
#include "http/text.h"

namespace slipway::splitter {
namespace {

constexpr int kLargestPort = 65535;

// All mistakes of one pass.
class Mistakes {
 public:
  explicit Mistakes(std::string source) : source_(std::move(source)) {}

  void Add(const std::string& field, const std::string& message, const std::string& expected) {
    Location location;
    location.file = source_;
    location.field = field;
    Error error = Error(ErrorCode::kInvalidInput, message).At(std::move(location));
    if (!expected.empty()) error = std::move(error).Expected(expected);
    first_ = first_ ? std::move(*first_).Also(std::move(error)) : std::move(error);
  }
  Status Take() {
    if (first_) return *std::move(first_);
    return {};
  }

 private:
  std::string source_;
  std::optional<Error> first_;
};

void CheckReplicas(const VersionRoute& version, const std::string& field, Mistakes* mistakes) {
  for (size_t i = 0; i < version.replicas.size(); ++i) {
    const ReplicaAddress& replica = version.replicas[i];
    const std::string place = fmt::format("{}.replicas[{}]", field, i);
    if (replica.host.empty())
      mistakes->Add(place + ".host", "a replica has no host", "an address, such as 127.0.0.1");
    if (replica.port < 1 || replica.port > kLargestPort)
      mistakes->Add(place + ".port", fmt::format("there is no port {}", replica.port),
                    "1 to 65535");
    for (size_t other = 0; other < i; ++other) {
      if (version.replicas[other] == replica)
        mistakes->Add(place, fmt::format("{}:{} stands twice", replica.host, replica.port),
                      "each replica once");
    }
  }
}

void CheckWeight(double weight, const std::string& field, Mistakes* mistakes) {
  if (!std::isfinite(weight) || weight < 0)
    mistakes->Add(field, fmt::format("a weight can't be {}", weight), "0 or more");
}

void CheckVersions(const Routes& routes, std::set<std::string>* ids, Mistakes* mistakes) {
  double sum = 0;
  for (size_t i = 0; i < routes.versions.size(); ++i) {
    const VersionRoute& version = routes.versions[i];
    const std::string field = fmt::format("versions[{}]", i);
    if (version.id.empty()) mistakes->Add(field + ".id", "a version has no id", "a text");
    if (!ids->insert(version.id).second)
      mistakes->Add(field + ".id", fmt::format("version \"{}\" stands twice", version.id),
                    "each version once");
    CheckWeight(version.weight, field + ".weight", mistakes);
    CheckReplicas(version, field, mistakes);
    sum += std::isfinite(version.weight) ? version.weight : 0;
  }
  if (!std::isfinite(sum))
    mistakes->Add("versions", "the weights add up to infinity",
                  "smaller weights, such as percents");
}

void CheckVersionName(const std::string& version, const std::string& field,
                      const std::set<std::string>& ids, Mistakes* mistakes) {
  if (ids.contains(version)) return;
  const std::vector<std::string> known(ids.begin(), ids.end());
  mistakes->Add(field, fmt::format("there is no version \"{}\"", version),
                known.empty() ? "a version of `versions`, which has none" : JoinOr(known));
}

// Names of cookies are of the same bytes (RFC 6265, 4.1.1).
void CheckHeaderName(const std::string& name, const std::string& field, Mistakes* mistakes,
                     const char* what = "header") {
  if (name.empty() || !http::kTokenBytes.HasAll(name))
    mistakes->Add(field, fmt::format("\"{}\" is no name of a {}", Printable(name), what),
                  "letters, digits and hyphens");
}

void CheckParts(const Stickiness& sticky, const std::set<std::string>& ids, Mistakes* mistakes) {
  double sum = 0;
  for (size_t i = 0; i < sticky.parts.size(); ++i) {
    const std::string field = fmt::format("sticky.parts[{}]", i);
    const double weight = sticky.parts[i].weight;
    CheckVersionName(sticky.parts[i].version, field + ".version", ids, mistakes);
    CheckWeight(weight, field + ".weight", mistakes);
    sum += weight;
  }
  if (!sticky.parts.empty() && !(sum > 0 && std::isfinite(sum)))
    mistakes->Add("sticky.parts", fmt::format("the weights add up to {}", sum), "more than 0");
}

void CheckTolerance(double tolerance, const std::string& field, Mistakes* mistakes) {
  if (!(tolerance >= 0 && std::isfinite(tolerance)))
    mistakes->Add(field, fmt::format("a tolerance can't be {}", tolerance), "0 or more");
}

}  // namespace

Status CheckRoutes(const Routes& routes, const std::string& source) {
  Mistakes mistakes(source);
  std::set<std::string> ids;
  CheckVersions(routes, &ids, &mistakes);
  if (!routes.sticky.header.empty())
    CheckHeaderName(routes.sticky.header, "sticky.header", &mistakes);
  if (!routes.sticky.cookie.empty())
    CheckHeaderName(routes.sticky.cookie, "sticky.cookie", &mistakes, "cookie");
  if (!routes.sticky.header.empty() && !routes.sticky.cookie.empty())
    mistakes.Add("sticky", "a header and a cookie stand together", "one of the two");
  CheckParts(routes.sticky, ids, &mistakes);
  for (size_t i = 0; i < routes.header_routes.size(); ++i) {
    const std::string field = fmt::format("header_routes[{}]", i);
    CheckHeaderName(routes.header_routes[i].name, field + ".name", &mistakes);
    if (routes.header_routes[i].value.empty())
      mistakes.Add(field + ".value", "a header route has no value", "the header's whole value");
    CheckVersionName(routes.header_routes[i].version, field + ".version", ids, &mistakes);
  }
  if (!routes.mirror.version.empty())
    CheckVersionName(routes.mirror.version, "mirror.version", ids, &mistakes);
  if (!(routes.mirror.share >= 0 && routes.mirror.share <= 1))
    mistakes.Add("mirror.share", fmt::format("a share can't be {}", routes.mirror.share), "0 to 1");
  const NumberTolerance& tolerance = routes.mirror.tolerance;
  CheckTolerance(tolerance.relative, "mirror.relative_tolerance", &mistakes);
  CheckTolerance(tolerance.absolute, "mirror.absolute_tolerance", &mistakes);
  return mistakes.Take();
}

}  // namespace slipway::splitter

#include <fmt/format.h>

#include <utility>

#include "deploy/outside_internal.h"
#include "deploy/verbs.h"

namespace slipway::deploy {

Json ReleaseFacts(const Release& release) {
  return {{"model", release.model},
          {"version", release.version},
          {"digest", release.digest},
          {"label", release.label}};
}

Outside NotifyOf(const Service& service, const Release& release, int64_t revision,
                 const std::string& event, const std::string& text, int64_t now_ms) {
  return {"notify",
          {{"event", event},
           {"at_ms", now_ms},
           {"service", service.name},
           {"environment", service.environment},
           {"model", release.model},
           {"version", release.version},
           {"revision", revision},
           {"text", text}}};
}

Outside RollbackTagOf(const Service& service, const Release& release, int64_t revision,
                      const std::string& reason) {
  Json detail = ReleaseFacts(release);
  detail["key"] = kRollbackTag;
  detail["value"] = fmt::format("{} revision {}: {}", service.name, revision, reason);
  return {"tag", std::move(detail)};
}

}  // namespace slipway::deploy

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

namespace {

Outside TagOf(const Service& service, const Release& release, int64_t revision, const char* key,
              const std::string& text) {
  Json detail = ReleaseFacts(release);
  detail["key"] = key;
  detail["value"] = fmt::format("{} revision {}: {}", service.name, revision, text);
  return {"tag", std::move(detail)};
}

}  // namespace

Outside ForcedTagOf(const Service& service, const Release& release, const std::string& actor) {
  return TagOf(service, release, service.rollout->revision, "slipway.forced",
               "gates not passed, delivered all the same by " + actor);
}

Outside ExperimentTagOf(const Service& service, const Release& release, int64_t revision,
                        const std::string& result) {
  return TagOf(service, release, revision, "slipway.experiment", result);
}

Outside RollbackTagOf(const Service& service, const Release& release, int64_t revision,
                      const std::string& reason) {
  return TagOf(service, release, revision, kRollbackTag, reason);
}

}  // namespace slipway::deploy

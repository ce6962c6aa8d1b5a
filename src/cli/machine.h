// What the controller of one machine holds, wired together: stores, backends, who watches and who
// tells.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cli/delivery.h"
#include "cli/registry_effects.h"
#include "core/forward_time.h"
#include "deploy/controller.h"
#include "deploy/sight.h"
#include "http/client.h"
#include "monitor/monitor.h"
#include "monitor/outbox.h"
#include "monitor/retraining.h"
#include "registry/registry.h"

namespace slipway::cli {

class Machine {
 public:
  // `delivery` and `session` outlive it.
  static Result<std::unique_ptr<Machine>> Open(const Delivery& delivery, Session& session);

  deploy::ControllerParts Parts();
  // One line of the controller's log; from any thread.
  void Tell(const std::string& text);

 private:
  // One service under watch.
  struct Watched {
    deploy::RateMeter meter;
    std::unique_ptr<monitor::Monitor> monitor;
    int64_t next_ms = 0;  // Of `time_`.
    int64_t kept_ms = 0;
  };

  Machine(const Delivery& delivery, Session& session) : delivery_(delivery), session_(session) {}
  Status OpenParts();
  Result<std::unique_ptr<deploy::ServiceBackend>> OpenBackend(const deploy::Service& service);
  Result<std::string> ArtifactOf(const deploy::Release& release);
  // For a thread of its own.
  Result<std::vector<monitor::Registered>> VersionsOf(const std::string& model) const;
  deploy::Findings Watch(const deploy::Service& service, const deploy::Observed& seen);
  void Show(const deploy::Service& service, const deploy::Observed& seen, Watched* watched) const;
  monitor::MonitorOptions MonitorOptions();
  std::unique_ptr<monitor::Monitor> OpenMonitor(const std::string& service);
  void KeepMonitor(const std::string& service, const monitor::Monitor& monitor);

  const Delivery& delivery_;
  Session& session_;
  std::mutex mutex_;  // Of the log.
  ForwardTime time_;
  std::unique_ptr<registry::Registry> registry_;
  std::unique_ptr<http::HttpClient> client_;
  std::map<std::string, Watched> watched_;
  std::unique_ptr<deploy::RolloutStore> outbox_store_;
  std::unique_ptr<monitor::Notifier> notifier_;
  std::unique_ptr<monitor::Outbox> outbox_;
  std::unique_ptr<RegistryEffects> registry_effects_;  // Ends first.
};

}  // namespace slipway::cli

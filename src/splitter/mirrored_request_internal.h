// One request on its way to the version that is mirrored to.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "splitter/body_scanner_internal.h"
#include "splitter/mirror_internal.h"
#include "splitter/upstream_internal.h"

namespace slipway::splitter {

// Collected while it goes to the version that counts, sent once it is whole, and compared once both
// answers have ended. It is the loop's; who made it may use it until EndAnswer.
class MirroredRequest final : public Endpoint, public UpstreamUser {
 public:
  // Null where there are too many at once, which is counted.
  static MirroredRequest* Begin(Loop* loop, const TableVersion& version, bool is_head);

  void AddRequest(std::string_view bytes);
  // It is whole.
  void Send();
  // Of the answer that counts.
  void BeginAnswer(int status, bool chunked);
  void AddAnswer(std::string_view bytes);
  void EndAnswer(bool whole);

  void OnUpstream() override;
  void OnUpstreamTimeout() override;
  void OnEvents(uint32_t) override {}
  void OnTimeout() override {}
  void OnStop() override {}

 private:
  MirroredRequest(Loop* loop, const TableVersion& version, bool is_head);
  bool Take(bool fresh);
  void Pump();
  void ReadAnswer(size_t count);
  void Keep(std::string_view bytes, MirrorAnswer* answer) const;
  // Its own exchange has ended, well or not.
  void EndExchange();
  void EndIfBoth();

  Loop* const loop_;
  const std::shared_ptr<Version> version_;
  std::vector<std::shared_ptr<Replica>> replicas_;
  std::string request_;
  size_t sent_ = 0;
  bool is_head_ = false;
  bool too_large_ = false, was_sent_ = false;
  bool counted_ended_ = false, mirrored_ended_ = false;
  Upstream* upstream_ = nullptr;
  size_t head_scanned_ = 0;
  BodyScanner body_;
  bool reusable_ = false, failed_ = false;
  MirrorPair pair_;
};

}  // namespace slipway::splitter

// One request on its way to the version that is mirrored to.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "splitter/copy_exchange_internal.h"
#include "splitter/mirror_internal.h"

namespace slipway::splitter {

// Collected while it goes to the version that counts, sent once it is whole, and compared once both
// answers have ended. It is the loop's; who made it may use it until EndAnswer.
class MirroredRequest final : public Endpoint, public CopyExchange::User {
 public:
  // Null where there are too many at once, which is counted.
  static MirroredRequest* Begin(Loop* loop, const TableVersion& version,
                                const NumberTolerance& tolerance);

  void AddRequest(std::string_view bytes) { request_.Add(bytes); }
  // It is whole.
  void Send();
  // Of the answer that counts.
  void BeginAnswer(int status, bool chunked);
  void AddAnswer(std::string_view bytes) { counted_body_.Add(bytes); }
  void EndAnswer(bool whole);

  void OnCopyEnded(CopyExchange* exchange) override;
  void OnEvents(uint32_t) override {}
  void OnTimeout() override {}
  void OnStop() override {}

 private:
  MirroredRequest(Loop* loop, const TableVersion& version, const NumberTolerance& tolerance);
  // With the least in flight; null where all are left out.
  Replica* PickReplica() const;
  void Skip();
  void Fail();
  // Its own exchange has ended, well or not.
  void EndExchange();
  void EndIfBoth();

  Loop* const loop_;
  const std::shared_ptr<Version> version_;
  std::vector<std::shared_ptr<Replica>> replicas_;
  const NumberTolerance tolerance_;
  Collected request_;
  CopyExchange exchange_;
  KeptAnswer counted_;  // But for its body.
  Collected counted_body_;
  bool was_sent_ = false, failed_ = false;
  bool counted_ended_ = false, mirrored_ended_ = false;
};

}  // namespace slipway::splitter

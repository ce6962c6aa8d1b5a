// A copy of a POST at one replica. No client waits for its answer.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

#include "splitter/body_scanner_internal.h"
#include "splitter/collected_internal.h"
#include "splitter/upstream_internal.h"

namespace slipway::splitter {

// One exchange after the other; of the loop's thread.
class CopyExchange final : public UpstreamUser {
 public:
  class User {
   public:
    // The exchange that was begun has ended, well or not. It is not destroyed before this returns.
    virtual void OnCopyEnded(CopyExchange* exchange) = 0;

   protected:
    ~User() = default;
  };

  // Of an answer's body at most `most_kept` bytes are kept, which count among `all`.
  CopyExchange(Loop* loop, User* user, size_t most_kept, CollectedBytes* all)
      : loop_(loop), user_(user), kept_(most_kept, all) {}
  CopyExchange(const CopyExchange&) = delete;
  CopyExchange& operator=(const CopyExchange&) = delete;

  // False where the replica refuses at once; then its user is told of no end. `request` and
  // `replica` stay until the end, which may come before this returns.
  bool Begin(std::string_view request, Replica* replica);

  int status() const { return answer_.status; }
  KeptAnswer TakeAnswer() {
    answer_.too_large = kept_.too_large();
    answer_.body = kept_.Take();
    return std::move(answer_);
  }
  // There is no answer, or no whole one.
  bool failed() const { return failed_; }

  void OnUpstream() override { Pump(); }
  void OnUpstreamTimeout() override { End(false); }

 private:
  bool Take(bool fresh);
  void Pump();
  void ReadAnswer(size_t count);
  void End(bool whole);

  Loop* const loop_;
  User* const user_;
  std::string_view request_;
  Replica* replica_ = nullptr;
  Upstream* upstream_ = nullptr;
  size_t sent_ = 0;
  size_t head_scanned_ = 0;
  BodyScanner body_;
  bool reusable_ = false, bad_ = false, failed_ = false;
  KeptAnswer answer_;  // But for its body.
  Collected kept_;
};

}  // namespace slipway::splitter

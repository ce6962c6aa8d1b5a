#include <algorithm>
#include <utility>

#include "splitter/mirrored_request_internal.h"

namespace slipway::splitter {

MirroredRequest::MirroredRequest(Loop* loop, const TableVersion& version,
                                 const NumberTolerance& tolerance)
    : loop_(loop),
      version_(version.version),
      replicas_(version.replicas),
      tolerance_(tolerance),
      request_(loop->options().mirror_request_bytes, &loop->mirrored),
      exchange_(loop, this, loop->options().mirror_answer_bytes, &loop->mirrored),
      counted_body_(loop->options().mirror_answer_bytes, &loop->mirrored) {}

MirroredRequest* MirroredRequest::Begin(Loop* loop, const TableVersion& version,
                                        const NumberTolerance& tolerance) {
  if (loop->mirrors >= std::min<int64_t>(loop->options().mirrors_at_once, loop->room().mirrors)) {
    ++version.version->mirror.skipped;
    return nullptr;
  }
  std::unique_ptr<MirroredRequest> made(new MirroredRequest(loop, version, tolerance));
  loop->Own(made.get());
  ++loop->mirrors;
  loop->Enter(version.version.get());
  return made.release();
}

void MirroredRequest::Send() {
  was_sent_ = true;
  if (request_.too_large()) return Skip();
  ++version_->mirror.sent;
  Replica* const replica = PickReplica();
  if (replica == nullptr || !exchange_.Begin(request_.bytes(), replica)) Fail();
}

Replica* MirroredRequest::PickReplica() const {
  Replica* least = nullptr;
  for (const auto& replica : replicas_) {
    const ReplicaLane& lane = replica->lanes[loop_->lane()];
    if (lane.left_out_until_ns.value() > loop_->now_ns()) continue;
    if (least == nullptr || lane.in_flight.value() < least->lanes[loop_->lane()].in_flight.value())
      least = replica.get();
  }
  return least;
}

void MirroredRequest::Skip() {
  ++version_->mirror.skipped;
  failed_ = true;
  EndExchange();
}

void MirroredRequest::Fail() {
  ++version_->mirror.failed;
  failed_ = true;
  EndExchange();
}

void MirroredRequest::OnCopyEnded(CopyExchange* exchange) {
  if (exchange->failed()) return Fail();
  EndExchange();
}

void MirroredRequest::BeginAnswer(int status, bool chunked) {
  counted_.status = status;
  counted_.chunked = chunked;
}

void MirroredRequest::EndAnswer(bool whole) {
  counted_.whole = whole;
  counted_ended_ = true;
  // One whose client went while it was sending is not sent.
  if (!was_sent_) return Skip();
  EndIfBoth();
}

void MirroredRequest::EndExchange() {
  mirrored_ended_ = true;
  request_.Clear();
  EndIfBoth();
}

void MirroredRequest::EndIfBoth() {
  if (!counted_ended_ || !mirrored_ended_ || dead) return;
  --loop_->mirrors;
  loop_->Leave(version_.get());
  if (!failed_) {
    if (counted_.whole) {
      counted_.too_large = counted_body_.too_large();
      counted_.body = counted_body_.Take();
      loop_->comparer().Add({version_, std::move(counted_), exchange_.TakeAnswer(), tolerance_});
    } else {
      ++version_->mirror.skipped;
    }
  }
  loop_->Bury(this);
}

}  // namespace slipway::splitter

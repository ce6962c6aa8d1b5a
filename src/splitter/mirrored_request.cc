#include <utility>

#include "splitter/mirrored_request_internal.h"

namespace slipway::splitter {

MirroredRequest::MirroredRequest(Loop* loop, const TableVersion& version, bool is_head)
    : loop_(loop), version_(version.version), replicas_(version.replicas), is_head_(is_head) {
  pair_.version = version_;
}

MirroredRequest* MirroredRequest::Begin(Loop* loop, const TableVersion& version, bool is_head) {
  if (loop->mirrors >= loop->options().mirrors_at_once) {
    ++version.version->mirror.skipped;
    return nullptr;
  }
  std::unique_ptr<MirroredRequest> made(new MirroredRequest(loop, version, is_head));
  loop->Own(made.get());
  ++loop->mirrors;
  version.version->lanes[loop->lane()].in_flight.Add(1);
  return made.release();
}

void MirroredRequest::AddRequest(std::string_view bytes) {
  if (request_.size() + bytes.size() > loop_->options().mirror_request_bytes) too_large_ = true;
  if (too_large_) {
    request_ = std::string();
  } else {
    request_.append(bytes);
  }
}

void MirroredRequest::Send() {
  was_sent_ = true;
  if (too_large_) {
    ++version_->mirror.skipped;
    failed_ = true;
    EndExchange();
    return;
  }
  ++version_->mirror.sent;
  if (Take(false)) {
    upstream_->Await(upstream_->connected() ? http::TimerKind::kAnswer : http::TimerKind::kConnect);
    Pump();
    return;
  }
  ++version_->mirror.failed;
  failed_ = true;
  EndExchange();
}

bool MirroredRequest::Take(bool fresh) {
  Replica* least = nullptr;
  for (const auto& replica : replicas_) {
    const ReplicaLane& lane = replica->lanes[loop_->lane()];
    if (lane.left_out_until_ns.value() > loop_->now_ns()) continue;
    if (least == nullptr || lane.in_flight.value() < least->lanes[loop_->lane()].in_flight.value())
      least = replica.get();
  }
  upstream_ = least == nullptr ? nullptr : Upstream::Take(loop_, least, this, fresh);
  return upstream_ != nullptr;
}

void MirroredRequest::OnUpstream() { Pump(); }

void MirroredRequest::OnUpstreamTimeout() {
  ++version_->mirror.failed;
  failed_ = true;
  EndExchange();
}

void MirroredRequest::Pump() {
  while (upstream_->writable() && sent_ < request_.size()) {
    sent_ += upstream_->Send(std::string_view(request_).substr(sent_));
    upstream_->Await(http::TimerKind::kAnswer);
  }
  while (upstream_->readable() && !pair_.mirrored.whole && !failed_) {
    const size_t count = upstream_->Receive();
    if (count == 0) continue;
    upstream_->Await(http::TimerKind::kAnswer);
    ReadAnswer(count);
  }
  MirrorAnswer& answer = pair_.mirrored;
  if (upstream_->ended() && !upstream_->broken() && answer.status != 0 && body_.End())
    answer.whole = true;
  if (!answer.whole && !failed_ && !upstream_->refused() && !upstream_->ended()) return;
  const bool idle_race =
      upstream_->reused() && upstream_->ended() && answer.status == 0 && !failed_;
  if (idle_race) {
    upstream_->Release(false);
    sent_ = 0;
    if (Take(true)) return;
  }
  if (!answer.whole) {
    failed_ = true;
    ++version_->mirror.failed;
  }
  EndExchange();
}

void MirroredRequest::ReadAnswer(size_t count) {
  RelayBuffer& bytes = upstream_->answer;
  ResponseHead& head = loop_->response_head;
  while (pair_.mirrored.status == 0) {
    const HeadState state = ReadResponseHead(bytes.unsent(), is_head_, &head_scanned_, &head);
    if (state == HeadState::kMore) return;
    failed_ = state == HeadState::kBad;
    if (failed_) return;
    bytes.Sent(head.size);
    if (head.interim()) continue;
    pair_.mirrored.status = head.status;
    pair_.mirrored.chunked = head.framing == BodyFraming::kChunked;
    reusable_ = head.keep_alive;
    body_.Begin(head.framing, head.length);
    count = bytes.unsent().size();
  }
  char* const tail = bytes.Tail(count);
  const size_t taken = body_.Scan(tail, count).taken;
  if (taken < count) reusable_ = false;
  Keep({tail, taken}, &pair_.mirrored);
  bytes.Sent(bytes.unsent().size());
  bytes.ForgetSent();
  failed_ = body_.failed();
  pair_.mirrored.whole = body_.done();
}

void MirroredRequest::Keep(std::string_view bytes, MirrorAnswer* answer) const {
  if (answer->body.size() + bytes.size() > loop_->options().mirror_answer_bytes) {
    answer->too_large = true;
    answer->body = std::string();
  }
  if (!answer->too_large) answer->body.append(bytes);
}

void MirroredRequest::BeginAnswer(int status, bool chunked) {
  pair_.counted.status = status;
  pair_.counted.chunked = chunked;
}

void MirroredRequest::AddAnswer(std::string_view bytes) { Keep(bytes, &pair_.counted); }

void MirroredRequest::EndAnswer(bool whole) {
  pair_.counted.whole = whole;
  counted_ended_ = true;
  // One whose client went while it was sending is not sent.
  if (!was_sent_) {
    ++version_->mirror.skipped;
    failed_ = true;
    EndExchange();
    return;
  }
  EndIfBoth();
}

void MirroredRequest::EndExchange() {
  if (upstream_ != nullptr) std::exchange(upstream_, nullptr)->Release(reusable_ && !failed_);
  mirrored_ended_ = true;
  request_ = std::string();
  EndIfBoth();
}

void MirroredRequest::EndIfBoth() {
  if (!counted_ended_ || !mirrored_ended_ || dead) return;
  --loop_->mirrors;
  VersionLane& lane = version_->lanes[loop_->lane()];
  lane.in_flight.Add(-1);
  if (!lane.routed && lane.in_flight.value() == 0) loop_->MayHaveDrained();
  if (!failed_) {
    if (pair_.counted.whole) {
      loop_->comparer().Add(std::move(pair_));
    } else {
      ++version_->mirror.skipped;
    }
  }
  loop_->Bury(this);
}

}  // namespace slipway::splitter

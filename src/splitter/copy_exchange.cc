#include <utility>

#include "splitter/copy_exchange_internal.h"

namespace slipway::splitter {

bool CopyExchange::Begin(std::string_view request, Replica* replica) {
  request_ = request;
  replica_ = replica;
  answer_ = {};
  kept_.Begin();
  bad_ = failed_ = reusable_ = false;
  if (!Take(false)) {
    failed_ = true;
    return false;
  }
  if (upstream_->connected()) upstream_->Await(http::TimerKind::kAnswer);
  Pump();
  return true;
}

bool CopyExchange::Take(bool fresh) {
  sent_ = head_scanned_ = 0;
  upstream_ = Upstream::Take(loop_, replica_, this, fresh);
  return upstream_ != nullptr;
}

void CopyExchange::Pump() {
  while (upstream_->writable() && sent_ < request_.size()) {
    sent_ += upstream_->Send(request_.substr(sent_));
    upstream_->Await(http::TimerKind::kAnswer);
  }
  while (upstream_->readable() && !answer_.whole && !bad_) {
    const size_t count = upstream_->Receive();
    if (count == 0) continue;
    upstream_->Await(http::TimerKind::kAnswer);
    ReadAnswer(count);
  }
  if (upstream_->ended() && !upstream_->broken() && answer_.status != 0 && body_.End())
    answer_.whole = true;
  if (!answer_.whole && !bad_ && !upstream_->refused() && !upstream_->ended()) return;
  // A connection that was kept, and that the replica ended meanwhile.
  const bool idle_race = upstream_->reused() && upstream_->ended() && answer_.status == 0 && !bad_;
  if (idle_race) {
    upstream_->Release(false);
    if (Take(true)) return;
  }
  End(answer_.whole && !bad_);
}

void CopyExchange::ReadAnswer(size_t count) {
  RelayBuffer& bytes = upstream_->answer;
  ResponseHead& head = loop_->response_head;
  while (answer_.status == 0) {
    const HeadState state = ReadResponseHead(bytes.unsent(), false, &head_scanned_, &head);
    if (state == HeadState::kMore) return;
    bad_ = state == HeadState::kBad;
    if (bad_) return;
    bytes.Sent(head.size);
    if (head.interim()) continue;
    answer_.status = head.status;
    answer_.chunked = head.framing == BodyFraming::kChunked;
    reusable_ = head.keep_alive;
    body_.Begin(head.framing, head.length);
    count = bytes.unsent().size();
  }
  char* const tail = bytes.Tail(count);
  const size_t taken = body_.Scan(tail, count).taken;
  if (taken < count) reusable_ = false;
  kept_.Add({tail, taken});
  bytes.Sent(bytes.unsent().size());
  bytes.ForgetSent();
  bad_ = body_.failed();
  answer_.whole = body_.done();
}

void CopyExchange::End(bool whole) {
  failed_ = !whole;
  if (upstream_ != nullptr) std::exchange(upstream_, nullptr)->Release(reusable_ && whole);
  user_->OnCopyEnded(this);
}

}  // namespace slipway::splitter

// A replica's answer on its way to the client.
#include "splitter/client_internal.h"

namespace slipway::splitter {
namespace {

constexpr int kSwitchingProtocols = 101;

}  // namespace

bool Client::PumpAnswer() {
  bool moved = false;
  // Interim answers are as many as the replica likes.
  const bool is_full = output_.size() - output_sent_ >= RelayBuffer::kMostCapacity;
  if (!answer_whole_ && !is_full && upstream_->readable()) {
    const size_t count = upstream_->Receive();
    moved = count > 0;
    if (moved) ReadAnswer(count);
    if (upstream_->ended() && !upstream_->broken() && status_ != 0 && answer_body_.End())
      CompleteAnswer();
  }
  if (!answer_bad_) moved |= Flush();
  return moved;
}

void Client::ReadAnswer(size_t count) {
  answer_began_ = true;
  if (status_ != 0) {
    ScanAnswer(count);
  } else {
    ReadHeads();
  }
}

// Those of interim answers, too.
void Client::ReadHeads() {
  ResponseHead& head = loop_->response_head;
  while (true) {
    const HeadState state =
        ReadResponseHead(upstream_->answer.unsent(), is_head_, &head_scanned_, &head);
    if (state == HeadState::kMore) return;
    // Nobody has asked to switch protocols: the header that does so was not handed on.
    answer_bad_ = state == HeadState::kBad || head.status == kSwitchingProtocols;
    if (answer_bad_) return;
    if (!head.interim()) break;
    if (minor_version_ == 1) AppendResponseHead(head, Persistence::kImplied, false, &output_);
    upstream_->answer.Sent(head.size);
  }
  BeginAnswer(head);
}

void Client::BeginAnswer(const ResponseHead& head) {
  status_ = head.status;
  reusable_ = head.keep_alive;
  const bool decodes = head.framing == BodyFraming::kChunked && minor_version_ == 0;
  // Behind the early answer to a body that is still to come nothing else is understood.
  closing_ |= !keep_alive_ || loop_->finishing() || decodes || !request_body_.done() ||
              head.framing == BodyFraming::kUntilClose;
  Persistence persistence = minor_version_ == 0 ? Persistence::kKeepAlive : Persistence::kImplied;
  if (closing_) persistence = Persistence::kClose;
  const size_t behind = upstream_->answer.unsent().size() - head.size;
  // Else it goes as it came, without being copied.
  if (persistence != Persistence::kImplied || !head.passes_as_it_is() || !cookie_key_.empty()) {
    AppendResponseHead(head, persistence, decodes, &output_);
    if (!cookie_key_.empty()) AddStickyCookie(cookie_name_, cookie_key_, &output_);
    upstream_->answer.Sent(head.size);
  }
  if (mirror_ != nullptr)
    mirror_->BeginAnswer(status_, head.framing == BodyFraming::kChunked && !decodes);
  answer_body_.Begin(head.framing, head.length,
                     decodes ? BodyScanner::Keeps::kContent : BodyScanner::Keeps::kFrames);
  if (behind > 0 || answer_body_.done()) ScanAnswer(behind);
}

// The last `count` bytes have come.
void Client::ScanAnswer(size_t count) {
  char* const bytes = upstream_->answer.Tail(count);
  const BodyScanner::Scanned scanned = answer_body_.Scan(bytes, count);
  // What comes behind an answer is none that anybody asked for.
  if (scanned.taken < count) reusable_ = false;
  upstream_->answer.Retract(count - scanned.kept);
  if (mirror_ != nullptr) mirror_->AddAnswer({bytes, scanned.kept});
  answer_bad_ = answer_body_.failed();
  if (answer_body_.done()) CompleteAnswer();
}

void Client::CompleteAnswer() {
  answer_whole_ = true;
  CountAnswer(status_);
  EndCopies(true);
}

void Client::CountAnswer(int status) const {
  if (is_prediction_) {
    lane().CountPrediction(status, loop_->now_ns() - begun_ns_);
  } else {
    lane().CountOther(status);
  }
}

bool Client::AnswerIsDelivered() const { return output_.empty() && upstream_->answer.empty(); }

Client::Next Client::FinishExchange() {
  ReleaseUpstream(reusable_ && request_.empty() && request_body_.done());
  LeaveVersion();
  closing_ |= !request_body_.done();
  return EndRequest();
}

}  // namespace slipway::splitter

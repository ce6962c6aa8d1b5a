// A client's request on its way to a replica, which of them, and what where one fails.
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "http/feedback_header.h"
#include "splitter/client_internal.h"

namespace slipway::splitter {
namespace {

// Bounds what one request costs where everything refuses; who refused is left out meanwhile.
constexpr int kMostAttempts = 16;
constexpr int kRoundsATurn = 16;
constexpr int kBadRequest = 400, kBadGateway = 502, kUnavailable = 503, kGatewayTimeout = 504;

}  // namespace

Client::Next Client::BeginExchange() {
  const http::Request& request = parser_.request();
  if (armed()) http::TimerLists::Disarm(this);
  minor_version_ = request.minor_version;
  keep_alive_ = request.keep_alive;
  is_head_ = request.method == "HEAD";
  is_prediction_ = IsPrediction(request);
  begun_ns_ = loop_->now_ns();
  loop_->AdoptRoutes();
  Picker& picker = loop_->picker();
  may_repeat_ = picker.table().routes.idempotent || IsIdempotent(request.method);
  const std::ptrdiff_t version = picker.PickVersion(request, &cookie_key_);
  if (!cookie_key_.empty()) cookie_name_ = picker.table().routes.sticky.cookie;
  const http::RequestParser::Framing& framing = parser_.framing();
  const bool feedback = loop_->feedback().Share(request);
  AppendRequestHead(request, framing, Facts(feedback ? http::kSharedFeedback : ""), &loop_->hops,
                    &request_);
  const size_t head_bytes = request_.unsent().size();
  BeginCopies(feedback, version);
  const BodyFraming body = framing.chunked ? BodyFraming::kChunked : BodyFraming::kLength;
  request_body_.Begin(body, framing.length);
  const std::string_view unread = parser_.unread();
  if (!request_body_.done() && !unread.empty()) {
    request_.Append(unread);
    parser_.Take(AddToRequest(unread.size()));
  }
  if (request_body_.failed()) return RefuseBody();
  // What is not held whole can't be sent twice: no connection that may be ending will do.
  const bool fits = !framing.chunked && framing.length <= RelayBuffer::kMostCapacity &&
                    head_bytes + framing.length <= RelayBuffer::kMostCapacity;
  fresh_ = !request_body_.done() && !fits;
  if (request_body_.done() && mirror_ != nullptr) mirror_->Send();
  state_ = State::kRelays;
  if (version != Picker::kNone) EnterVersion(picker.table().versions[static_cast<size_t>(version)]);
  if (TakeUpstream(version)) return Next::kGoesOn;
  return GiveUp(Failure::kRefused);
}

// The last `count` bytes of the buffer have come; how many of them are the body's. The others are
// taken out of it.
size_t Client::AddToRequest(size_t count) {
  char* const bytes = request_.Tail(count);
  const size_t taken = request_body_.Scan(bytes, count).taken;
  AddToCopies({bytes, taken});
  request_.Retract(count - taken);
  return taken;
}

void Client::EnterVersion(const TableVersion& version) {
  if (version.version.get() == version_) return;
  LeaveVersion();
  version_ = version.version.get();
  loop_->Enter(version_);
  begun_ns_ = loop_->now_ns();  // What others took before is not its time.
}

void Client::LeaveVersion() {
  if (version_ != nullptr) loop_->Leave(std::exchange(version_, nullptr));
}

bool Client::TakeUpstream(std::ptrdiff_t version) {
  Picker& picker = loop_->picker();
  while (attempts_ < kMostAttempts) {
    const Picker::Choice choice = picker.PickReplica(version, tried_, loop_->now_ns());
    if (choice.replica == nullptr) return false;
    if (attempts_ > 0 && version_ != nullptr) lane().retried.Add(1);
    ++attempts_;
    EnterVersion(picker.table().versions[static_cast<size_t>(choice.version)]);
    bool refused = false;
    upstream_ = Upstream::Take(loop_, choice.replica, this, fresh_, &refused);
    if (upstream_ != nullptr) return true;
    if (refused) CountUnanswered();
    tried_.push_back(choice.replica);
  }
  return false;
}

Client::Next Client::Relay() {
  bool moved_any = false;
  for (int round = 0; round < kRoundsATurn; ++round) {
    bool moved = PumpRequest();
    if (reset_ || (ended_ && !request_body_.done())) return Next::kEnds;
    if (request_body_.failed()) return RefuseBody();
    moved |= PumpAnswer();
    if (reset_) return Next::kEnds;
    if (answer_bad_) return OnFailure(Failure::kBad);
    if (answer_whole_) {
      if (AnswerIsDelivered()) return FinishExchange();
    } else if (upstream_->refused()) {
      return OnFailure(Failure::kRefused);
    } else if (upstream_->ended()) {
      return OnFailure(Failure::kClosed);
    }
    moved_any |= moved;
    if (!moved) {
      ArmForRelay(moved_any);
      return Next::kWaits;
    }
  }
  return Next::kAgain;
}

bool Client::PumpRequest() {
  bool moved = false;
  if (upstream_->writable() && !request_.empty()) {
    const size_t sent = upstream_->Send(request_.unsent());
    request_.Sent(sent);
    moved = sent > 0;
  }
  // Who has answered is sent no more of it.
  if (request_body_.done() || answer_whole_ || !readable_) return moved;
  return ReadBody() || moved;
}

bool Client::ReadBody() {
  const auto [room, size] = request_.Room();
  if (size == 0) return false;
  const size_t count = Read(room, size);
  if (count == 0) return false;
  request_.Added(count);
  char* const bytes = request_.Tail(count);
  const size_t taken = AddToRequest(count);
  if (taken < count) {
    // The first bytes of the next request.
    const size_t left = count - taken;
    char* const room_of_next = parser_.Room(left).first;
    if (room_of_next != nullptr) {
      std::copy_n(bytes + taken, left, room_of_next);
      parser_.Added(left);
    }
  }
  if (!request_body_.done()) return true;
  if (mirror_ != nullptr) mirror_->Send();
  // How long its client took to send it is not the version's time.
  if (!answer_began_) begun_ns_ = loop_->now_ns();
  return true;
}

// Of a replica that has begun to read it the connection ends in the middle.
Client::Next Client::RefuseBody() {
  if (status_ != 0) return BreakOff();
  EndCopies(false);
  ReleaseUpstream(false);
  if (version_ != nullptr) lane().abandoned.Add(1);
  LeaveVersion();
  loop_->CountRefused();
  closing_ = true;
  return Answer(kBadRequest, "a chunk of the body is not valid");
}

Client::Next Client::OnFailure(Failure failure) {
  if (status_ != 0) return BreakOff();
  const bool untouched = failure == Failure::kRefused || upstream_->NothingTaken();
  const bool again = MayAskAgain(failure, untouched);
  const Replica* const asked = upstream_->replica();
  const bool kept = upstream_->reused();
  // That a kept connection was ending already says nothing of its replica.
  const bool raced = kept && untouched;
  if (!raced) {
    CountUnanswered();
    tried_.push_back(asked);
  }
  repeated_ |= !untouched;
  // Of connections that were idle as long others are likely to have ended, too.
  fresh_ = true;
  ReleaseUpstream(false);
  loop_->AdoptRoutes();
  if (again && AskElsewhere(kept && !raced ? asked : nullptr)) {
    request_.Rewind();
    return Next::kGoesOn;
  }
  return GiveUp(again ? Failure::kRefused : failure);
}

// Of the same version first, as long as it is routed. `last` ended a kept connection, which may
// have been all that was wrong with it: it is asked again where there is no other.
bool Client::AskElsewhere(const Replica* last) {
  const std::ptrdiff_t version = loop_->picker().IndexOf(version_);
  if (TakeUpstream(version)) return true;
  return last != nullptr && std::erase(tried_, last) > 0 && TakeUpstream(version);
}

// A request that ends its replica is to end one more at most: who may have begun with it had it.
bool Client::MayAskAgain(Failure failure, bool untouched) const {
  if (failure == Failure::kRefused) return true;
  if (failure != Failure::kClosed || answer_began_ || !request_.whole()) return false;
  return untouched || (may_repeat_ && !repeated_);
}

void Client::CountUnanswered() {
  CountAnswer(kBadGateway);
  lane().unanswered.Add(1);
  counted_ = true;
}

Client::Next Client::GiveUp(Failure failure) {
  EndCopies(false);
  int status = kBadGateway;
  const char* message = "the replica ended the connection before it answered";
  if (failure == Failure::kBad) message = "the replica's answer is no valid HTTP";
  if (failure == Failure::kSilent) {
    status = kGatewayTimeout;
    message = "the replica did not answer in time";
  }
  if (failure == Failure::kRefused) {
    status = kUnavailable;
    message = "no replica takes requests now; try again in a second";
  }
  if (version_ == nullptr) {
    loop_->CountUnrouted();
  } else {
    if (!counted_) CountAnswer(status);
    lane().failed.Add(1);
  }
  LeaveVersion();
  closing_ |= !request_body_.done();
  return Answer(status, message);
}

Client::Next Client::BreakOff() {
  EndCopies(false);
  CountUnanswered();
  lane().failed.Add(1);
  answer_whole_ = true;  // As far as counting goes.
  // An end in good order could be taken for the end of the answer.
  const linger none{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_.number(), SOL_SOCKET, SO_LINGER, &none, sizeof(none));
  return Next::kEnds;
}

void Client::ReleaseUpstream(bool reusable) {
  if (upstream_ != nullptr) std::exchange(upstream_, nullptr)->Release(reusable);
}

void Client::ArmForRelay(bool moved) {
  const bool client_blocks = !writable_ && (!output_.empty() || !upstream_->answer.empty());
  const bool needs_body = !request_body_.done() && request_.empty() && status_ == 0;
  // Whether it still reads is seen once it is written to.
  const bool may_be_gone = hung_up_ && request_body_.done() && status_ == 0;
  if (client_blocks || needs_body) {
    const http::TimerKind wanted = client_blocks ? http::TimerKind::kWrite : http::TimerKind::kBody;
    if (moved || !armed() || kind != wanted) loop_->timers().Arm(this, wanted, loop_->now_ns());
  } else if (may_be_gone) {
    if (!armed() || kind != http::TimerKind::kDeferred)
      loop_->timers().Arm(this, http::TimerKind::kDeferred, loop_->now_ns());
  } else if (armed()) {
    http::TimerLists::Disarm(this);
  }
  if (!upstream_->connected()) return;  // That is limited already.
  if (client_blocks || needs_body || answer_whole_) {
    if (upstream_->armed()) http::TimerLists::Disarm(upstream_);
  } else if (moved || !upstream_->armed() || upstream_->kind != http::TimerKind::kAnswer) {
    upstream_->Await(http::TimerKind::kAnswer);
  }
}

void Client::OnUpstream() { Serve(); }

void Client::OnUpstreamTimeout() {
  Follow(OnFailure(upstream_->connected() ? Failure::kSilent : Failure::kRefused));
}

}  // namespace slipway::splitter

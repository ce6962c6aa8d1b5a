// A client's bytes, and what is between two requests.
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "core/json.h"
#include "splitter/client_internal.h"

namespace slipway::splitter {
namespace {

constexpr size_t kLeastRead = 4 << 10;
// How much one connection gets done before others have their turn.
constexpr int kStepsATurn = 64;
// A client that goes on to send after an error is listened to for so long in all.
constexpr int64_t kLongestLingerNs = 10'000'000'000;
constexpr int kDiscardsATurn = 16;
constexpr size_t kDiscardBytes = 16 << 10;
constexpr int kTimedOut = 408, kUnavailable = 503;

}  // namespace

Client::Client(Loop* loop, Descriptor socket, std::string peer,
               std::unique_ptr<http::TlsSession> tls)
    : loop_(loop),
      socket_(std::move(socket)),
      tls_(std::move(tls)),
      peer_(std::move(peer)),
      parser_(loop->options().limits, peer_, http::RequestParser::Bodies::kLeft) {
  loop_->timers().Arm(this, tls_ ? http::TimerKind::kHeader : http::TimerKind::kIdle,
                      loop_->now_ns());
}

void Client::OnEvents(uint32_t events) {
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) hung_up_ = true;
  if (hung_up_ || (events & EPOLLIN) != 0) readable_ = true;
  if ((events & EPOLLOUT) != 0) writable_ = true;
  // A client that has ended its sending only still waits for its answer; with a reset it is gone.
  if (state_ == State::kRelays && (events & (EPOLLHUP | EPOLLERR)) != 0) {
    End();
    return;
  }
  if (tls_) {
    readable_ = writable_ = true;  // Either may have waited for the other.
    if (!tls_->established()) {
      const http::TlsSession::Handshake handshake = tls_->Continue();
      if (handshake == http::TlsSession::Handshake::kFailed) End();
      if (handshake != http::TlsSession::Handshake::kDone) return;
    }
  }
  Serve();
}

void Client::Serve() {
  if (dead) return;
  for (int step = 0; step < kStepsATurn; ++step) {
    const Next after = Step();
    if (after == Next::kWaits) return;
    if (after == Next::kEnds) {
      End();
      return;
    }
    if (after == Next::kAgain) break;
  }
  loop_->Requeue(this);
}

Client::Next Client::Step() {
  switch (state_) {
    case State::kReads: return ReadRequest();
    case State::kRelays: return Relay();
    case State::kAnswers: return SendAnswer();
    default: return Discard();
  }
}

void Client::End() {
  if (dead) return;
  EndCopies(false);
  if (version_ != nullptr && !answer_whole_) lane().abandoned.Add(1);
  ReleaseUpstream(false);
  LeaveVersion();
  socket_.Close();
  loop_->ClientEnded();
  loop_->Bury(this);
}

void Client::OnStop() {
  if (version_ == nullptr) return;
  if (!answer_whole_) lane().abandoned.Add(1);
  lane().in_flight.Add(-1);
}

Client::Next Client::ReadRequest() {
  const http::RequestParser::State state = parser_.Parse();
  if (state == http::RequestParser::State::kComplete) return BeginExchange();
  if (state == http::RequestParser::State::kFailed) {
    loop_->CountRefused();
    closing_ = true;
    return Answer(parser_.failure().status, parser_.failure().message);
  }
  if (ended_) return Finish();
  if (!readable_) {
    ArmForReading();
    return Next::kWaits;
  }
  const auto [room, size] = parser_.Room(kLeastRead);
  if (room != nullptr) parser_.Added(Read(room, size));
  return reset_ ? Next::kEnds : Next::kGoesOn;
}

size_t Client::Read(char* room, size_t size) {
  const ssize_t count = tls_ ? tls_->Read(room, size) : ::recv(socket_.number(), room, size, 0);
  if (count > 0) {
    // Less than there was room for is all that there is, and what comes later is an event of its
    // own. OpenSSL may hold more, and an end behind it was told already.
    readable_ = static_cast<size_t>(count) == size || tls_ || hung_up_;
    return static_cast<size_t>(count);
  }
  if (count == 0) {
    ended_ = true;
    readable_ = false;
  } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
    readable_ = false;
  } else if (errno != EINTR) {
    reset_ = true;
  }
  return 0;
}

size_t Client::Write(std::string_view first, std::string_view second) {
  ssize_t count = 0;
  const std::string_view only = first.empty() ? second : first;
  if (tls_) {
    count = tls_->Write(only.data(), only.size());
  } else if (first.empty() || second.empty()) {
    count = ::send(socket_.number(), only.data(), only.size(), MSG_NOSIGNAL);
  } else {
    std::array<iovec, 2> parts = {iovec{const_cast<char*>(first.data()), first.size()},
                                  iovec{const_cast<char*>(second.data()), second.size()}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    count = ::sendmsg(socket_.number(), &message, MSG_NOSIGNAL);
  }
  if (count > 0) return static_cast<size_t>(count);
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    writable_ = false;
  } else if (count == 0 || errno != EINTR) {
    reset_ = true;
  }
  return 0;
}

bool Client::Flush() {
  bool moved = false;
  while (writable_ && !reset_) {
    const std::string_view own = std::string_view(output_).substr(output_sent_);
    const std::string_view relayed =
        status_ != 0 && upstream_ != nullptr ? upstream_->answer.unsent() : std::string_view();
    if (own.empty() && relayed.empty()) break;
    const size_t sent = Write(own, relayed);
    moved |= sent > 0;
    const size_t of_own = std::min(sent, own.size());
    output_sent_ += of_own;
    if (output_sent_ == output_.size()) {
      output_.clear();
      output_sent_ = 0;
    }
    if (sent > of_own) {
      upstream_->answer.Sent(sent - of_own);
      upstream_->answer.ForgetSent();
    }
  }
  return moved;
}

Client::Next Client::Answer(int status, const std::string& message) {
  http::Response response;
  response.status = status;
  response.body = CompactJson(Json{{"error", message}});
  if (status == kUnavailable) response.AddHeader("Retry-After", "1");
  closing_ |= !keep_alive_ || loop_->finishing();
  http::Persistence persistence = http::Persistence::kImplied;
  if (minor_version_ == 0) persistence = http::Persistence::kKeepAlive;
  if (closing_) persistence = http::Persistence::kClose;
  http::AppendAnswer(response, is_head_, persistence, loop_->date().Now(), &output_);
  state_ = State::kAnswers;
  return Next::kGoesOn;
}

Client::Next Client::SendAnswer() {
  const bool moved = Flush();
  if (reset_) return Next::kEnds;
  if (output_.empty()) return EndRequest();
  if (moved || !armed() || kind != http::TimerKind::kWrite)
    loop_->timers().Arm(this, http::TimerKind::kWrite, loop_->now_ns());
  return Next::kWaits;
}

Client::Next Client::EndRequest() {
  if (closing_) return Finish();
  parser_.Next();
  request_.Clear();
  tried_.clear();
  attempts_ = 0;
  head_scanned_ = 0;
  status_ = 0;
  fresh_ = repeated_ = counted_ = answer_began_ = answer_bad_ = answer_whole_ = reusable_ =
      is_head_ = false;
  minor_version_ = 1;
  keep_alive_ = true;
  cookie_key_.clear();
  state_ = State::kReads;
  if (armed()) http::TimerLists::Disarm(this);
  return Next::kGoesOn;
}

void Client::ArmForReading() {
  const bool between = parser_.state() == http::RequestParser::State::kEmpty;
  const http::TimerKind wanted = between ? http::TimerKind::kIdle : http::TimerKind::kHeader;
  // One that runs for this request already goes on: bytes that trickle in win no time.
  if (!armed() || kind != wanted) loop_->timers().Arm(this, wanted, loop_->now_ns());
}

// All is sent. The system answers bytes that nobody read with a reset, which may overtake what we
// sent: where there may be such, or a client that was to go on may still send some, they are read
// and thrown away first.
Client::Next Client::Finish() {
  if (tls_) tls_->End();
  // Who said that he closes sends no more.
  const bool all_read = !readable_ && !keep_alive_ && request_body_.done();
  if (ended_ || (all_read && parser_.unread_bytes() == 0)) return Next::kEnds;
  ::shutdown(socket_.number(), SHUT_WR);
  state_ = State::kLingers;
  linger_end_ns_ = loop_->now_ns() + kLongestLingerNs;
  return Discard();
}

Client::Next Client::Discard() {
  loop_->timers().Arm(this, http::TimerKind::kLinger, loop_->now_ns());
  std::array<char, kDiscardBytes> bytes;
  for (int turn = 0; turn < kDiscardsATurn; ++turn) {
    const ssize_t count = ::recv(socket_.number(), bytes.data(), bytes.size(), 0);
    if (count == 0 || loop_->now_ns() > linger_end_ns_) return Next::kEnds;
    if (count < 0 && errno != EINTR)
      return errno == EAGAIN || errno == EWOULDBLOCK ? Next::kWaits : Next::kEnds;
  }
  return Next::kAgain;
}

void Client::OnTimeout() {
  const bool handshakes = tls_ && !tls_->established();
  const bool reads = kind == http::TimerKind::kHeader || kind == http::TimerKind::kBody;
  if (handshakes || !reads || status_ != 0) {
    if (tls_ && kind == http::TimerKind::kIdle) tls_->End();
    End();
    return;
  }
  const bool in_body = kind == http::TimerKind::kBody;
  EndCopies(false);
  ReleaseUpstream(false);
  if (version_ != nullptr) lane().abandoned.Add(1);
  LeaveVersion();
  loop_->CountRefused();
  closing_ = true;
  Follow(Answer(kTimedOut,
                in_body ? "the body took too long to come" : "the headers took too long to come"));
}

void Client::Follow(Next after) {
  if (after == Next::kEnds) End();
  if (after == Next::kGoesOn) Serve();
  if (after == Next::kAgain) loop_->Requeue(this);
}

void Client::OnFinish() {
  if (!idle() || (tls_ && !tls_->established())) return;
  // What came before the end began is answered.
  readable_ = true;
  Serve();
  if (dead || !idle()) return;
  if (tls_) tls_->End();
  End();
}

void Client::Reject() {
  loop_->CountRefused();
  closing_ = true;
  Follow(Answer(kUnavailable, "there are too many connections; try again in a second"));
}

}  // namespace slipway::splitter

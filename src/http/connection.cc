#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "http/connection_internal.h"

namespace slipway::http {
namespace {

constexpr size_t kLeastRead = 4 << 10;
// Answers that wait for each other are sent together, up to this.
constexpr size_t kFlushBytes = 64 << 10;
// Room beyond this is given back after one large answer.
constexpr size_t kKeptBytes = 1 << 20;
// How much one connection gets done before others have their turn.
constexpr int kReadsATurn = 8;
constexpr int kAnswersATurn = 64;
// A client that goes on to send after an error is listened to for so long in all.
constexpr int64_t kLongestLingerNs = 10'000'000'000;
constexpr int kDiscardsATurn = 16;
constexpr size_t kDiscardBytes = 16 << 10;

void GiveBack(std::string* text) {
  if (text->capacity() > kKeptBytes) *text = std::string();
}

}  // namespace

Connection::Connection(LoopState* loop, Descriptor socket, std::unique_ptr<TlsSession> tls)
    : loop_(loop), socket_(std::move(socket)), tls_(std::move(tls)), parser_(loop->limits) {
  loop_->timers.Arm(this, tls_ ? TimerKind::kHeader : TimerKind::kIdle, loop_->now_ns);
}

Connection::~Connection() {
  if (armed()) TimerLists::Disarm(this);
  ReportLost(&pending_);
  if (begun_) loop_->CountInFlight(-1);
}

Connection::Fate Connection::OnReady(uint32_t events) {
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) hung_up_ = true;
  if (hung_up_ || (events & EPOLLIN) != 0) exhausted_ = false;
  if (lingering_) return Discard();
  if (tls_) {
    exhausted_ = false;  // A read may have waited for room to write.
    if (!tls_->established()) {
      const TlsSession::Handshake handshake = tls_->Continue();
      if (handshake == TlsSession::Handshake::kGoesOn) return Fate::kWaits;
      if (handshake == TlsSession::Handshake::kFailed) return Fate::kEnds;
    }
  }
  return Serve();
}

Connection::Fate Connection::Serve() {
  for (int reads = 0; reads < kReadsATurn;) {
    if (waits_to_send()) SendUnsent();
    if (!waits_to_send() && !broken_ && !closing_) AnswerAll();
    if (broken_) return Fate::kEnds;
    // Until the client has read its answers, no more of its requests are.
    if (waits_to_send()) return Fate::kWaits;
    if (closing_) return Finish();
    if (parser_.unread_bytes() > 0) break;
    if (ended_) return Finish();
    if (exhausted_) {
      ArmForState();
      return Fate::kWaits;
    }
    Read();
    ++reads;
  }
  ArmForState();
  return Fate::kAgain;
}

ssize_t Connection::Receive(char* bytes, size_t size) {
  return tls_ ? tls_->Read(bytes, size) : ::recv(socket_.number(), bytes, size, 0);
}

void Connection::Read() {
  const auto [room, size] = parser_.Room(kLeastRead);
  const ssize_t count = Receive(room, size);
  if (count > 0) {
    parser_.Added(static_cast<size_t>(count));
    // Less than there was room for is all that there is, and what comes later is an event of its
    // own: one call a request. OpenSSL may hold more, and an end behind it was told already.
    exhausted_ = static_cast<size_t>(count) < size && !tls_ && !hung_up_;
  } else if (count == 0) {
    ended_ = true;
  } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
    exhausted_ = true;
  } else if (errno != EINTR) {
    broken_ = true;
  }
}

void Connection::AnswerAll() {
  for (int count = 0; count < kAnswersATurn; ++count) {
    const RequestParser::State state = parser_.Parse();
    if (state == RequestParser::State::kEmpty) break;
    if (!begun_) Begin();
    if (state == RequestParser::State::kComplete) {
      AnswerRequest();
      if (loop_->output.size() >= kFlushBytes) Flush();
      if (closing_ || broken_ || waits_to_send()) break;
      continue;
    }
    if (state == RequestParser::State::kFailed) {
      AnswerFailure(parser_.failure().status, parser_.failure().message);
    } else if (parser_.TakeExpectContinue()) {
      loop_->output.append(kContinue);
    }
    break;
  }
  if (!loop_->output.empty()) Flush();
}

void Connection::Begin() {
  begun_ = true;
  begun_ns_ = loop_->now_ns;
  loop_->CountInFlight(1);
}

void Connection::AnswerRequest() {
  const Request& request = parser_.request();
  Response& response = loop_->response;
  response.Clear();
  loop_->handler->Answer(request, loop_->number, begun_ns_, &response);
  closing_ = !request.keep_alive || response.close || loop_->draining();
  Persistence persistence = Persistence::kImplied;
  if (request.minor_version == 0) persistence = Persistence::kKeepAlive;
  if (closing_) persistence = Persistence::kClose;
  Append(request.method == "HEAD", persistence);
  parser_.Next();
}

void Connection::AnswerFailure(int status, const std::string& message) {
  Response& response = loop_->response;
  response.Clear();
  response.status = status;
  response.body = loop_->handler->ErrorBody(status, message);
  if (rejected_) response.AddHeader("Retry-After", "1");
  closing_ = true;
  Append(false, Persistence::kClose);
}

void Connection::Append(bool is_head, Persistence persistence) {
  AppendAnswer(loop_->response, is_head, persistence, &loop_->output);
  loop_->answers.push_back(
      {loop_->response.status, loop_->response.note, begun_ns_, loop_->output.size()});
  GiveBack(&loop_->response.body);
  begun_ = false;
  answered_ = true;
}

void Connection::Flush() {
  size_t sent = 0;
  const Sent result = Send(loop_->output, &sent);
  Report(&loop_->answers, sent);
  if (result == Sent::kSome) {
    unsent_.assign(loop_->output, sent);
    unsent_from_ = 0;
    pending_.assign(loop_->answers.begin(), loop_->answers.end());
    loop_->answers.clear();
    loop_->timers.Arm(this, TimerKind::kWrite, loop_->now_ns);
  }
  broken_ = result == Sent::kBroken;
  ReportLost(&loop_->answers);
  loop_->output.clear();
  GiveBack(&loop_->output);
}

void Connection::SendUnsent() {
  size_t sent = 0;
  const Sent result = Send(std::string_view(unsent_).substr(unsent_from_), &sent);
  Report(&pending_, sent);
  unsent_from_ += sent;
  broken_ = result == Sent::kBroken;
  if (result == Sent::kAll) {
    unsent_ = std::string();
    answered_ = true;
  } else if (sent > 0) {
    loop_->timers.Arm(this, TimerKind::kWrite, loop_->now_ns);
  }
}

Connection::Sent Connection::Send(std::string_view bytes, size_t* sent) {
  while (*sent < bytes.size()) {
    const char* const at = bytes.data() + *sent;
    const size_t left = bytes.size() - *sent;
    const ssize_t count =
        tls_ ? tls_->Write(at, left) : ::send(socket_.number(), at, left, MSG_NOSIGNAL);
    if (count > 0) {
      *sent += static_cast<size_t>(count);
    } else if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      return Sent::kSome;
    } else if (count == 0 || errno != EINTR) {
      return Sent::kBroken;
    }
  }
  return Sent::kAll;
}

void Connection::Report(std::vector<PendingAnswer>* answers, size_t sent) {
  size_t done = 0;
  for (; done < answers->size() && (*answers)[done].end <= sent; ++done) {
    const PendingAnswer& answer = (*answers)[done];
    loop_->CountInFlight(-1);
    loop_->handler->Answered(loop_->number, answer.note, answer.status, answer.begun_ns, true);
  }
  answers->erase(answers->begin(), answers->begin() + static_cast<ptrdiff_t>(done));
  for (PendingAnswer& answer : *answers) answer.end -= sent;
}

void Connection::ReportLost(std::vector<PendingAnswer>* answers) {
  for (const PendingAnswer& answer : *answers) {
    loop_->CountInFlight(-1);
    loop_->handler->Answered(loop_->number, answer.note, answer.status, answer.begun_ns, false);
  }
  answers->clear();
}

void Connection::ArmForState() {
  TimerKind wanted = TimerKind::kIdle;
  if (parser_.state() == RequestParser::State::kHeaders) wanted = TimerKind::kHeader;
  if (parser_.state() == RequestParser::State::kBody) wanted = TimerKind::kBody;
  // One that runs for this request already goes on: bytes that trickle in win no time.
  if (answered_ || kind != wanted) loop_->timers.Arm(this, wanted, loop_->now_ns);
  answered_ = false;
}

// All is sent. The system answers bytes that nobody read with a reset, which may overtake what we
// sent: where there may be such, they are read and thrown away first.
Connection::Fate Connection::Finish() {
  if (tls_) tls_->End();
  const bool all_read =
      exhausted_ && parser_.state() == RequestParser::State::kEmpty && parser_.unread_bytes() == 0;
  if (ended_ || all_read) return Fate::kEnds;
  ::shutdown(socket_.number(), SHUT_WR);
  lingering_ = true;
  linger_end_ns_ = loop_->now_ns + kLongestLingerNs;
  loop_->timers.Arm(this, TimerKind::kLinger, loop_->now_ns);
  return Discard();
}

Connection::Fate Connection::Discard() {
  std::array<char, kDiscardBytes> bytes;
  for (int turn = 0; turn < kDiscardsATurn; ++turn) {
    const ssize_t count = ::recv(socket_.number(), bytes.data(), bytes.size(), 0);
    if (count == 0 || loop_->now_ns > linger_end_ns_) return Fate::kEnds;
    if (count > 0) {
      loop_->timers.Arm(this, TimerKind::kLinger, loop_->now_ns);
    } else if (errno != EINTR) {
      return errno == EAGAIN || errno == EWOULDBLOCK ? Fate::kWaits : Fate::kEnds;
    }
  }
  return Fate::kAgain;
}

Connection::Fate Connection::OnTimeout() {
  const bool reads = kind == TimerKind::kHeader || kind == TimerKind::kBody;
  if (tls_ && !tls_->established()) return Fate::kEnds;
  if (!reads) {
    if (tls_ && kind == TimerKind::kIdle) tls_->End();
    return Fate::kEnds;
  }
  AnswerFailure(408, kind == TimerKind::kHeader ? "the headers took too long to come"
                                                : "the body took too long to come");
  exhausted_ = false;
  Flush();
  if (broken_) return Fate::kEnds;
  return waits_to_send() ? Fate::kWaits : Finish();
}

Connection::Fate Connection::OnDrain() {
  if (tls_ && !tls_->established()) return Fate::kWaits;
  // What came before the end began is answered.
  exhausted_ = false;
  const Fate fate = Serve();
  const bool idle = parser_.state() == RequestParser::State::kEmpty && !waits_to_send();
  if (fate != Fate::kWaits || lingering_ || !idle) return fate;
  if (tls_) tls_->End();
  return Fate::kEnds;
}

Connection::Fate Connection::Reject() {
  rejected_ = true;
  Begin();
  AnswerFailure(503, "there are too many connections; try again in a second");
  exhausted_ = false;
  Flush();
  return broken_ || waits_to_send() ? Fate::kEnds : Finish();
}

}  // namespace slipway::http

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
constexpr int64_t kLongestTurnNs = 1'000'000;
// A client that goes on to send after an error is listened to for so long in all.
constexpr int64_t kLongestLingerNs = 10'000'000'000;
constexpr int kDiscardsATurn = 16;
constexpr size_t kDiscardBytes = 16 << 10;
constexpr int kUnavailable = 503;

void GiveBack(std::string* text) {
  if (text->capacity() > kKeptBytes) *text = std::string();
}

}  // namespace

Connection::Connection(LoopState* loop, Descriptor socket, std::string peer,
                       std::unique_ptr<TlsSession> tls)
    : loop_(loop),
      socket_(std::move(socket)),
      tls_(std::move(tls)),
      peer_(std::move(peer)),
      parser_(loop->limits, peer_) {
  loop_->timers.Arm(this, tls_ ? TimerKind::kHeader : TimerKind::kIdle, loop_->now_ns);
}

Connection::~Connection() {
  if (armed()) TimerLists::Disarm(this);
  ReportLost(&pending_);
  if (begun_) loop_->CountInFlight(-1);
  if (deferred()) ReportUnanswered();
}

Connection::Fate Connection::OnReady(uint32_t events) {
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) hung_up_ = true;
  if (hung_up_ || (events & EPOLLIN) != 0) exhausted_ = false;
  if (lingering_) return Discard();
  // A client that has ended its sending only still waits for its answer; with a reset it is gone.
  if (deferred() && (events & (EPOLLHUP | EPOLLERR)) != 0) return Fate::kEnds;
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
  answers_left_ = kAnswersATurn;
  for (int reads = 0; reads < kReadsATurn;) {
    if (waits_to_send()) SendUnsent();
    if (!waits_to_send() && !broken_ && !closing_ && !deferred()) AnswerAll();
    if (broken_) return Fate::kEnds;
    // Until the client has read its answers, no more of its requests are.
    if (waits_to_send()) return Fate::kWaits;
    // Nor until there is an answer; what comes stays with the system, which takes some of it only.
    if (deferred()) {
      if (kind != TimerKind::kDeferred)
        loop_->timers.Arm(this, TimerKind::kDeferred, loop_->now_ns);
      return Fate::kWaits;
    }
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
  if (room == nullptr) return;  // It has failed, which is answered next.
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
  for (; answers_left_ > 0; --answers_left_) {
    const RequestParser::State state = parser_.Parse();
    if (state == RequestParser::State::kEmpty) break;
    if (!begun_) Begin();
    if (state == RequestParser::State::kComplete) {
      AnswerRequest();
      if (loop_->output.size() >= kFlushBytes) Flush();
      if (closing_ || broken_ || deferred() || waits_to_send()) break;
      // Who sends many at once, or costly ones, lets others have their turn.
      if (parser_.unread_bytes() > 0 && MonotonicNow() - loop_->now_ns > kLongestTurnNs)
        answers_left_ = 1;
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
  is_head_ = request.method == "HEAD";
  minor_version_ = request.minor_version;
  keep_alive_ = request.keep_alive;
  const Arrival arrival{loop_->number, begun_ns_, loop_->queue(), loop_->NewTicket()};
  loop_->handler->Answer(request, arrival, &response);
  ticket_ = arrival.ticket;
  note_ = response.note;
  if (response.later) {
    loop_->deferred.emplace(ticket_, this);
  } else {
    Reply(response);
  }
  parser_.Next();
}

void Connection::Reply(const Response& response) {
  closing_ = !keep_alive_ || response.close || loop_->draining();
  ends_early_ = keep_alive_ && closing_;
  Persistence persistence = Persistence::kImplied;
  if (minor_version_ == 0) persistence = Persistence::kKeepAlive;
  if (closing_) persistence = Persistence::kClose;
  Append(response, is_head_, persistence);
}

Connection::Fate Connection::OnCompleted(const Response& response) {
  loop_->deferred.erase(ticket_);
  Reply(response);
  // Else with those of the requests behind it.
  if (closing_ && !waits_to_send()) Flush();
  return Serve();
}

void Connection::AnswerFailure(int status, const std::string& message) {
  Response& response = loop_->response;
  response.Clear();
  response.status = status;
  response.body = loop_->handler->ErrorBody(status, message);
  if (status == kUnavailable) response.AddHeader("Retry-After", "1");
  closing_ = true;
  Append(response, false, Persistence::kClose);
}

void Connection::Append(const Response& response, bool is_head, Persistence persistence) {
  // An answer that comes later may find the client slow to read those before it.
  const bool behind = waits_to_send();
  std::string& output = behind ? unsent_ : loop_->output;
  const size_t before = output.size();
  AppendAnswer(response, is_head, persistence, loop_->date.Now(), &output);
  const Delivery delivery{.loop = loop_->number,
                          .note = response.note,
                          .status = response.status,
                          .begun_ns = begun_ns_,
                          .bytes = static_cast<int64_t>(output.size() - before)};
  const size_t end = output.size() - (behind ? unsent_from_ : 0);
  (behind ? pending_ : loop_->answers).push_back({delivery, end});
  GiveBack(&loop_->response.body);
  ticket_ = 0;
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
    loop_->CountInFlight(-1);
    (*answers)[done].delivery.sent = true;
    loop_->handler->Answered((*answers)[done].delivery);
  }
  answers->erase(answers->begin(), answers->begin() + static_cast<ptrdiff_t>(done));
  for (PendingAnswer& answer : *answers) answer.end -= sent;
}

void Connection::ReportLost(std::vector<PendingAnswer>* answers) {
  for (const PendingAnswer& answer : *answers) {
    loop_->CountInFlight(-1);
    loop_->handler->Answered(answer.delivery);
  }
  answers->clear();
}

void Connection::ReportUnanswered() {
  loop_->deferred.erase(ticket_);
  loop_->handler->Answered({.loop = loop_->number, .note = note_, .begun_ns = begun_ns_});
}

void Connection::Abandon() {
  loop_->output.clear();
  ReportLost(&loop_->answers);
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
// sent: where there may be such, or a client that was to go on may still send some, they are read
// and thrown away first.
Connection::Fate Connection::Finish() {
  if (tls_) tls_->End();
  const bool all_read =
      exhausted_ && parser_.state() == RequestParser::State::kEmpty && parser_.unread_bytes() == 0;
  if (ended_ || (all_read && !ends_early_)) return Fate::kEnds;
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
  const bool idle =
      parser_.state() == RequestParser::State::kEmpty && !waits_to_send() && !deferred();
  if (fate != Fate::kWaits || lingering_ || !idle) return fate;
  if (tls_) tls_->End();
  return Fate::kEnds;
}

Connection::Fate Connection::Reject() {
  rejected_ = true;
  Begin();
  AnswerFailure(kUnavailable, "there are too many connections; try again in a second");
  exhausted_ = false;
  Flush();
  return broken_ || waits_to_send() ? Fate::kEnds : Finish();
}

}  // namespace slipway::http

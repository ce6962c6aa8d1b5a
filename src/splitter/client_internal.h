// One client: its requests are read, handed to a replica each, and answered, in their order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/descriptor.h"
#include "http/request_parser.h"
#include "http/tls.h"
#include "splitter/body_scanner_internal.h"
#include "splitter/collected_internal.h"
#include "splitter/endpoint_internal.h"
#include "splitter/loop_internal.h"
#include "splitter/mirrored_request_internal.h"
#include "splitter/relay_buffer_internal.h"
#include "splitter/upstream_internal.h"

namespace slipway::splitter {

class Client final : public Endpoint, public UpstreamUser {
 public:
  Client(Loop* loop, Descriptor socket, std::string peer, std::unique_ptr<http::TlsSession> tls);
  ~Client() override = default;

  void OnEvents(uint32_t events) override;
  void OnTimeout() override;
  void OnTurn() override { Serve(); }
  void OnStop() override;
  void OnUpstream() override;
  void OnUpstreamTimeout() override;
  void OnFinish() override;
  // Instead of anything else: there are too many.
  void Reject();

  int socket() const { return socket_.number(); }
  bool idle() const { return state_ == State::kReads && armed() && kind == http::TimerKind::kIdle; }

 private:
  enum class State : uint8_t {
    kReads,    // The head of a request, or nothing yet.
    kRelays,   // A request to a replica, and its answer.
    kAnswers,  // What is in output_, which the splitter answers itself.
    kLingers,  // Our end is closed; what still comes is thrown away.
  };
  // What a step leads to.
  enum class Next : uint8_t {
    kGoesOn,
    kWaits,
    kAgain,  // There is more to do; others first.
    kEnds,
  };
  enum class Failure : uint8_t { kRefused, kClosed, kSilent, kBad };

  void Serve();
  Next Step();
  void Follow(Next after);
  void End();

  // client.cc: bytes, and what is between requests.
  Next ReadRequest();
  size_t Read(char* room, size_t size);
  // At least some of them, the first ones first; none where there is no room, or it is gone.
  size_t Write(std::string_view first, std::string_view second);
  // Of all that waits for the client as much as it takes; whether it took any.
  bool Flush();
  Next Answer(int status, const std::string& message);
  Next SendAnswer();
  Next EndRequest();
  Next Finish();
  Next Discard();
  void ArmForReading();

  // client_exchange.cc: a request on its way to a replica.
  Next BeginExchange();
  size_t AddToRequest(size_t count);
  void EnterVersion(const TableVersion& version);
  void LeaveVersion();
  // A connection to a replica that was not tried; false where there is none.
  bool TakeUpstream(std::ptrdiff_t version);
  void ReleaseUpstream(bool reusable);
  Next Relay();
  bool PumpRequest();
  bool ReadBody();
  Next RefuseBody();
  Next OnFailure(Failure failure);
  bool AskElsewhere(const Replica* last);
  bool MayAskAgain(Failure failure, bool untouched) const;
  Next GiveUp(Failure failure);
  // The client gets no more of its answer, which it can tell.
  Next BreakOff();
  void ArmForRelay(bool moved);

  // client_copies.cc: what also goes elsewhere.
  void BeginCopies(bool feedback, std::ptrdiff_t version);
  void BeginMirror(std::ptrdiff_t version);
  void AddToCopies(std::string_view bytes);
  // `answered` where the answer came whole.
  void EndCopies(bool answered);

  // client_answer.cc: an answer on its way back.
  bool PumpAnswer();
  void ReadAnswer(size_t count);
  void ReadHeads();
  void BeginAnswer(const ResponseHead& head);
  void ScanAnswer(size_t count);
  void CompleteAnswer();
  bool AnswerIsDelivered() const;
  Next FinishExchange();

  // What a replica is told of it, with what the request is to say of feedback.
  ClientFacts Facts(std::string_view feedback) const { return {peer_, tls_ != nullptr, feedback}; }
  VersionLane& lane() const { return version_->lanes[loop_->lane()]; }
  void CountAnswer(int status) const;
  // The attempt in hand, which brought no whole answer.
  void CountUnanswered();

  Loop* const loop_;
  Descriptor socket_;
  const std::unique_ptr<http::TlsSession> tls_;  // Null without TLS.
  const std::string peer_;
  http::RequestParser parser_;
  State state_ = State::kReads;
  std::string output_;  // Of the splitter itself: heads that were changed, its own answers.
  size_t output_sent_ = 0;
  bool readable_ = true, writable_ = true;
  bool hung_up_ = false;  // The client's end is behind what it has.
  bool ended_ = false;    // The client's end was read.
  bool reset_ = false;    // It is gone.
  bool closing_ = false;  // The connection ends behind the answer.
  int64_t linger_end_ns_ = 0;

  // Of the request in hand.
  RelayBuffer request_;  // As the replica gets it.
  BodyScanner request_body_;
  Upstream* upstream_ = nullptr;
  Version* version_ = nullptr;  // In whose flight it counts; null for none.
  std::vector<const Replica*> tried_;
  int attempts_ = 0;
  bool fresh_ = false;     // Only a new connection will do.
  bool repeated_ = false;  // Somebody may have begun with it, and it was asked again.
  bool counted_ = false;   // An attempt at it counts as an error already.
  int minor_version_ = 1;
  bool keep_alive_ = true, is_head_ = false, may_repeat_ = false, is_prediction_ = false;
  int64_t begun_ns_ = 0;
  MirroredRequest* mirror_ = nullptr;
  std::shared_ptr<Collected> labels_;  // To be copied; null for none.
  // The cookie that its client is given with the answer; "" for none.
  std::string cookie_name_, cookie_key_;
  // Of its answer.
  size_t head_scanned_ = 0;
  BodyScanner answer_body_;
  int status_ = 0;             // 0 until its final head is read.
  bool answer_began_ = false;  // A byte of it came, of an interim one too.
  bool answer_bad_ = false;
  bool answer_whole_ = false;  // All of it came.
  bool reusable_ = false;      // The replica's connection, behind it.
};

}  // namespace slipway::splitter

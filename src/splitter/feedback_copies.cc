#include <algorithm>
#include <deque>
#include <utility>

#include "splitter/copy_exchange_internal.h"
#include "splitter/feedback_copies_internal.h"

namespace slipway::splitter {
namespace {

constexpr size_t kMostWaiting = 8192;  // For one replica.
constexpr int kFirstServerError = 500;

}  // namespace

// One loop's copies for one replica. The loop's; it goes with its last exchange once it is retired.
class LabelSender final : public Endpoint, public CopyExchange::User {
 public:
  LabelSender(Loop* loop, CollectedBytes* all, std::shared_ptr<Version> version,
              std::shared_ptr<Replica> replica)
      : loop_(loop), all_(all), version_(std::move(version)), replica_(std::move(replica)) {}

  const Version* version() const { return version_.get(); }
  const Replica* replica() const { return replica_.get(); }

  void Add(const std::shared_ptr<const Collected>& request) {
    if (request->too_large() || waiting_.size() >= kMostWaiting) {
      ++version_->feedback.dropped;
      return;
    }
    waiting_.push_back(request);
    // Behind the answer that is on its way to the client.
    loop_->Requeue(this);
  }
  // It is routed no more: what has begun ends.
  void Retire() {
    retired_ = true;
    DropWaiting();
    EndIfRetired();
  }

  void OnTurn() override {
    while (!waiting_.empty()) {
      if (IsLeftOut()) return DropWaiting();
      Slot* const slot = FreeSlot();
      if (slot == nullptr) return;
      slot->request = std::move(waiting_.front());
      waiting_.pop_front();
      Start(slot);
    }
  }
  void OnCopyEnded(CopyExchange* exchange) override {
    const auto slot = std::ranges::find_if(
        slots_, [exchange](const auto& each) { return &each->exchange == exchange; });
    End(slot->get());
  }
  void OnEvents(uint32_t) override {}
  void OnTimeout() override {}
  void OnStop() override {
    for (const auto& slot : slots_) {
      if (slot->request != nullptr) version_->lanes[loop_->lane()].in_flight.Add(-1);
    }
  }

 private:
  struct Slot {
    Slot(Loop* loop, CopyExchange::User* user, CollectedBytes* all)
        : exchange(loop, user, 0, all) {}
    CopyExchange exchange;
    std::shared_ptr<const Collected> request;  // Null between exchanges.
  };

  bool IsLeftOut() const {
    return replica_->lanes[loop_->lane()].left_out_until_ns.value() > loop_->now_ns();
  }
  // Null where as many are in flight as may be.
  Slot* FreeSlot() {
    const auto free =
        std::ranges::find_if(slots_, [](const auto& slot) { return slot->request == nullptr; });
    if (free != slots_.end()) return free->get();
    if (std::cmp_greater_equal(slots_.size(), loop_->feedback().copies_at_once())) return nullptr;
    return slots_.emplace_back(std::make_unique<Slot>(loop_, this, all_)).get();
  }
  void Start(Slot* slot) {
    ++version_->feedback.sent;
    loop_->Enter(version_.get());
    if (!slot->exchange.Begin(slot->request->bytes(), replica_.get())) End(slot);
  }
  void End(Slot* slot) {
    CopyExchange& exchange = slot->exchange;
    // What a client told in a wrong way is for the replica that answers it to say.
    if (exchange.failed() || exchange.status() >= kFirstServerError) ++version_->feedback.failed;
    slot->request.reset();
    loop_->Leave(version_.get());
    if (!waiting_.empty()) loop_->Requeue(this);
    EndIfRetired();
  }
  void DropWaiting() {
    version_->feedback.dropped += static_cast<int64_t>(waiting_.size());
    waiting_.clear();
  }
  void EndIfRetired() {
    const bool idle =
        std::ranges::all_of(slots_, [](const auto& slot) { return slot->request == nullptr; });
    if (retired_ && idle) loop_->Bury(this);
  }

  Loop* const loop_;
  CollectedBytes* const all_;
  const std::shared_ptr<Version> version_;
  const std::shared_ptr<Replica> replica_;
  std::deque<std::shared_ptr<const Collected>> waiting_;
  std::vector<std::unique_ptr<Slot>> slots_;
  bool retired_ = false;
};

void FeedbackCopies::Follow(const RouteTable& table) {
  on_ = table.routes.copy_feedback;
  std::vector<LabelSender*> before = std::exchange(senders_, {});
  for (const TableVersion& version : table.versions) {
    for (const auto& replica : version.replicas) {
      const auto known = std::ranges::find(before, replica.get(), &LabelSender::replica);
      if (known != before.end()) {
        senders_.push_back(*known);
        before.erase(known);
        continue;
      }
      senders_.push_back(
          std::make_unique<LabelSender>(loop_, &bytes_, version.version, replica).release());
      loop_->Own(senders_.back());
    }
  }
  for (LabelSender* const sender : before) sender->Retire();
}

int64_t FeedbackCopies::copies_at_once() const {
  const auto senders = std::max<int64_t>(1, static_cast<int64_t>(senders_.size()));
  const int64_t most =
      std::min<int64_t>(loop_->options().feedback_copies_at_once, loop_->room().labels / senders);
  return std::max<int64_t>(1, most);
}

bool FeedbackCopies::Share(const http::Request& request) const {
  return on_ && senders_.size() > 1 && IsFeedback(request);
}

std::shared_ptr<Collected> FeedbackCopies::Collect() {
  return std::make_shared<Collected>(loop_->options().mirror_request_bytes, &bytes_);
}

void FeedbackCopies::Send(const std::shared_ptr<const Collected>& request,
                          const Replica* answered) {
  for (LabelSender* const sender : senders_) {
    if (sender->replica() != answered) sender->Add(request);
  }
}

}  // namespace slipway::splitter

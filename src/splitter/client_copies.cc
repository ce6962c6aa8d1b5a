// What also goes elsewhere of a request: to the version that is mirrored to, or to the replicas
// that may know of what a client tells.
#include <utility>

#include "http/feedback_header.h"
#include "splitter/client_internal.h"

namespace slipway::splitter {
namespace {

constexpr int kStatusesAClass = 100, kSuccess = 2;

}  // namespace

// Predictions are what answers are compared in; labels are for all replicas, the mirrored version's
// among them.
void Client::BeginCopies(bool feedback, std::ptrdiff_t version) {
  if (is_prediction_) BeginMirror(loop_->picker().PickMirror(version));
  if (!feedback) return;
  labels_ = loop_->feedback().Collect();
  RelayBuffer head;
  AppendRequestHead(parser_.request(), parser_.framing(), Facts(http::kCopiedFeedback),
                    &loop_->hops, &head);
  labels_->Add(head.unsent());
}

void Client::BeginMirror(std::ptrdiff_t version) {
  if (version == Picker::kNone) return;
  const RouteTable& table = loop_->picker().table();
  mirror_ = MirroredRequest::Begin(loop_, table.versions[static_cast<size_t>(version)],
                                   table.routes.mirror.tolerance);
  if (mirror_ != nullptr) mirror_->AddRequest(request_.unsent());
}

void Client::AddToCopies(std::string_view bytes) {
  if (mirror_ != nullptr) mirror_->AddRequest(bytes);
  if (labels_ != nullptr) labels_->Add(bytes);
}

// What nobody has taken is told to nobody else: its client hears so, and tells it again.
void Client::EndCopies(bool answered) {
  if (mirror_ != nullptr) std::exchange(mirror_, nullptr)->EndAnswer(answered);
  if (labels_ == nullptr) return;
  if (answered && status_ / kStatusesAClass == kSuccess)
    loop_->feedback().Send(labels_, upstream_->replica());
  labels_.reset();
}

}  // namespace slipway::splitter

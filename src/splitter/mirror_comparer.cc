#include <algorithm>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/json.h"
#include "core/signals_blocked.h"
#include "splitter/body_scanner_internal.h"
#include "splitter/mirror_internal.h"

namespace slipway::splitter {
namespace {

constexpr size_t kMostPairs = 1024;

std::string_view ContentOf(KeptAnswer* answer) {
  if (!answer->chunked) return answer->body;
  BodyScanner scanner;
  scanner.Begin(BodyFraming::kChunked, 0, BodyScanner::Keeps::kContent);
  const size_t kept = scanner.Scan(answer->body.data(), answer->body.size()).kept;
  return std::string_view(answer->body).substr(0, kept);
}

const Json* FindPrediction(const Json& body) {
  if (!body.is_object()) return nullptr;
  for (const char* const name : {"predictions", "prediction"}) {
    const auto found = body.find(name);
    if (found != body.end()) return &*found;
  }
  return nullptr;
}

void Count(MirrorVerdict verdict, MirrorCounts* counts) {
  switch (verdict) {
    case MirrorVerdict::kEqual: ++counts->equal; break;
    case MirrorVerdict::kStatusDiffers: ++counts->status_differs; break;
    case MirrorVerdict::kPredictionDiffers: ++counts->prediction_differs; break;
    case MirrorVerdict::kSkipped: ++counts->skipped; break;
  }
}

}  // namespace

MirrorVerdict Compare(MirrorPair* pair) {
  KeptAnswer& counted = pair->counted;
  KeptAnswer& mirrored = pair->mirrored;
  if (counted.status != mirrored.status) return MirrorVerdict::kStatusDiffers;
  if (counted.too_large || mirrored.too_large) return MirrorVerdict::kSkipped;
  const std::string_view ours = ContentOf(&counted);
  const std::string_view others = ContentOf(&mirrored);
  if (ours == others) return MirrorVerdict::kEqual;
  const Json our_json = Json::parse(ours, nullptr, false);
  const Json other_json = Json::parse(others, nullptr, false);
  const Json* const prediction = FindPrediction(our_json);
  const Json* const other = FindPrediction(other_json);
  if (prediction == nullptr || other == nullptr) return MirrorVerdict::kEqual;
  return *prediction == *other ? MirrorVerdict::kEqual : MirrorVerdict::kPredictionDiffers;
}

MirrorComparer::~MirrorComparer() { Stop(); }

void MirrorComparer::Add(MirrorPair&& pair) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || !HasThread() || pairs_.size() >= kMostPairs) {
    ++pair.version->mirror.skipped;
    return;
  }
  pairs_.push_back(std::move(pair));
  added_.notify_one();
}

// Where the system gives none now, the next pair asks again.
bool MirrorComparer::HasThread() {
  if (thread_.joinable()) return true;
  try {
    const SignalsBlocked blocked;
    thread_ = std::thread([this] { Run(); });
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

void MirrorComparer::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    added_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void MirrorComparer::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    added_.wait(lock, [this] { return stopping_ || !pairs_.empty(); });
    if (pairs_.empty()) return;
    MirrorPair pair = std::move(pairs_.front());
    pairs_.pop_front();
    lock.unlock();
    Count(Compare(&pair), &pair.version->mirror);
    lock.lock();
  }
}

}  // namespace slipway::splitter

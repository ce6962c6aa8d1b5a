#include "serve/recent_predictions.h"

#include <algorithm>
#include <bit>

#include "data/value_hash.h"

namespace slipway::serve {
namespace {

constexpr int64_t kMostRows = int64_t{1} << 31U;
// There is one row a bucket, and by chance hardly ever eight.
constexpr int kCrowd = 32;

}  // namespace

RecentPredictions::RecentPredictions(int64_t capacity)
    : capacity_(static_cast<size_t>(std::clamp<int64_t>(capacity, 0, kMostRows))) {}

uint64_t RecentPredictions::HashOfId(std::string_view request_id) {
  return data::HashOf(request_id);
}

uint64_t RecentPredictions::KeyOf(uint64_t hash_of_id, int64_t row) {
  return data::MixBits(hash_of_id + static_cast<uint64_t>(row) * 0x9e3779b97f4a7c15ULL);
}

void RecentPredictions::Add(uint64_t key, uint32_t model, double predicted) {
  if (capacity_ == 0) return;
  if (rows_.size() < capacity_) {
    rows_.push_back({.key = key, .predicted = predicted, .model = model});
    ++added_;
    return;
  }
  // The oldest row goes.
  const uint64_t oldest = added_ - capacity_;
  const auto place = static_cast<uint32_t>(oldest % capacity_);
  if (oldest < indexed_) {
    Unlink(place);
  } else {
    indexed_ = oldest + 1;
  }
  rows_[place] = {.key = key, .predicted = predicted, .model = model};
  ++added_;
}

RecentPredictions::Row* RecentPredictions::Find(uint64_t key) {
  if (rows_.empty()) return nullptr;
  Index();
  for (uint32_t place = BucketOf(key); place != kNone; place = rows_[place].next) {
    if (rows_[place].key == key) return &rows_[place];
  }
  return nullptr;
}

// A row's place tells when it was added: the newest stands before the oldest.
bool RecentPredictions::IsNew(const Row& row) const {
  const auto place = static_cast<uint64_t>(&row - rows_.data());
  const uint64_t newest = added_ - 1;
  const uint64_t behind = (newest % capacity_ + capacity_ - place) % capacity_;
  return newest - behind >= marked_;
}

void RecentPredictions::Index() {
  if (rows_.size() > buckets_.size()) {
    buckets_.assign(std::bit_ceil(rows_.size()), kNone);
    indexed_ = added_ - rows_.size();
  }
  for (; indexed_ < added_; ++indexed_) Link(static_cast<uint32_t>(indexed_ % capacity_));
}

// Clients choose their ids: those who look for equal hashes must not make others wait.
void RecentPredictions::Link(uint32_t place) {
  uint32_t& bucket = BucketOf(rows_[place].key);
  int rows = 0;
  for (uint32_t other = bucket; other != kNone; other = rows_[other].next) ++rows;
  if (rows >= kCrowd) return;
  rows_[place].next = bucket;
  bucket = place;
}

// The oldest row is the last one of its bucket, if it is in it.
void RecentPredictions::Unlink(uint32_t place) {
  uint32_t* link = &BucketOf(rows_[place].key);
  while (*link != kNone && *link != place) link = &rows_[*link].next;
  if (*link == place) *link = rows_[place].next;
}

}  // namespace slipway::serve

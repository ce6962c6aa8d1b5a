#include "data/frequent_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "data/sketch_bytes_internal.h"
#include "data/value_hash.h"

namespace slipway::data {
namespace {

constexpr char kKind = 'F';
constexpr uint8_t kVersion = 1;
constexpr size_t kFirstSlots = 64;
// Beyond any stream; sums of such counts do not overflow.
constexpr int64_t kMaxTotal = int64_t{1} << 53U;
constexpr std::string_view kMarker = "…";
constexpr size_t kHashDigits = 16;
constexpr size_t kMaxStoredBytes = FrequentValues::kMaxTextBytes + kMarker.size() + kHashDigits;

bool IsContinuation(char byte) { return (static_cast<uint8_t>(byte) & 0xc0U) == 0x80U; }

// At most kMaxTextBytes, not within a code point; where the bytes are no UTF-8, just so many.
std::string_view BeginningOf(std::string_view text) {
  constexpr size_t kLongestCodePoint = 4;
  size_t end = FrequentValues::kMaxTextBytes;
  while (IsContinuation(text[end]) && end + kLongestCodePoint > FrequentValues::kMaxTextBytes) {
    --end;
  }
  if (IsContinuation(text[end])) end = FrequentValues::kMaxTextBytes;
  return text.substr(0, end);
}

}  // namespace

FrequentValues::FrequentValues(size_t capacity)
    : capacity_(std::clamp<size_t>(capacity, 1, kMaxCapacity)) {}

std::string_view FrequentValues::TextOf(const Entry& entry) const {
  return std::string_view(texts_).substr(entry.begin, entry.size);
}

void FrequentValues::Add(std::string_view text, int64_t count) {
  if (count <= 0) return;
  if (text.size() <= kMaxTextBytes) {
    Count(text, count);
  } else {
    // Longer than any text that is kept whole, so that it can't be taken for one.
    Count(fmt::format("{}{}{:016x}", BeginningOf(text), kMarker, HashOf(text)), count);
  }
  ReduceIfFull();
}

void FrequentValues::Count(std::string_view text, int64_t count) {
  if (slots_.empty()) FillSlots(kFirstSlots);
  total_ += count;
  const uint64_t hash = HashOf(text);
  const size_t slot = FindSlot(text, hash);
  if (slots_[slot] != 0) {
    entries_[slots_[slot] - 1].count += count;
    return;
  }
  entries_.push_back({.hash = hash,
                      .count = count,
                      .begin = static_cast<uint32_t>(texts_.size()),
                      .size = static_cast<uint32_t>(text.size())});
  texts_.append(text);
  slots_[slot] = static_cast<uint32_t>(entries_.size());
  if (2 * entries_.size() > slots_.size()) FillSlots(2 * slots_.size());
}

size_t FrequentValues::FindSlot(std::string_view text, uint64_t hash) const {
  const size_t mask = slots_.size() - 1;
  size_t slot = hash & mask;
  for (; slots_[slot] != 0; slot = (slot + 1) & mask) {
    const Entry& entry = entries_[slots_[slot] - 1];
    if (entry.hash == hash && TextOf(entry) == text) break;
  }
  return slot;
}

void FrequentValues::FillSlots(size_t slots) {
  slots_.assign(slots, 0);
  const size_t mask = slots - 1;
  for (size_t i = 0; i < entries_.size(); ++i) {
    size_t slot = entries_[i].hash & mask;
    while (slots_[slot] != 0) slot = (slot + 1) & mask;
    slots_[slot] = static_cast<uint32_t>(i + 1);
  }
}

// All `capacity` + 1 largest counts lose the least of them, so the error grows by at most a
// (capacity + 1)-th of what the counts lose.
void FrequentValues::ReduceIfFull() {
  if (entries_.size() <= 2 * capacity_) return;
  std::vector<int64_t> counts(entries_.size());
  std::ranges::transform(entries_, counts.begin(), &Entry::count);
  const auto next = counts.begin() + static_cast<ptrdiff_t>(capacity_);
  std::ranges::nth_element(counts, next, std::greater<>());
  const int64_t loss = *next;
  error_ += loss;
  std::string texts;
  size_t kept = 0;
  for (Entry entry : entries_) {
    entry.count -= loss;
    if (entry.count <= 0) continue;
    const std::string_view text = TextOf(entry);
    entry.begin = static_cast<uint32_t>(texts.size());
    texts.append(text);
    entries_[kept++] = entry;
  }
  entries_.resize(kept);
  texts_ = std::move(texts);
  FillSlots(slots_.size());
}

void FrequentValues::Merge(const FrequentValues& other) {
  if (&other == this) return Merge(FrequentValues(other));
  // Reduced only when all are in: the order in which `other` holds its texts does not matter. What
  // its counters have lost was seen too.
  int64_t counted = 0;
  for (const Entry& entry : other.entries_) {
    Count(other.TextOf(entry), entry.count);
    counted += entry.count;
  }
  total_ += other.total_ - counted;
  error_ += other.error_;
  ReduceIfFull();
}

std::vector<FrequentValue> FrequentValues::Top(size_t n) const {
  std::vector<const Entry*> order;
  order.reserve(entries_.size());
  for (const Entry& entry : entries_) order.push_back(&entry);
  n = std::min(n, order.size());
  const auto middle = order.begin() + static_cast<ptrdiff_t>(n);
  std::ranges::partial_sort(order, middle, [&](const Entry* a, const Entry* b) {
    return a->count != b->count ? a->count > b->count : TextOf(*a) < TextOf(*b);
  });
  std::vector<FrequentValue> top;
  top.reserve(n);
  for (size_t i = 0; i < n; ++i) {
    top.push_back({.value = std::string(TextOf(*order[i])), .count = order[i]->count});
  }
  return top;
}

std::string FrequentValues::ToBytes() const {
  SketchWriter writer(kKind, kVersion);
  writer.Count(static_cast<int64_t>(capacity_));
  writer.Count(total_);
  writer.Count(error_);
  writer.Count(static_cast<int64_t>(entries_.size()));
  for (const FrequentValue& value : All()) {
    writer.Text(value.value);
    writer.Count(value.count);
  }
  return writer.Finish();
}

Result<FrequentValues> FrequentValues::FromBytes(std::string_view bytes) {
  SLIPWAY_ASSIGN_OR_RETURN(SketchReader reader,
                           SketchReader::Open(bytes, kKind, kVersion, "sketch of frequent values"));
  const auto capacity = static_cast<size_t>(reader.Count());
  const int64_t total = reader.Count();
  const int64_t error = reader.Count();
  const auto count = static_cast<size_t>(reader.Count());
  if (capacity < 1 || capacity > kMaxCapacity || count > 2 * capacity) {
    return reader.Damaged("it holds too many values");
  }
  FrequentValues values(capacity);
  for (size_t i = 0; i < count; ++i) {
    const std::string_view text = reader.Text();
    const int64_t times = reader.Count();
    if (!reader.ok() || text.size() > kMaxStoredBytes || times < 1 ||
        times > total - values.total_) {
      return reader.Damaged("a value or its count can't be");
    }
    values.Count(text, times);
    if (values.size() != i + 1) return reader.Damaged("a value is there twice");
  }
  if (!reader.ok() || !reader.at_end() || total > kMaxTotal || error > total ||
      (error == 0 && total != values.total_)) {
    return reader.Damaged("its counts do not sum to what it says");
  }
  values.total_ = total;
  values.error_ = error;
  return values;
}

}  // namespace slipway::data

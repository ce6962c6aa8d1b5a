#include <algorithm>
#include <bit>
#include <functional>
#include <utility>

#include "data/unique_values_internal.h"
#include "data/value_parser.h"

namespace slipway::data {
namespace {

constexpr size_t kShownBytes = 40;
constexpr size_t kFewestSlots = 64;

uint32_t TagOf(uint64_t hash) { return static_cast<uint32_t>(hash >> 24U); }

std::string Shown(std::string_view text) {
  std::string valid = ReplaceInvalidUtf8(text.substr(0, 4 * kShownBytes));
  if (valid.size() <= kShownBytes) return valid;
  constexpr std::string_view kEllipsis = "…";
  size_t end = kShownBytes - kEllipsis.size();
  while (end > 0 && (static_cast<unsigned char>(valid[end]) & 0xC0U) == 0x80U) --end;
  return valid.substr(0, end) + std::string(kEllipsis);
}

}  // namespace

// MixBits backwards: the factors are the inverses of its own modulo 2^64.
double NumberOfHash(uint64_t hash) {
  hash = (hash ^ (hash >> 31U) ^ (hash >> 62U)) * 0x319642b2d24d8ec3ULL;
  hash = (hash ^ (hash >> 27U) ^ (hash >> 54U)) * 0x96de1b173f119089ULL;
  hash ^= (hash >> 30U) ^ (hash >> 60U);
  return std::bit_cast<double>(hash - 0x9e3779b97f4a7c15ULL);
}

UniqueValues::Slot* UniqueValues::SlotOf(uint64_t hash) {
  const size_t mask = slots_.size() - 1;
  // The low bits: the high ones are all zero in a sample.
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    Slot& slot = slots_[at];
    if (slot.place == 0) return &slot;
    if (slot.tag == TagOf(hash) && entries_[slot.place - 1].hash == hash) return &slot;
  }
}

void UniqueValues::Rebuild(size_t slots) {
  slots_.assign(slots, {});
  for (size_t i = 0; i < entries_.size(); ++i) {
    *SlotOf(entries_[i].hash) = {TagOf(entries_[i].hash), static_cast<uint32_t>(i + 1)};
  }
}

std::string_view UniqueValues::TextOf(const Entry& entry) const {
  if (entry.text == 0) return {};
  const auto length = static_cast<unsigned char>(texts_[entry.text]);
  return std::string_view(texts_).substr(entry.text + 1, length);
}

void UniqueValues::RaiseLevel(int level) {
  level_ = std::max(level_, level);
  const auto dropped = [&](const Entry& entry) { return !IsKept(entry.hash); };
  while (std::ranges::count_if(entries_, std::not_fn(dropped)) > static_cast<int64_t>(most_)) {
    ++level_;
  }
  UniqueValues kept(most_);
  kept.level_ = level_;
  kept.Rebuild(kFewestSlots);
  for (const Entry& entry : entries_) {
    if (dropped(entry)) continue;
    if (2 * kept.entries_.size() >= kept.slots_.size()) kept.Rebuild(2 * kept.slots_.size());
    kept.Insert(kept.SlotOf(entry.hash), {.hash = entry.hash, .first = entry.first}, TextOf(entry));
    if (entry.repeats == 0) continue;
    const Repeats& repeats = repeats_[entry.repeats - 1];
    kept.AddRepeats(&kept.entries_.back(), repeats.second, repeats.count);
  }
  *this = std::move(kept);
}

void UniqueValues::Insert(Slot* slot, const Entry& entry, std::string_view text) {
  entries_.push_back(entry);
  *slot = {TagOf(entry.hash), static_cast<uint32_t>(entries_.size())};
  if (text.empty()) return;
  if (texts_.empty()) texts_ += '\0';  // Place 0 is none.
  entries_.back().text = static_cast<uint32_t>(texts_.size());
  texts_ += static_cast<char>(text.size());
  texts_ += text;
}

void UniqueValues::AddRepeats(Entry* entry, int64_t second, int64_t count) {
  if (count == 0) return;
  if (entry->repeats == 0) {
    repeats_.push_back({.second = second});
    entry->repeats = static_cast<uint32_t>(repeats_.size());
  }
  repeats_[entry->repeats - 1].count += count;
}

void UniqueValues::Add(uint64_t hash, int64_t row, std::string_view text) {
  if (!IsKept(hash)) return;
  if (2 * entries_.size() >= slots_.size()) Rebuild(std::max(kFewestSlots, 2 * slots_.size()));
  Slot* slot = SlotOf(hash);
  if (slot->place != 0) return AddRepeats(&entries_[slot->place - 1], row, 1);
  Insert(slot, {.hash = hash, .first = row}, text.empty() ? std::string() : Shown(text));
  if (entries_.size() > most_) RaiseLevel(level_ + 1);
}

void UniqueValues::Merge(UniqueValues later, int64_t first_row) {
  for (Entry& entry : later.entries_) entry.first += first_row;
  for (Repeats& repeats : later.repeats_) repeats.second += first_row;
  if (entries_.empty() && later.level_ >= level_) {
    *this = std::move(later);
    return;
  }
  if (later.level_ > level_) RaiseLevel(later.level_);
  for (const Entry& entry : later.entries_) {
    if (!IsKept(entry.hash)) continue;
    Add(entry.hash, entry.first, later.TextOf(entry));
    if (entry.repeats == 0 || !IsKept(entry.hash)) continue;
    const Repeats& repeats = later.repeats_[entry.repeats - 1];
    AddRepeats(&entries_[SlotOf(entry.hash)->place - 1], repeats.second, repeats.count);
  }
}

int64_t UniqueValues::repeats() const {
  int64_t count = 0;
  for (const Repeats& repeats : repeats_) count += repeats.count;
  return count;
}

int64_t UniqueValues::rows() const { return static_cast<int64_t>(entries_.size()) + repeats(); }

std::vector<UniqueValues::Repeat> UniqueValues::FirstRepeats(size_t most) const {
  std::vector<Repeat> found;
  for (const Entry& entry : entries_) {
    if (entry.repeats == 0) continue;
    found.push_back({.row = repeats_[entry.repeats - 1].second, .hash = entry.hash});
    std::ranges::push_heap(found, {}, &Repeat::row);  // The latest on top.
    if (found.size() <= most) continue;
    std::ranges::pop_heap(found, {}, &Repeat::row);
    found.pop_back();
  }
  std::ranges::sort(found, {}, &Repeat::row);
  for (const Entry& entry : entries_) {
    const auto repeat = std::ranges::find(found, entry.hash, &Repeat::hash);
    if (repeat != found.end()) repeat->text = TextOf(entry);
  }
  return found;
}

}  // namespace slipway::data

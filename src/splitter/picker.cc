#include <algorithm>
#include <numeric>
#include <utility>

#include "core/replace_file.h"
#include "splitter/heads_internal.h"
#include "splitter/picker_internal.h"

namespace slipway::splitter {
namespace {

// FNV-1a.
constexpr uint64_t kFnvStart = 0xcbf29ce484222325ULL;
constexpr uint64_t kFnvPrime = 0x100000001b3ULL;

uint64_t Mix(uint64_t hash, std::string_view bytes) {
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * kFnvPrime;
  return hash;
}

}  // namespace

void WeightedTurns::SetShares(const std::vector<std::string>& names,
                              const std::vector<double>& shares) {
  if (names == names_ && shares == shares_) return;
  GiveBack();
  std::vector<double> credits(names.size(), 0);
  for (size_t i = 0; i < names.size(); ++i) {
    const auto before = std::ranges::find(names_, names[i]);
    if (before != names_.end() && shares[i] > 0)
      credits[i] = credits_[static_cast<size_t>(before - names_.begin())];
  }
  // Of those who went their credit is shared out, so that the sum is none again.
  const double sum = std::accumulate(credits.begin(), credits.end(), 0.0);
  for (size_t i = 0; i < credits.size(); ++i) credits[i] -= sum * shares[i];
  names_ = names;
  shares_ = shares;
  credits_ = std::move(credits);
}

std::ptrdiff_t WeightedTurns::Next() {
  if (block_.empty()) {
    for (int turn = 0; turn < kBlock; ++turn) {
      const std::ptrdiff_t chosen = Earn();
      if (chosen < 0) return chosen;
      block_.push_back(chosen);
    }
    random_.Shuffle(std::span(block_));
  }
  const std::ptrdiff_t next = block_.back();
  block_.pop_back();
  return next;
}

void WeightedTurns::GiveBack() {
  const auto turns = static_cast<double>(block_.size());
  for (size_t i = 0; i < shares_.size(); ++i) credits_[i] -= turns * shares_[i];
  for (const std::ptrdiff_t chosen : block_) credits_[static_cast<size_t>(chosen)] += 1;
  block_.clear();
}

std::ptrdiff_t WeightedTurns::Earn() {
  std::ptrdiff_t chosen = -1;
  for (size_t i = 0; i < shares_.size(); ++i) {
    if (shares_[i] <= 0) continue;
    credits_[i] += shares_[i];
    if (chosen < 0 || credits_[i] > credits_[static_cast<size_t>(chosen)])
      chosen = static_cast<std::ptrdiff_t>(i);
  }
  if (chosen >= 0) credits_[static_cast<size_t>(chosen)] -= 1;
  return chosen;
}

double UnitHash(std::string_view salt, std::string_view key) {
  const uint64_t salted = Mix(kFnvStart, salt);
  return Random(Mix(salted * kFnvPrime, key)).Uniform();
}

Picker::Picker(int loop, uint64_t seed)
    : loop_(static_cast<size_t>(loop)),
      predictions_(DeriveSeed(seed, 0)),
      others_(DeriveSeed(seed, 1)),
      mirrored_(DeriveSeed(seed, 2)) {}

void Picker::SetTable(std::shared_ptr<const RouteTable> table) {
  table_ = std::move(table);
  std::vector<std::string> names;
  std::vector<double> shares;
  for (const TableVersion& version : table_->versions) {
    names.push_back(version.version->id);
    shares.push_back(version.share);
  }
  predictions_.SetShares(names, shares);
  others_.SetShares(names, shares);
  const double mirrored = table_->routes.mirror.share;
  mirrored_.SetShares({"mirrored", "not"}, {mirrored, 1 - mirrored});
}

std::ptrdiff_t Picker::PickVersion(const http::Request& request, std::string* given) {
  const Routes& routes = table_->routes;
  for (size_t i = 0; i < routes.header_routes.size(); ++i) {
    const HeaderRoute& route = routes.header_routes[i];
    if (request.Find(route.name) == route.value)
      return static_cast<std::ptrdiff_t>(table_->header_targets[i]);
  }
  if (routes.sticky.wanted()) {
    const std::string_view key = routes.sticky.cookie.empty()
                                     ? request.Find(routes.sticky.header)
                                     : FindCookie(request, routes.sticky.cookie);
    if (!key.empty()) return OfKey(key);
    if (!routes.sticky.cookie.empty()) {
      *given = RandomName();
      return OfKey(*given);
    }
  }
  return IsPrediction(request) ? predictions_.Next() : others_.Next();
}

std::ptrdiff_t Picker::OfKey(std::string_view key) const {
  if (table_->key_parts.empty()) return kNone;
  const double place = UnitHash(table_->routes.sticky.salt, key);
  for (const KeyPart& part : table_->key_parts) {
    if (place < part.end) return static_cast<std::ptrdiff_t>(part.version);
  }
  // The sum of the shares may be rounded to less than 1.
  return static_cast<std::ptrdiff_t>(table_->key_parts.back().version);
}

std::ptrdiff_t Picker::PickMirror(std::ptrdiff_t version) {
  if (table_->mirror == kNone || table_->mirror == version) return kNone;
  return mirrored_.Next() == 0 ? table_->mirror : kNone;
}

Replica* Picker::Least(size_t version, std::span<const Replica* const> tried, int64_t now_ns,
                       LeftOut left_out) const {
  const auto& replicas = table_->versions[version].replicas;
  if (replicas.empty()) return nullptr;
  VersionLane& lane = table_->versions[version].version->lanes[loop_];
  Replica* least = nullptr;
  int64_t least_in_flight = 0;
  size_t at = ++lane.turn % replicas.size();
  for (size_t count = 0; count < replicas.size(); ++count) {
    Replica* const replica = replicas[at].get();
    if (++at == replicas.size()) at = 0;
    const ReplicaLane& its = replica->lanes[loop_];
    const bool is_out = its.left_out_until_ns.value() > now_ns;
    if (is_out != (left_out == LeftOut::kAre)) continue;
    if (std::ranges::find(tried, replica) != tried.end()) continue;
    const int64_t in_flight = its.in_flight.value();
    if (least != nullptr && in_flight >= least_in_flight) continue;
    least = replica;
    least_in_flight = in_flight;
  }
  return least;
}

Picker::Choice Picker::Search(std::ptrdiff_t version, std::span<const Replica* const> tried,
                              int64_t now_ns, LeftOut left_out) const {
  if (version != kNone) {
    Replica* const own = Least(static_cast<size_t>(version), tried, now_ns, left_out);
    if (own != nullptr) return {version, own};
    if (!table_->routes.fallback) return {};
  }
  for (const size_t other : table_->by_share) {
    if (std::cmp_equal(other, version)) continue;
    Replica* const found = Least(other, tried, now_ns, left_out);
    if (found != nullptr) return {static_cast<std::ptrdiff_t>(other), found};
  }
  return {};
}

Picker::Choice Picker::PickReplica(std::ptrdiff_t version, std::span<const Replica* const> tried,
                                   int64_t now_ns) {
  const Choice choice = Search(version, tried, now_ns, LeftOut::kAreNot);
  if (choice.replica != nullptr) return choice;
  return Search(version, tried, now_ns, LeftOut::kAre);
}

std::ptrdiff_t Picker::IndexOf(const Version* version) const {
  for (size_t i = 0; i < table_->versions.size(); ++i) {
    if (table_->versions[i].version.get() == version) return static_cast<std::ptrdiff_t>(i);
  }
  return kNone;
}

}  // namespace slipway::splitter

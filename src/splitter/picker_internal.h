// Which version, and which replica of it, a request goes to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/types.h"
#include "splitter/route_table_internal.h"

namespace slipway::splitter {

// Smooth weighted round robin, as nginx has it: each turn everybody earns his share, and who has
// most is chosen and pays one. In any stretch of turns nobody is more than about one turn off.
class WeightedTurns {
 public:
  // Who stays, by his name, keeps what he has: weights that are set again and again, or change
  // between few requests, hold all the same. Shares add up to 1, or are all 0.
  void SetShares(const std::vector<std::string>& names, const std::vector<double>& shares);
  // -1 where all shares are 0.
  std::ptrdiff_t Next();

 private:
  std::vector<std::string> names_;
  std::vector<double> shares_, credits_;
};

// A number of [0, 1) that depends on both texts alone, evenly.
double UnitHash(std::string_view salt, std::string_view key);

// One loop's; of its thread.
class Picker {
 public:
  static constexpr std::ptrdiff_t kNone = -1;

  explicit Picker(int loop) : loop_(static_cast<size_t>(loop)) {}

  void SetTable(std::shared_ptr<const RouteTable> table);
  const RouteTable& table() const { return *table_; }
  // Null at first.
  std::shared_ptr<const RouteTable> shared_table() const { return table_; }

  // An index of the table's versions. Where the routes stick to a cookie and the request has none,
  // `given` becomes the key that its client is given, by which it is picked.
  std::ptrdiff_t PickVersion(const http::Request& request, std::string* given);
  // Where the request goes beside, this time; kNone for nowhere.
  std::ptrdiff_t PickMirror(std::ptrdiff_t version);

  struct Choice {
    std::ptrdiff_t version = kNone;
    Replica* replica = nullptr;
  };
  // The version's replica with the least in flight on this loop that was not tried and is not left
  // out; where there is none, one of another version, as the routes allow; then those left out.
  Choice PickReplica(std::ptrdiff_t version, std::span<const Replica* const> tried, int64_t now_ns);
  std::ptrdiff_t IndexOf(const Version* version) const;

 private:
  enum class LeftOut { kAre, kAreNot };
  Replica* Least(size_t version, std::span<const Replica* const> tried, int64_t now_ns,
                 LeftOut left_out) const;
  Choice Search(std::ptrdiff_t version, std::span<const Replica* const> tried, int64_t now_ns,
                LeftOut left_out) const;
  std::ptrdiff_t OfKey(std::string_view key) const;

  const size_t loop_;
  std::shared_ptr<const RouteTable> table_;
  WeightedTurns turns_;
  // Of what is told of predictions: a client that asks and tells by turns would else give all its
  // questions to one version. All versions answer it by their shares, as its times count among
  // those that are compared.
  WeightedTurns feedback_turns_;
  double mirror_credit_ = 0;
};

}  // namespace slipway::splitter

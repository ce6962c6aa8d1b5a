// Which version, and which replica of it, a request goes to.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/random.h"
#include "http/types.h"
#include "splitter/route_table_internal.h"

namespace slipway::splitter {

// Turns in blocks of kBlock. Who has how many of a block is told by smooth weighted round robin, as
// nginx has it: each turn everybody earns his share, and who has most is chosen and pays one, so
// that at the end of a block nobody is more than about one turn off. Their order within the block
// is drawn at random: a client that asks in some order of its own gives all versions the same
// requests (permuted blocks: Matts, Lachin, Properties of permuted-block randomization, 1988).
class WeightedTurns {
 public:
  static constexpr int kBlock = 100;

  explicit WeightedTurns(uint64_t seed) : random_(seed) {}

  // Turns of the block that nobody has had yet are given back. Who stays, by his name, keeps what
  // he has: weights that are set again and again, or change between few requests, hold all the
  // same. Shares add up to 1, or are all 0.
  void SetShares(const std::vector<std::string>& names, const std::vector<double>& shares);
  // -1 where all shares are 0.
  std::ptrdiff_t Next();

 private:
  std::ptrdiff_t Earn();
  void GiveBack();

  Random random_;
  std::vector<std::string> names_;
  std::vector<double> shares_, credits_;
  std::vector<std::ptrdiff_t> block_;  // Turns to come, the last one first.
};

// A number of [0, 1) that depends on both texts alone, evenly.
double UnitHash(std::string_view salt, std::string_view key);

// One loop's; of its thread.
class Picker {
 public:
  static constexpr std::ptrdiff_t kNone = -1;

  // `seed` is of the order in which versions have their turns.
  Picker(int loop, uint64_t seed);

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
  // Predictions have turns of their own, so that what comes between them, as labels and probes,
  // takes none of them away.
  WeightedTurns predictions_, others_;
  WeightedTurns mirrored_;  // Of two: what is mirrored, and what is not.
};

}  // namespace slipway::splitter

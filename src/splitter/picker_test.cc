#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "splitter/picker_internal.h"
#include "splitter/route_book_internal.h"

namespace slipway::splitter {
namespace {

std::vector<std::ptrdiff_t> TurnsOf(WeightedTurns* turns, int count) {
  std::vector<std::ptrdiff_t> picks;
  for (int i = 0; i < count; ++i) picks.push_back(turns->Next());
  return picks;
}

int CountOf(std::span<const std::ptrdiff_t> picks, std::ptrdiff_t who) {
  return static_cast<int>(std::ranges::count(picks, who));
}

TEST(WeightedTurns, AreExactOverBlocks) {
  for (const std::vector<double>& shares :
       std::vector<std::vector<double>>{{0.1, 0.9},
                                        {0.25, 0.75},
                                        {0.01, 0.99},
                                        {0.005, 0.995},
                                        {0.05, 0.35, 0.6},
                                        {1.0 / 3, 1.0 / 3, 1.0 / 3}}) {
    WeightedTurns turns(7);
    std::vector<std::string> names = {"a", "b", "c"};
    names.resize(shares.size());
    turns.SetShares(names, shares);
    const std::vector<std::ptrdiff_t> picks = TurnsOf(&turns, 2000);
    for (size_t blocks = 1; blocks <= 20; ++blocks) {
      const std::span<const std::ptrdiff_t> so_far(picks.data(), 100 * blocks);
      for (size_t who = 0; who < shares.size(); ++who) {
        const auto id = static_cast<std::ptrdiff_t>(who);
        EXPECT_NEAR(CountOf(so_far.last(100), id), 100 * shares[who], 1.0) << blocks;
        EXPECT_NEAR(CountOf(so_far, id), 100 * static_cast<double>(blocks) * shares[who], 1.0);
      }
    }
  }
}

// A client whose every second or fourth request is a slow one.
TEST(WeightedTurns, ResonateWithNoClient) {
  for (const auto& [share, period] : {std::pair(0.5, 2), {0.25, 4}, {0.1, 10}}) {
    WeightedTurns turns(11);
    turns.SetShares({"new", "old"}, {share, 1 - share});
    constexpr int kTurns = 20'000;
    const std::vector<std::ptrdiff_t> picks = TurnsOf(&turns, kTurns);
    std::vector<int> by_place(static_cast<size_t>(period));
    for (int i = 0; i < kTurns; ++i)
      by_place[static_cast<size_t>(i % period)] += picks[static_cast<size_t>(i)] == 0 ? 1 : 0;
    const double slow = static_cast<double>(kTurns) / period;
    // Five standard deviations of independent draws, which are wider than these.
    const double bound = 5 * std::sqrt(slow * share * (1 - share));
    for (const int count : by_place) EXPECT_NEAR(count, slow * share, bound) << period;
    // And draws that follow each other are independent but for the block's end.
    int pairs = 0;
    for (size_t i = 1; i < picks.size(); ++i) pairs += picks[i - 1] == 0 && picks[i] == 0 ? 1 : 0;
    EXPECT_GT(pairs, kTurns * share * share / 2);
  }
}

TEST(WeightedTurns, OfAnotherSeedHaveAnotherOrder) {
  WeightedTurns one(1), same(1), other(2);
  for (WeightedTurns* turns : {&one, &same, &other}) turns->SetShares({"a", "b"}, {0.5, 0.5});
  const auto picks = TurnsOf(&one, 100);
  EXPECT_EQ(TurnsOf(&same, 100), picks);
  EXPECT_NE(TurnsOf(&other, 100), picks);
}

TEST(WeightedTurns, HoldThoughTheyAreSetAgainAndAgain) {
  WeightedTurns turns(3);
  int canary = 0;
  for (int i = 0; i < 1000; ++i) {
    if (i % 3 == 0) turns.SetShares({"new", "old"}, {0.1, 0.9});
    canary += turns.Next() == 0 ? 1 : 0;
  }
  EXPECT_EQ(canary, 100);
}

// What was served of a block counts, what was not is given back.
TEST(WeightedTurns, HoldThoughTheyChangeWithinBlocks) {
  WeightedTurns turns(5);
  double expected = 0;
  int canary = 0;
  constexpr int kChanges = 3000;
  for (int i = 0; i < kChanges; ++i) {
    const double share = i % 2 == 0 ? 0.1 : 0.02;
    turns.SetShares({"new", "old"}, {share, 1 - share});
    for (int turn = 0; turn < 7; ++turn) canary += turns.Next() == 0 ? 1 : 0;
    expected += 7 * share;
  }
  // What is owed is paid: independent draws would be off by 34.
  EXPECT_NEAR(canary, expected, 10);
}

TEST(WeightedTurns, NobodyWithoutAShareHasOne) {
  WeightedTurns turns(1);
  EXPECT_EQ(turns.Next(), -1);
  turns.SetShares({"a", "b"}, {0, 0});
  EXPECT_EQ(turns.Next(), -1);
  turns.SetShares({"a", "b"}, {0.5, 0.5});
  turns.Next();
  turns.SetShares({"a", "b"}, {1, 0});
  for (int i = 0; i < 10; ++i) EXPECT_EQ(turns.Next(), 0);
}

TEST(UnitHash, IsEven) {
  std::vector<int> tenths(10);
  for (int i = 0; i < 10'000; ++i)
    ++tenths[static_cast<size_t>(UnitHash("", fmt::format("user-{}", i)) * 10)];
  // Four standard deviations.
  for (const int count : tenths) EXPECT_NEAR(count, 1000, 120);
  EXPECT_NE(UnitHash("a", "user"), UnitHash("b", "user"));
  EXPECT_NE(UnitHash("a", "bc"), UnitHash("ab", "c"));
}

class PickerTest : public ::testing::Test {
 protected:
  void Apply(const Routes& routes) {
    const Status status = book_.Apply(routes);
    ASSERT_TRUE(status.ok()) << status.error().Render();
    picker_.SetTable(book_.table());
  }
  std::string VersionOf(const http::Request& request) {
    given_.clear();
    const std::ptrdiff_t picked = picker_.PickVersion(request, &given_);
    return picked < 0 ? "" : routes_.versions[static_cast<size_t>(picked)].id;
  }
  std::map<std::string, std::string> VersionsOfUsers(double weight) {
    routes_.versions = {{.id = "new", .weight = weight, .replicas = {}},
                        {.id = "old", .weight = 100 - weight, .replicas = {}}};
    Apply(routes_);
    return VersionsOfUsers();
  }
  std::map<std::string, std::string> VersionsOfUsers() {
    std::map<std::string, std::string> versions;
    for (int i = 0; i < 4000; ++i) {
      const std::string user = fmt::format("user-{}", i);
      http::Request request;
      request.headers = {{"x-user", user}};
      versions[user] = VersionOf(request);
    }
    return versions;
  }

  RouteBook book_{1, nullptr};
  Picker picker_{0, 1};
  Routes routes_;
  std::string given_;  // The key of the last one.
};

TEST_F(PickerTest, WhoHasNoCookieIsGivenOne) {
  routes_.sticky.cookie = "key";
  routes_.header_routes = {{"X-Canary", "always", "new"}};
  routes_.versions = {{.id = "new", .weight = 1, .replicas = {}},
                      {.id = "old", .weight = 1, .replicas = {}}};
  Apply(routes_);
  std::map<std::string, int> picked;
  std::set<std::string> keys;
  for (int i = 0; i < 400; ++i) {
    const std::string version = VersionOf({});
    const std::string key = given_;
    EXPECT_EQ(key.size(), 32U);
    keys.insert(key);
    ++picked[version];
    const std::string cookie = "key=" + key;
    http::Request again;
    again.headers = {{"cookie", cookie}};
    EXPECT_EQ(VersionOf(again), version);
    EXPECT_EQ(given_, "");
  }
  EXPECT_EQ(keys.size(), 400U);
  EXPECT_NEAR(picked["new"], 200, 60);
  http::Request led;
  led.headers = {{"x-canary", "always"}};
  EXPECT_EQ(VersionOf(led), "new");
  EXPECT_EQ(given_, "");
  routes_.sticky = {.header = "X-User", .cookie = "", .salt = "", .parts = {}};
  Apply(routes_);
  VersionOf({});
  EXPECT_EQ(given_, "");
}

TEST_F(PickerTest, RaisingAWeightMovesOnlyWhoMust) {
  routes_.sticky.header = "X-User";
  const auto at_10 = VersionsOfUsers(10);
  const auto at_25 = VersionsOfUsers(25);
  const auto again = VersionsOfUsers(25);
  EXPECT_EQ(at_25, again);
  int moved = 0, new_before = 0;
  for (const auto& [user, version] : at_10) {
    new_before += version == "new" ? 1 : 0;
    if (version == at_25.at(user)) continue;
    ++moved;
    EXPECT_EQ(version, "old");
  }
  EXPECT_NEAR(new_before, 400, 80);
  EXPECT_NEAR(moved, 600, 100);
  for (const auto& [user, version] : VersionsOfUsers(100)) EXPECT_EQ(version, "new");
  for (const auto& [user, version] : VersionsOfUsers(0)) EXPECT_EQ(version, "old");
}

TEST_F(PickerTest, APartThatChangesHandsMovesNoOtherKey) {
  routes_.sticky.header = "X-User";
  for (const char* const id : {"a", "b", "c", "stable"})
    routes_.versions.push_back({.id = id, .weight = 25, .replicas = {}});
  Apply(routes_);
  const auto before = VersionsOfUsers();
  // "a" and "c" leave; their parts go to the stable version where they are.
  routes_.versions = {{.id = "b", .weight = 25, .replicas = {}},
                      {.id = "stable", .weight = 75, .replicas = {}}};
  routes_.sticky.parts = {{"stable", 25}, {"b", 25}, {"stable", 25}, {"stable", 25}};
  Apply(routes_);
  const auto after = VersionsOfUsers();
  int moved = 0;
  for (const auto& [user, version] : before) {
    const bool leaves = version == "a" || version == "c";
    EXPECT_EQ(after.at(user), leaves ? "stable" : version) << user;
    moved += leaves ? 1 : 0;
  }
  EXPECT_NEAR(moved, 2000, 200);
  // Without parts "b" would have the first quarter, which was "a"'s.
  routes_.sticky.parts.clear();
  Apply(routes_);
  EXPECT_NE(VersionsOfUsers(), after);
}

TEST_F(PickerTest, AnotherSaltDrawsTheKeysAnew) {
  routes_.sticky.header = "X-User";
  const auto first = VersionsOfUsers(10);
  routes_.sticky.salt = "another";
  const auto second = VersionsOfUsers(10);
  int both = 0;
  for (const auto& [user, version] : first)
    both += version == "new" && second.at(user) == "new" ? 1 : 0;
  // A tenth of a tenth of 4,000, within five standard deviations; the same ones would be 400.
  EXPECT_NEAR(both, 40, 32);
}

TEST_F(PickerTest, ProbesBetweenPredictionsTakeNoTurnsOfTheirs) {
  routes_.versions = {{.id = "new", .weight = 1, .replicas = {}},
                      {.id = "old", .weight = 1, .replicas = {}}};
  Apply(routes_);
  http::Request question, probe;
  question.method = "POST";
  question.path = "/predict";
  probe.method = "GET";
  probe.path = "/health";
  int asked = 0, probed = 0;
  for (int i = 0; i < 100; ++i) {
    asked += VersionOf(question) == "new" ? 1 : 0;
    probed += VersionOf(probe) == "new" ? 1 : 0;
  }
  EXPECT_EQ(asked, 50);
  EXPECT_EQ(probed, 50);
}

TEST_F(PickerTest, CopiesResonateWithNoClient) {
  routes_.versions = {{.id = "shadow", .weight = 0, .replicas = {}},
                      {.id = "old", .weight = 1, .replicas = {}}};
  routes_.mirror = {.version = "shadow", .share = 0.5};
  Apply(routes_);
  int copies = 0, even = 0;
  for (int i = 0; i < 1000; ++i) {
    if (picker_.PickMirror(1) != 0) continue;
    ++copies;
    even += i % 2 == 0 ? 1 : 0;
  }
  EXPECT_EQ(copies, 500);
  EXPECT_NEAR(even, 250, 55);
}

TEST_F(PickerTest, AHeaderGoesBeforeAll) {
  routes_.versions = {{.id = "new", .weight = 0, .replicas = {}},
                      {.id = "old", .weight = 1, .replicas = {}}};
  routes_.header_routes = {{"X-Canary", "always", "new"}};
  Apply(routes_);
  http::Request request;
  request.headers = {{"x-canary", "always"}};
  EXPECT_EQ(VersionOf(request), "new");
  request.headers = {{"x-canary", "Always"}};
  EXPECT_EQ(VersionOf(request), "old");
}

TEST_F(PickerTest, WhoAsksAndTellsByTurnsSeesBothVersions) {
  routes_.versions = {{.id = "new", .weight = 1, .replicas = {}},
                      {.id = "old", .weight = 1, .replicas = {}}};
  Apply(routes_);
  http::Request question, label;
  question.method = label.method = "POST";
  question.path = "/predict";
  label.path = "/feedback";
  std::map<std::string, int> asked, told;
  for (int i = 0; i < 100; ++i) {
    ++asked[VersionOf(question)];
    ++told[VersionOf(label)];
  }
  EXPECT_EQ(asked, (std::map<std::string, int>{{"new", 50}, {"old", 50}}));
  EXPECT_EQ(told, asked);
}

TEST_F(PickerTest, TheReplicaWithTheLeastInFlight) {
  routes_.versions = {
      {.id = "a", .weight = 1, .replicas = {{"127.0.0.1", 1}, {"127.0.0.1", 2}, {"127.0.0.1", 3}}}};
  Apply(routes_);
  std::map<int, int> asked;
  for (int i = 0; i < 9; ++i) ++asked[picker_.PickReplica(0, {}, 0).replica->name.port];
  EXPECT_EQ(asked, (std::map<int, int>{{1, 3}, {2, 3}, {3, 3}}));
  const auto& replicas = book_.table()->versions[0].replicas;
  replicas[0]->lanes[0].in_flight.Set(2);
  replicas[2]->lanes[0].in_flight.Set(1);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(picker_.PickReplica(0, {}, 0).replica->name.port, 2);
}

TEST_F(PickerTest, WhoIsLeftOutOrTriedComesLast) {
  routes_.versions = {{.id = "a", .weight = 1, .replicas = {{"127.0.0.1", 1}, {"127.0.0.1", 2}}},
                      {.id = "b", .weight = 1, .replicas = {{"127.0.0.1", 3}}},
                      {.id = "none", .weight = 0, .replicas = {{"127.0.0.1", 4}}}};
  Apply(routes_);
  const auto& table = *book_.table();
  table.versions[0].replicas[0]->lanes[0].left_out_until_ns.Set(100);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(picker_.PickReplica(0, {}, 50).replica->name.port, 2);
  std::vector<const Replica*> tried = {table.versions[0].replicas[1].get()};
  Picker::Choice choice = picker_.PickReplica(0, tried, 50);
  EXPECT_EQ(choice.replica->name.port, 3);
  EXPECT_EQ(choice.version, 1);
  tried.push_back(choice.replica);
  EXPECT_EQ(picker_.PickReplica(0, tried, 50).replica->name.port, 1);
  tried.push_back(table.versions[0].replicas[0].get());
  EXPECT_EQ(picker_.PickReplica(0, tried, 50).replica, nullptr);
  routes_.fallback = false;
  Apply(routes_);
  tried.erase(tried.begin() + 1, tried.end());
  EXPECT_EQ(picker_.PickReplica(0, tried, 50).replica->name.port, 1);
  EXPECT_EQ(picker_.PickReplica(0, {}, 200).version, 0);
}

}  // namespace
}  // namespace slipway::splitter

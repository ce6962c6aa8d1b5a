#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "splitter/route_book_internal.h"

namespace slipway::splitter {
namespace {

constexpr int kLoops = 2;

class RouteBookTest : public ::testing::Test {
 protected:
  void Apply(const std::string& id, int port) {
    Routes routes;
    routes.versions = {{.id = id, .weight = 1, .replicas = {{"127.0.0.1", port}}}};
    const Status status = book_.Apply(routes);
    ASSERT_TRUE(status.ok()) << status.error().Render();
  }
  void AdoptAll() {
    for (int loop = 0; loop < kLoops; ++loop) book_.Adopted(loop, book_.generation());
  }

  std::vector<std::string> drained_;
  RouteBook book_{kLoops, [this](const std::string& version) { drained_.push_back(version); }};
};

TEST_F(RouteBookTest, AVersionIsDrainedWhenAllLoopsHaveLeftItAndNothingIsInFlight) {
  Apply("a", 1);
  AdoptAll();
  const std::shared_ptr<Version> a = book_.table()->versions[0].version;
  Apply("b", 2);
  book_.Adopted(0, book_.generation());
  EXPECT_FALSE(book_.WaitDrained("a", 0)) << "the other loop may still begin requests on it";
  a->lanes[1].in_flight.Set(1);
  book_.Adopted(1, book_.generation());
  EXPECT_FALSE(book_.WaitDrained("a", 0));
  a->lanes[1].in_flight.Set(0);
  book_.CheckDrained();
  EXPECT_TRUE(book_.WaitDrained("a", 0));
  book_.CheckDrained();
  EXPECT_EQ(drained_, std::vector<std::string>{"a"}) << "told once";
}

TEST_F(RouteBookTest, WhatStaysKeepsItsCountsAndItsReplicas) {
  Apply("a", 1);
  const RouteTable& before = *book_.table();
  const std::shared_ptr<Version> version = before.versions[0].version;
  const std::shared_ptr<Replica> replica = before.versions[0].replicas[0];
  Apply("a", 1);
  EXPECT_EQ(book_.table()->versions[0].version, version);
  EXPECT_EQ(book_.table()->versions[0].replicas[0], replica);
  Apply("a", 2);
  EXPECT_EQ(book_.table()->versions[0].version, version);
  EXPECT_NE(book_.table()->versions[0].replicas[0], replica);
}

TEST_F(RouteBookTest, ForgetsWhatHasEnded) {
  constexpr int kMany = 100;
  for (int i = 0; i < kMany; ++i) {
    Apply(fmt::format("{}", i), 1 + i);
    AdoptAll();
  }
  EXPECT_EQ(drained_.size(), size_t{kMany - 1});
  const std::vector<VersionSnapshot> kept = book_.Snapshot();
  EXPECT_LT(kept.size(), 20U);
  EXPECT_EQ(kept.back().id, "99");
  EXPECT_TRUE(kept.back().routed);
  EXPECT_EQ(kept.back().replicas.size(), 1U);
  EXPECT_TRUE(kept.front().replicas.empty()) << "replicas go at once";
}

}  // namespace
}  // namespace slipway::splitter

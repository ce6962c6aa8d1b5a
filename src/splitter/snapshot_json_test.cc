#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/counting.h"
#include "splitter/types.h"

namespace slipway::splitter {
namespace {

using ::testing::HasSubstr;

VersionSnapshot Counted() {
  VersionSnapshot version;
  version.id = "fraud:7";
  version.weight = 12.5;
  version.routed = false;
  version.drained = true;
  version.in_flight = 1;
  version.requests = 10;
  version.answers = {5, 1, 2, 2};
  version.others = {11, 12};
  version.unanswered = 13;
  version.failed = 3;
  version.retried = 4;
  version.abandoned = 5;
  version.nanoseconds = 9'007'199'254'740'993;  // No double holds it.
  version.latencies.assign(LatencyBuckets::kCount, 0);
  version.latencies.front() = 2;
  version.latencies[300] = 7;
  version.latencies.back() = 1;
  version.mirror = {1, 2, 3, 4, 5, 6};
  version.feedback = {7, 8, 9};
  version.replicas = {
      {.host = "::1", .port = 8081, .routed = false, .left_out = true, .in_flight = 9}};
  return version;
}

TEST(SnapshotJson, ComesBackTheSame) {
  SplitterSnapshot snapshot{
      .versions = {Counted()}, .connections = 1, .in_flight = 2, .refused = 3, .unrouted = 4};
  snapshot.versions.emplace_back().id = "8";
  snapshot.versions.back().latencies.assign(LatencyBuckets::kCount, 0);
  const Json json = ToJson(snapshot);
  const auto read = SplitterSnapshotFromJson(*ParseJson(CompactJson(json), "text"));
  ASSERT_TRUE(read.ok()) << read.error().Render();
  EXPECT_EQ(CompactJson(ToJson(*read)), CompactJson(json));
  ASSERT_EQ(read->versions.size(), 2U);
  const VersionSnapshot& version = read->versions[0];
  const VersionSnapshot expected = Counted();
  EXPECT_EQ(version.latencies, expected.latencies);
  EXPECT_EQ(version.nanoseconds, expected.nanoseconds);
  EXPECT_EQ(version.answers, expected.answers);
  EXPECT_EQ(version.Percentile(0.5), expected.Percentile(0.5));
  EXPECT_EQ(version.replicas.at(0).host, "::1");
  EXPECT_EQ(version.others.requests, 11);
  EXPECT_EQ(version.others.errors, 12);
  EXPECT_EQ(version.unanswered, 13);
  EXPECT_EQ(version.feedback.sent, 7);
  EXPECT_EQ(version.feedback.failed, 8);
  EXPECT_EQ(version.feedback.dropped, 9);
}

TEST(SnapshotJson, EachBucketIsItsOwn) {
  VersionSnapshot version = Counted();
  for (size_t i = 0; i < version.latencies.size(); ++i)
    version.latencies[i] = static_cast<int64_t>(i) + 1;
  const auto read = SplitterSnapshotFromJson(ToJson(SplitterSnapshot{.versions = {version}}));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->versions.at(0).latencies, version.latencies);
}

TEST(SnapshotJson, WhatIsNoneIsTold) {
  const auto error_of = [](const char* text) {
    const auto read = SplitterSnapshotFromJson(*ParseJson(text, "text"), "http://a");
    return read.ok() ? "" : read.error().ToString();
  };
  EXPECT_THAT(error_of("[]"), HasSubstr("http://a"));
  EXPECT_THAT(error_of("{}"), HasSubstr("versions"));
  EXPECT_THAT(error_of(R"({"versions": [{"id": "7"}, {}]})"), HasSubstr("versions[1]"));
  EXPECT_THAT(error_of(R"({"versions": [{"id": "7", "replicas": [1]}]})"), HasSubstr("[0]"));
  EXPECT_THAT(error_of(R"({"versions": [{"id": "7", "latency": {"buckets": [[1]]}}]})"),
              HasSubstr("[0]"));
  EXPECT_EQ(error_of(R"({"versions": [{"id": "7"}], "new": 1})"), "");
}

}  // namespace
}  // namespace slipway::splitter

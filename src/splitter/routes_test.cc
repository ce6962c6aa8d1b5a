#include "splitter/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace slipway::splitter {
namespace {

using ::testing::HasSubstr;

constexpr const char* kAll = R"({
  "versions": [
    {"id": "8", "weight": 10, "replicas": [{"host": "127.0.0.1", "port": 9001}]},
    {"id": "7", "weight": 90.5, "replicas": [{"host": "127.0.0.1", "port": 9002},
                                             {"host": "::1", "port": 9002}]},
    {"id": "shadow", "weight": 0, "replicas": []}],
  "sticky": {"cookie": "user", "salt": "s", "parts": [
    {"version": "7", "weight": 25}, {"version": "8", "weight": 25.5},
    {"version": "7", "weight": 50}]},
  "header_routes": [{"name": "X-Canary", "value": "always", "version": "8"}],
  "mirror": {"version": "shadow", "share": 0.25, "relative_tolerance": 0.1, "absolute_tolerance": 2},
  "fallback": false, "idempotent": true, "copy_feedback": false})";

std::string ErrorOf(const std::string& text) {
  const Result<Routes> routes = ParseRoutes(text);
  return routes.ok() ? "" : routes.error().Render();
}

TEST(Routes, GoToJsonAndBack) {
  const Result<Routes> routes = ParseRoutes(kAll);
  ASSERT_TRUE(routes.ok()) << routes.error().Render();
  EXPECT_EQ(routes->versions.size(), 3U);
  EXPECT_EQ(routes->versions[1].weight, 90.5);
  EXPECT_EQ(routes->versions[1].replicas[1].host, "::1");
  EXPECT_EQ(routes->sticky.cookie, "user");
  EXPECT_EQ(routes->sticky.salt, "s");
  ASSERT_EQ(routes->sticky.parts.size(), 3U);
  EXPECT_EQ(routes->sticky.parts[1].version, "8");
  EXPECT_EQ(routes->sticky.parts[1].weight, 25.5);
  EXPECT_EQ(routes->header_routes[0].value, "always");
  EXPECT_EQ(routes->mirror.version, "shadow");
  EXPECT_EQ(routes->mirror.share, 0.25);
  EXPECT_EQ(routes->mirror.tolerance, (NumberTolerance{.relative = 0.1, .absolute = 2}));
  EXPECT_FALSE(routes->fallback);
  EXPECT_TRUE(routes->idempotent);
  EXPECT_FALSE(routes->copy_feedback);
  const std::string text = CompactJson(ToJson(*routes));
  const Result<Routes> again = ParseRoutes(text);
  ASSERT_TRUE(again.ok()) << again.error().Render();
  EXPECT_EQ(CompactJson(ToJson(*again)), text);
}

TEST(Routes, MembersMayBeLeftOut) {
  const Result<Routes> routes = ParseRoutes("{}");
  ASSERT_TRUE(routes.ok());
  EXPECT_TRUE(routes->versions.empty());
  EXPECT_TRUE(routes->fallback);
  EXPECT_FALSE(routes->idempotent);
  EXPECT_TRUE(routes->copy_feedback);
  EXPECT_FALSE(routes->sticky.wanted());
  EXPECT_TRUE(ParseRoutes(CompactJson(ToJson(*routes))).ok());
}

TEST(Routes, MistakesSayWhereTheyAre) {
  EXPECT_THAT(ErrorOf("{"), HasSubstr("not valid JSON"));
  EXPECT_THAT(ErrorOf("[]"), HasSubstr("an object"));
  EXPECT_THAT(ErrorOf(R"({"version": []})"),
              AllOf(HasSubstr("no member \"version\""), HasSubstr("\"versions\"")));
  EXPECT_THAT(ErrorOf(R"({"versions": {}})"), AllOf(HasSubstr("versions"), HasSubstr("a list")));
  EXPECT_THAT(ErrorOf(R"({"versions": [{"id": 7}]})"),
              AllOf(HasSubstr("versions[0].id"), HasSubstr("a text")));
  EXPECT_THAT(ErrorOf(R"({"versions": [{"id": "7", "weight": "10"}]})"),
              AllOf(HasSubstr("versions[0].weight"), HasSubstr("a number")));
  EXPECT_THAT(ErrorOf(R"({"versions": [{"id": "7", "weight": -1}]})"),
              AllOf(HasSubstr("versions[0].weight"), HasSubstr("0 or more")));
  EXPECT_THAT(ErrorOf(R"({"versions": [{"id": "7"}, {"id": "7"}]})"),
              AllOf(HasSubstr("versions[1].id"), HasSubstr("stands twice")));
  EXPECT_THAT(ErrorOf(R"({"versions": [{"weight": 1}]})"), HasSubstr("has no id"));
  EXPECT_THAT(ErrorOf(R"({"versions": [{"id": "7", "replicas": [{"host": "a", "port": 70000}]}]})"),
              AllOf(HasSubstr("versions[0].replicas[0].port"), HasSubstr("1 to 65535")));
  EXPECT_THAT(ErrorOf(R"({"versions": [{"id": "7", "replicas": [{"host": "a", "port": 1.5}]}]})"),
              HasSubstr("a whole number"));
  EXPECT_THAT(ErrorOf(R"({"versions": [{"id": "7"}],
                          "mirror": {"version": "8", "share": 2}})"),
              AllOf(HasSubstr("mirror.version"), HasSubstr("7"), HasSubstr("mirror.share"),
                    HasSubstr("0 to 1")));
  EXPECT_THAT(ErrorOf(R"({"mirror": {"relative_tolerance": -1, "absolute_tolerance": -2}})"),
              AllOf(HasSubstr("mirror.relative_tolerance: a tolerance can't be -1"),
                    HasSubstr("mirror.absolute_tolerance: a tolerance can't be -2")));
  EXPECT_THAT(ErrorOf(R"({"sticky": {"header": "X User"}})"), HasSubstr("sticky.header"));
  EXPECT_THAT(ErrorOf(R"({"sticky": {"cookie": "a;b"}})"),
              AllOf(HasSubstr("sticky.cookie"), HasSubstr("no name of a cookie")));
  EXPECT_THAT(ErrorOf(R"({"sticky": {"header": "a", "cookie": "b"}})"),
              HasSubstr("one of the two"));
  EXPECT_THAT(ErrorOf(R"({"versions": [{"id": "7"}], "sticky": {"cookie": "a", "parts":
                          [{"version": "7", "weight": -1}, {"version": "8", "weight": 1}]}})"),
              AllOf(HasSubstr("sticky.parts[0].weight"), HasSubstr("0 or more"),
                    HasSubstr("sticky.parts[1].version"), HasSubstr("no version \"8\"")));
  EXPECT_THAT(ErrorOf(R"({"versions": [{"id": "7"}], "sticky": {"cookie": "a", "parts":
                          [{"version": "7"}]}})"),
              AllOf(HasSubstr("sticky.parts"), HasSubstr("more than 0")));
  EXPECT_THAT(ErrorOf(R"({"versions": [{"id": "7"}], "sticky": {"parts": [{"share": 1}]}})"),
              AllOf(HasSubstr("no member \"share\""), HasSubstr("weight")));
  EXPECT_THAT(ErrorOf(R"({"header_routes": [{"name": "A", "value": "b", "version": "9"}]})"),
              HasSubstr("header_routes[0].version"));
  EXPECT_THAT(ErrorOf(R"({"versions": [{"id": "9"}], "header_routes":
                          [{"name": "A", "value": "", "version": "9"}]})"),
              HasSubstr("header_routes[0].value"));
  EXPECT_THAT(ErrorOf(R"({"versions": [{"id": "7", "replicas":
                          [{"host": "a", "port": 1}, {"host": "a", "port": 1}]}]})"),
              HasSubstr("versions[0].replicas[1]"));
}

TEST(Routes, WeightsAreNumbers) {
  Routes routes;
  routes.versions.push_back({.id = "7", .weight = std::nan(""), .replicas = {}});
  EXPECT_FALSE(CheckRoutes(routes).ok());
  routes.versions[0].weight = INFINITY;
  EXPECT_FALSE(CheckRoutes(routes).ok());
  routes.versions[0].weight = 0.001;
  EXPECT_TRUE(CheckRoutes(routes).ok());
  // Shares are parts of the sum.
  routes.versions[0].weight = 1e308;
  EXPECT_TRUE(CheckRoutes(routes).ok());
  routes.versions.push_back({.id = "8", .weight = 1e308, .replicas = {}});
  EXPECT_THAT(CheckRoutes(routes).error().Render(), HasSubstr("add up to infinity"));
}

}  // namespace
}  // namespace slipway::splitter

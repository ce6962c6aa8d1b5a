#include "serve/access.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "core/testing.h"
#include "serve/allowed_hosts_internal.h"

namespace slipway::serve {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kToken = "a-token-of-24-characters";
constexpr const char* kOther = "b-token-of-24-characters";
constexpr const char* kAdmin = "the-token-of-an-operator";

http::Request RequestWith(std::vector<http::Header> headers, std::string_view target = "/predict") {
  http::Request request;
  request.method = "POST";
  request.target = request.path = target;
  request.headers = std::move(headers);
  return request;
}

// The status of a request that presents `authorization`; 200 where it may be answered.
int StatusOf(const Access& access, const std::string& authorization,
             Scope scope = Scope::kPredict) {
  std::vector<http::Header> headers = {{"Host", "localhost:8080"}};
  if (!authorization.empty()) headers.push_back({"authorization", authorization});
  const auto rejection = access.Check(RequestWith(std::move(headers)), scope);
  return rejection ? rejection->status : 200;
}

std::string Bearer(std::string_view token) { return fmt::format("Bearer {}", token); }

class AccessTest : public ::testing::Test {
 protected:
  // Returns its path.
  std::string Write(const std::string& name, const std::string& text, mode_t mode = 0600) {
    std::ofstream(folder_.File(name), std::ios::binary) << text;
    ::chmod(folder_.File(name).c_str(), mode);
    return folder_.File(name);
  }
  static Access Made(const AccessOptions& options) {
    auto made = Access::Make(options);
    EXPECT_TRUE(made.ok()) << made.error().ToString();
    return made.ok() ? *std::move(made) : Access();
  }
  static std::string FailureOf(const AccessOptions& options) {
    const auto made = Access::Make(options);
    return made.ok() ? "" : made.error().ToString();
  }

  testing::TemporaryDirectory folder_;
};

TEST_F(AccessTest, WithoutTokensAnybodyMayAskAndNobodyIsAdmin) {
  for (const Access& access : {Access(), Made({})}) {
    EXPECT_EQ(StatusOf(access, ""), 200);
    EXPECT_EQ(StatusOf(access, Bearer("whatever")), 200);
    EXPECT_EQ(StatusOf(access, "", Scope::kOpen), 200);
    EXPECT_EQ(StatusOf(access, "", Scope::kAdmin), 403);
    EXPECT_EQ(StatusOf(access, Bearer(""), Scope::kAdmin), 403);
  }
}

TEST_F(AccessTest, EachTokenOfTheFileOpensPredictions) {
  const Access access = Made({.tokens_path = Write("tokens", fmt::format("# of the shop\n{}\r\n\n"
                                                                         "  {}  \n# end",
                                                                         kToken, kOther))});
  EXPECT_EQ(StatusOf(access, Bearer(kToken)), 200);
  EXPECT_EQ(StatusOf(access, Bearer(kOther)), 200);
  EXPECT_EQ(StatusOf(access, ""), 401);
  EXPECT_EQ(StatusOf(access, "", Scope::kOpen), 200);
  EXPECT_EQ(StatusOf(access, Bearer(kToken), Scope::kAdmin), 403);
  EXPECT_THAT(access.warnings(), SizeIs(0));
}

TEST_F(AccessTest, OnlyTheWholeTokenOfItsSchemeIsTaken) {
  const Access access = Made({.tokens = kToken});
  const std::string token = kToken;
  for (const std::string& right : {"Bearer " + token, "bearer " + token, "BEARER   " + token})
    EXPECT_EQ(StatusOf(access, right), 200) << right;
  const std::vector<std::string> others = {token,
                                           "Bearer",
                                           "Bearer ",
                                           "Basic " + token,
                                           "Token " + token,
                                           "Bearer" + token,
                                           "Bearer " + token + "x",
                                           "Bearer " + token.substr(1),
                                           "Bearer " + token + " x",
                                           "Bearer A" + token.substr(1),
                                           "Bearer\t" + token,
                                           "Bearer \"" + token + "\""};
  for (const std::string& wrong : others) {
    EXPECT_EQ(StatusOf(access, wrong), 401) << wrong;
  }
}

TEST_F(AccessTest, SeveralHeadersAreNotTaken) {
  const Access access = Made({.tokens = kToken});
  const std::string right = Bearer(kToken), wrong = Bearer(kOther);
  for (const auto& [first, second] : {std::pair(right, wrong), {wrong, right}, {right, right}}) {
    const auto rejection = access.Check(
        RequestWith({{"Authorization", first}, {"authorization", second}}), Scope::kPredict);
    ASSERT_TRUE(rejection);
    EXPECT_EQ(rejection->status, 401);
  }
}

TEST_F(AccessTest, AdminTokensOpenAllPagesAndOthersNoAdminPage) {
  const Access access =
      Made({.admin_tokens_path = Write("admin", kAdmin), .tokens = fmt::format("{},", kToken)});
  EXPECT_EQ(StatusOf(access, Bearer(kAdmin), Scope::kAdmin), 200);
  EXPECT_EQ(StatusOf(access, Bearer(kAdmin)), 200);
  EXPECT_EQ(StatusOf(access, Bearer(kToken), Scope::kAdmin), 403);
  EXPECT_EQ(StatusOf(access, Bearer(kOther), Scope::kAdmin), 401);
  EXPECT_EQ(StatusOf(access, "", Scope::kAdmin), 401);
  // Without tokens of their own, predictions are for anybody.
  const Access open = Made({.admin_tokens = kAdmin});
  EXPECT_EQ(StatusOf(open, ""), 200);
  EXPECT_EQ(StatusOf(open, "", Scope::kAdmin), 401);
  EXPECT_EQ(StatusOf(open, Bearer(kAdmin), Scope::kAdmin), 200);
}

TEST_F(AccessTest, FileAndVariableAddUp) {
  const Access access = Made(
      {.tokens_path = Write("tokens", kToken), .tokens = fmt::format(" {} ,{}", kOther, kAdmin)});
  for (const char* token : {kToken, kOther, kAdmin})
    EXPECT_EQ(StatusOf(access, Bearer(token)), 200);
  EXPECT_EQ(StatusOf(access, Bearer(fmt::format("{},{}", kOther, kAdmin))), 401);
}

TEST_F(AccessTest, AWrongTokenIsToldByFileAndLineAndNotByItself) {
  const std::string path = Write("tokens", fmt::format("# one\n{}\n\nsecret15letters\n", kToken));
  const std::string told = FailureOf({.tokens_path = path});
  EXPECT_THAT(told, HasSubstr(path + ":4"));
  EXPECT_THAT(told, HasSubstr("16"));
  EXPECT_THAT(told, Not(HasSubstr("secret15")));
  EXPECT_EQ(FailureOf({.tokens_path = Write("tokens", "exactly16letters")}), "");
  for (const char* wrong : {"a token that has blanks", "ein-Schlüssel-mit-Umlaut",
                            "a-token-with\x7f-control", "a-token-with\ttabs-inside"}) {
    const std::string failure = FailureOf({.tokens_path = Write("tokens", wrong)});
    EXPECT_THAT(failure, HasSubstr("tokens:1")) << wrong;
    EXPECT_THAT(failure, Not(HasSubstr(wrong)));
  }
  const std::string variable = FailureOf({.tokens = fmt::format("{},short", kToken)});
  EXPECT_THAT(variable, HasSubstr(kTokensVariable));
  EXPECT_THAT(variable, Not(HasSubstr(",short")));
  EXPECT_THAT(FailureOf({.admin_tokens = "short"}), HasSubstr(kAdminTokensVariable));
}

TEST_F(AccessTest, AnEmptySetIsAnErrorAndOpensNothing) {
  for (const char* text : {"", "\n\n", "# nothing yet\n", "   "}) {
    EXPECT_NE(FailureOf({.tokens_path = Write("tokens", text)}), "") << text;
    EXPECT_NE(FailureOf({.admin_tokens_path = Write("tokens", text)}), "") << text;
  }
  EXPECT_NE(FailureOf({.tokens = ""}), "");
  EXPECT_NE(FailureOf({.tokens = " , ,"}), "");
  EXPECT_THAT(FailureOf({.tokens_path = folder_.File("nowhere")}), HasSubstr("nowhere"));
  EXPECT_NE(FailureOf({.tokens_path = folder_.path()}), "");
}

TEST_F(AccessTest, AFileThatOthersMayReadIsWarnedOf) {
  for (const mode_t mode : {0640U, 0604U, 0644U}) {
    const std::string path = Write("tokens", kToken, mode);
    const Access access = Made({.tokens_path = path});
    ASSERT_THAT(access.warnings(), SizeIs(1)) << mode;
    EXPECT_THAT(access.warnings().front(), HasSubstr(path));
    EXPECT_EQ(StatusOf(access, Bearer(kToken)), 200);
  }
  EXPECT_THAT(Made({.tokens_path = Write("tokens", kToken, 0400)}).warnings(), SizeIs(0));
}

TEST_F(AccessTest, TheEnvironmentIsRead) {
  ::setenv(kTokensVariable, kToken, 1);
  ::unsetenv(kAdminTokensVariable);
  AccessOptions options;
  options.ReadEnvironment();
  ::unsetenv(kTokensVariable);
  EXPECT_EQ(options.tokens, kToken);
  EXPECT_EQ(options.admin_tokens, std::nullopt);
}

TEST_F(AccessTest, TokensAreReadAnewAndAFailureKeepsTheOld) {
  AccessHost host({.tokens_path = Write("tokens", kToken)});
  const uint64_t first = host.generation();
  ASSERT_TRUE(host.Load().ok());
  EXPECT_GT(host.generation(), first);
  const auto old = host.current();
  EXPECT_EQ(StatusOf(*old, Bearer(kToken)), 200);
  Write("tokens", kOther);
  ASSERT_TRUE(host.Load().ok());
  EXPECT_EQ(StatusOf(*host.current(), Bearer(kToken)), 401);
  EXPECT_EQ(StatusOf(*host.current(), Bearer(kOther)), 200);
  EXPECT_EQ(StatusOf(*old, Bearer(kToken)), 200);
  Write("tokens", "");
  const uint64_t before = host.generation();
  EXPECT_FALSE(host.Load().ok());
  EXPECT_EQ(host.generation(), before);
  EXPECT_EQ(StatusOf(*host.current(), Bearer(kOther)), 200);
}

TEST_F(AccessTest, OtherNamesAreRefusedBeforeTokensAreLookedAt) {
  const Access access = Made({.tokens = kToken, .hosts = {"a.example", "*.c.example"}});
  const auto status = [&](const char* host, Scope scope = Scope::kPredict) {
    const auto rejection = access.Check(
        RequestWith({{"Host", host}, {"Authorization", "Bearer a-token-of-24-characters"}}), scope);
    return rejection ? rejection->status : 200;
  };
  EXPECT_EQ(status("A.Example:8080"), 200);
  EXPECT_EQ(status("x.c.example"), 200);
  EXPECT_EQ(status("evil.example"), 403);
  EXPECT_EQ(status(""), 403);
  EXPECT_EQ(status("evil.example", Scope::kAdmin), 403);
  EXPECT_EQ(status("10.1.2.3:8080", Scope::kOpen), 200);
}

TEST_F(AccessTest, TheAuthorityOfAnAbsoluteTargetCountsWhereThereIsNoHost) {
  const Access access = Made({.hosts = {"a.example"}});
  for (const auto& [target, status] : {std::pair("http://a.example/predict", 200),
                                       {"HTTPS://A.example:1?x=y", 200},
                                       {"http://evil.example/a.example", 403},
                                       {"/predict", 403},
                                       {"*", 403}}) {
    const auto rejection = access.Check(RequestWith({}, target), Scope::kPredict);
    EXPECT_EQ(rejection ? rejection->status : 200, status) << target;
  }
}

TEST(ScopeTest, FollowsTheRoutes) {
  for (const char* path :
       {"/", "/health", "/ping", "/ready", "/v2/health/live", "/v2/health/ready"})
    EXPECT_EQ(ScopeOf(path), Scope::kOpen) << path;
  for (const char* path : {"/admin/reload", "/admin/", "/admin/x"})
    EXPECT_EQ(ScopeOf(path), Scope::kAdmin) << path;
  for (const char* path : {"/predict", "/metrics", "/openapi.json", "/v2", "/v2/models/m/ready",
                           "/health/", "/Health", "/health/../predict", "/admin", "", "//"})
    EXPECT_EQ(ScopeOf(path), Scope::kPredict) << path;
}

struct HostCase {
  const char* allowed;
  const char* asked;
  bool fits;
};

class AllowedHostsTest : public ::testing::TestWithParam<HostCase> {};

TEST_P(AllowedHostsTest, ComparesNamesAndPorts) {
  const auto hosts = AllowedHosts::Make({"unrelated.example", GetParam().allowed});
  ASSERT_TRUE(hosts.ok()) << hosts.error().ToString();
  EXPECT_EQ(hosts->Allows(GetParam().asked), GetParam().fits);
}

INSTANTIATE_TEST_SUITE_P(
    All, AllowedHostsTest,
    ::testing::Values(
        HostCase{"a.example", "a.example", true}, HostCase{"a.example", "A.EXAMPLE", true},
        HostCase{"A.Example", "a.example:8080", true}, HostCase{"a.example", "a.example.", true},
        HostCase{"a.example.", "a.example:1", true}, HostCase{"a.example", "a.example:", true},
        HostCase{"a.example", "xa.example", false}, HostCase{"a.example", "a.example.evil", false},
        HostCase{"a.example", "x.a.example", false}, HostCase{"a.example", "", false},
        HostCase{"a.example", ".", false}, HostCase{"a.example", ":80", false},
        HostCase{"a.example", "a.example:x", false}, HostCase{"a.example", "a.example:80x", false},
        HostCase{"a.example", "a.example:99999", false},
        HostCase{"a.example", "a.example:-1", false},
        HostCase{"a.example", "a.example,evil", false},
        HostCase{"a.example:8443", "a.example:8443", true},
        HostCase{"a.example:8443", "a.example:8080", false},
        HostCase{"a.example:8443", "a.example", false},
        // Clients leave out what their scheme implies.
        HostCase{"a.example:443", "a.example", true}, HostCase{"a.example:80", "a.example", true},
        HostCase{"a.example:443", "a.example:80", false},
        HostCase{"*.c.example", "x.c.example", true},
        HostCase{"*.C.example", "x.Y.c.example:99", true},
        HostCase{"*.c.example", "c.example", false}, HostCase{"*.c.example", ".c.example", false},
        HostCase{"*.c.example", "xc.example", false},
        HostCase{"*.c.example", "x.c.example.evil", false},
        HostCase{"*.c.example:1", "x.c.example:1", true},
        HostCase{"*.c.example:1", "x.c.example:2", false},
        HostCase{"10.0.0.1", "10.0.0.1:8080", true}, HostCase{"10.0.0.1", "10.0.0.10", false},
        HostCase{"[::1]", "[::1]:8080", true}, HostCase{"::1", "[::1]", true},
        HostCase{"[::1]:8080", "[0:0:0:0:0:0:0:1]:8080", true},
        HostCase{"[2001:DB8::A]", "[2001:db8:0::a]", true},
        HostCase{"[::1]:8080", "[::1]:8081", false}, HostCase{"[::1]", "[::2]", false},
        HostCase{"[::1]", "::1", false}, HostCase{"[::1]", "[::1", false},
        HostCase{"[::1]", "[]", false}, HostCase{"[::1]", "[::1]x", false},
        HostCase{"[::1]", "[0000000000000000000000000000000000000000000000000001]", false},
        HostCase{"*", "whatever", true}, HostCase{"*", "", true}));

TEST(AllowedHostsTest, NoneAllowsAny) {
  EXPECT_TRUE(AllowedHosts().Allows("x"));
  EXPECT_TRUE(AllowedHosts::Make({})->Allows(""));
}

TEST(AllowedHostsTest, WhatIsNoHostIsToldAsItWasWritten) {
  for (const char* wrong :
       {"", "http://a.example", "a.example/predict", "a b", "*.", "*.*", "a*", "*.[::1]", "[::1",
        "[x]", "a.example:port", "a.example:70000", "1:2:3", "user@a.example", "."}) {
    const auto hosts = AllowedHosts::Make({"a.example", wrong});
    ASSERT_FALSE(hosts.ok()) << wrong;
    EXPECT_EQ(hosts.error().code(), ErrorCode::kInvalidInput);
    EXPECT_THAT(hosts.error().message(), HasSubstr(fmt::format("'{}'", wrong)));
  }
}

}  // namespace
}  // namespace slipway::serve

#include "http/bearer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::http {
namespace {

using ::testing::HasSubstr;

Presented Find(const std::vector<Header>& headers, std::string_view* token) {
  Request request;
  request.headers = headers;
  return FindBearerToken(request, token);
}

TEST(Bearer, FindsTheToken) {
  std::string_view token;
  EXPECT_EQ(Find({{"Accept", "a"}, {"authorization", "BEARER  abc"}}, &token), Presented::kToken);
  EXPECT_EQ(token, "abc");
  EXPECT_EQ(Find({{"Accept", "a"}}, &token), Presented::kNone);
  EXPECT_EQ(Find({{"Authorization", "Basic abc"}}, &token), Presented::kOther);
  EXPECT_EQ(Find({{"Authorization", "Bearer"}}, &token), Presented::kOther);
  EXPECT_EQ(Find({{"Authorization", "Bearer a"}, {"Authorization", "Bearer b"}}, &token),
            Presented::kSeveral);
}

TEST(Bearer, RefusesTokensThatAreNone) {
  EXPECT_TRUE(CheckBearerToken("0123456789abcdef", {}).ok());
  EXPECT_EQ(CheckBearerToken("0123456789abcde", {}).error().code(), ErrorCode::kInvalidInput);
  Location where;
  where.file = "VARIABLE";
  const Status blank = CheckBearerToken("secret secret secret", where);
  ASSERT_FALSE(blank.ok());
  EXPECT_THAT(blank.error().ToString(), HasSubstr("VARIABLE: a token has a character"));
  EXPECT_EQ(blank.error().ToString().find("secret"), std::string::npos);
}

}  // namespace
}  // namespace slipway::http

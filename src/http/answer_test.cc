#include "http/answer.h"

#include <gtest/gtest.h>

#include <ctime>

namespace slipway::http {
namespace {

TEST(AppendAnswerTest, SaysWhenItWasMade) {
  Response response;
  response.body = "{}";
  std::string bytes;
  AppendAnswer(response, false, Persistence::kImplied, "Sun, 06 Nov 1994 08:49:37 GMT", &bytes);
  EXPECT_EQ(bytes,
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: "
            "application/json\r\nContent-Length: 2\r\n\r\n{}");
}

TEST(DateTextTest, IsNow) {
  DateText date;
  const time_t before = ::time(nullptr);
  const std::string text(date.Now());
  tm parts{};
  ASSERT_NE(::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts), nullptr) << text;
  const time_t told = ::timegm(&parts);
  EXPECT_GE(told, before);
  EXPECT_LE(told, ::time(nullptr));
  EXPECT_EQ(text.size(), 29U);
}

}  // namespace
}  // namespace slipway::http

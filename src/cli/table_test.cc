#include "cli/table.h"

#include <gtest/gtest.h>

namespace slipway::cli {
namespace {

TEST(TableTest, ColumnsNeverTouch) {
  const Session session;
  EXPECT_EQ(Table({{{"NAME"}, {"n", "", true}, {"STATUS"}},
                   {{"a-name-longer-than-its-header"}, {"7", "", true}, {"passed"}},
                   {{"é"}, {"1,000", "", true}}},
                  session),
            "NAME                               n  STATUS\n"
            "a-name-longer-than-its-header      7  passed\n"
            "é                              1,000\n");
}

TEST(TableTest, OneEndlessCellDoesNotPushTheOthersAway) {
  const Session session;
  const std::string endless(200, 'x');
  EXPECT_EQ(Table({{{endless}, {"1"}}, {{"y"}, {"2"}}}, session),
            endless + "  1\ny" + std::string(59, ' ') + "  2\n");
}

TEST(TableTest, NoLineEndsWithABlank) {
  const Session session;
  EXPECT_EQ(Table({{{"key"}, {"change", "", true}}, {{"a"}, {"", "", true}}}, session),
            "key  change\na\n");
}

TEST(TableTest, ASectionIsIndentedAndLinesUp) {
  const Session session;
  EXPECT_EQ(Table({{{"key"}, {"value"}}}, session, kSection), "  key            value\n");
}

TEST(TableTest, ControlCharactersStayOutAndColourTakesNoWidth) {
  Session session;
  session.color = true;
  EXPECT_EQ(Table({{{"A"}, {"B"}}, {{"\x1b[2J", "32"}, {"b"}}}, session),
            "\x1b[1mA\x1b[0m     \x1b[1mB\x1b[0m\n\x1b[32m [2J\x1b[0m  b\n");
}

}  // namespace
}  // namespace slipway::cli

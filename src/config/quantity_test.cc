#include "config/quantity.h"

#include <gtest/gtest.h>

namespace slipway::config {
namespace {

TEST(Quantity, HasAValue) {
  EXPECT_EQ(ParseQuantity("2"), 2);
  EXPECT_EQ(ParseQuantity("500m"), 0.5);
  EXPECT_EQ(ParseQuantity("1.5Gi"), 1.5 * 1024 * 1024 * 1024);
  EXPECT_EQ(ParseQuantity("3M"), 3e6);
}

TEST(Quantity, OrIsNone) {
  for (const char* text : {"", "Gi", "1.", ".5", "1.2.3", "1GB", "-1", "1 Gi"}) {
    EXPECT_FALSE(ParseQuantity(text)) << text;
  }
}

}  // namespace
}  // namespace slipway::config

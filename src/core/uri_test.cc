#include "core/uri.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(UriTest, DecodesPercent) {
  EXPECT_EQ(DecodePercent("a%20b%C3%B6%2f"), "a b\xC3\xB6/");
  for (const char* plain : {"", "%", "%4", "a%zz", "100%"}) EXPECT_EQ(DecodePercent(plain), plain);
}

TEST(UriTest, EncodesAllThatMayMeanSomething) {
  EXPECT_EQ(EncodePercent("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(EncodePercent("my model"), "my%20model");
  EXPECT_EQ(EncodePercent("{x}/\xC3\xB6?#%"), "%7Bx%7D%2F%C3%B6%3F%23%25");
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  EXPECT_EQ(DecodePercent(EncodePercent(bytes)), bytes);
}

TEST(UriTest, PathsOfFiles) {
  EXPECT_TRUE(IsFileUri("file:///a"));
  EXPECT_FALSE(IsFileUri("/a") || IsFileUri("s3://a"));
  EXPECT_EQ(PathOfFileUri("file:///srv/my%20data/t.csv"), "/srv/my data/t.csv");
  EXPECT_EQ(PathOfFileUri("file://localhost/t.csv"), "/t.csv");
  EXPECT_EQ(PathOfFileUri("file://server/t.csv"), std::nullopt);
  EXPECT_EQ(PathOfFileUri("file://"), std::nullopt);
}

}  // namespace
}  // namespace slipway

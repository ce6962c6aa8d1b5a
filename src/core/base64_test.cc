#include "core/base64.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

// The test vectors of RFC 4648, section 10.
TEST(Base64, KnownTexts) {
  const std::pair<const char*, const char*> cases[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(ToBase64(bytes), text);
    const auto back = FromBase64(text);
    ASSERT_TRUE(back.ok()) << text;
    EXPECT_EQ(*back, bytes);
  }
}

TEST(Base64, AnyByteComesBack) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += static_cast<char>(i * 7 % 256);
  const auto back = FromBase64(ToBase64(bytes));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(*back, bytes);
}

TEST(Base64, RefusesWhatItDoesNotWrite) {
  for (const char* text :
       {"Zg", "Zg=", "Zg==\n", " Zg=", "Zh==", "Z===", "====", "Zm9v!m9v", "Zg==Zg=="}) {
    EXPECT_FALSE(FromBase64(text).ok()) << text;
  }
}

}  // namespace
}  // namespace slipway

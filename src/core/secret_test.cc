#include "core/secret.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace slipway {
namespace {

TEST(SecretDigestTest, EqualsTheSameSecretOnly) {
  const SecretDigest secret("correct horse battery staple");
  EXPECT_TRUE(secret.Equals(SecretDigest("correct horse battery staple")));
  for (const char* other : {"", "correct horse battery stapl", "correct horse battery staple ",
                            "Correct horse battery staple"}) {
    EXPECT_FALSE(secret.Equals(SecretDigest(other))) << other;
  }
  EXPECT_TRUE(SecretDigest("").Equals(SecretDigest(std::string_view())));
  EXPECT_FALSE(SecretDigest(std::string_view("a\0b", 3)).Equals(SecretDigest("a")));
}

TEST(SecretDigestTest, IsTheSameOnEachThreadAndAfterOthers) {
  const std::string lengthy(1000, 'x');
  const SecretDigest first(lengthy);
  const SecretDigest between("another");
  bool same = false;
  std::thread([&] { same = SecretDigest(lengthy).Equals(first); }).join();
  EXPECT_TRUE(same);
  EXPECT_TRUE(SecretDigest(lengthy).Equals(first));
  EXPECT_FALSE(between.Equals(first));
}

}  // namespace
}  // namespace slipway

#include "core/hash.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace slipway {
namespace {

// FIPS 180-2, appendix B.
constexpr const char* kOfNothing =
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr const char* kOfAbc =
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* kOfAMillionAs =
    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

TEST(HashTest, KnownAnswers) {
  EXPECT_EQ(DigestOf(""), kOfNothing);
  EXPECT_EQ(DigestOf("abc"), kOfAbc);
  Sha256 hash;
  const std::string block(1000, 'a');
  for (int i = 0; i < 1000; ++i) hash.Update(block);
  EXPECT_EQ(hash.FinishHex(), kOfAMillionAs);
}

std::string HashOfFields(const std::string& first, const std::string& second) {
  Sha256 hash;
  hash.UpdateField(first);
  hash.UpdateField(second);
  return hash.FinishHex();
}

TEST(HashTest, FieldsKeepTheirBorders) {
  EXPECT_NE(HashOfFields("ab", "c"), HashOfFields("a", "bc"));
  EXPECT_NE(HashOfFields("", "abc"), HashOfFields("abc", ""));
  EXPECT_EQ(HashOfFields("ab", "c"), HashOfFields("ab", "c"));
}

TEST(HashTest, FilesHashAsTheirBytes) {
  const std::string path = testing::TempDir() + "slipway_hash_test";
  // Longer than a block of the reader, and not a whole number of them.
  std::string bytes(3'000'001, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31);
  std::ofstream(path, std::ios::binary) << bytes;
  EXPECT_EQ(DigestOfFile(path).value(), DigestOf(bytes));
  std::filesystem::remove(path);
  EXPECT_EQ(DigestOfFile(path).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(DigestOfFile(path).error().location().file, path);
  EXPECT_FALSE(DigestOfFile(testing::TempDir()).ok());
}

TEST(HashTest, WhatMayHaveNoEndIsRefused) {
  const std::string pipe = testing::TempDir() + "slipway_hash_pipe";
  ::unlink(pipe.c_str());
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const std::string& path : {pipe, std::string("/dev/zero"), testing::TempDir()}) {
    const Result<std::string> digest = DigestOfFile(path);
    ASSERT_FALSE(digest.ok());
    EXPECT_EQ(digest.error().code(), ErrorCode::kInvalidInput);
    EXPECT_TRUE(digest.error().message().ends_with("not a regular file"));
  }
  ::unlink(pipe.c_str());
}

TEST(HashTest, DigestsAreToldFromOtherTexts) {
  EXPECT_TRUE(IsDigest(kOfAbc));
  EXPECT_EQ(HexOf(kOfAbc).size(), 64U);
  const std::string digest = kOfAbc;
  EXPECT_FALSE(IsDigest(digest.substr(0, digest.size() - 1)));
  EXPECT_FALSE(IsDigest(digest + "0"));
  EXPECT_FALSE(IsDigest(HexOf(digest)));
  std::string upper = digest;
  upper.back() = 'D';
  EXPECT_FALSE(IsDigest(upper));
  EXPECT_FALSE(IsDigest("sha256:"));
  EXPECT_FALSE(IsDigest(""));
}

// RFC 4231, test cases 1, 2 and 6.
TEST(HashTest, MessagesAreSignedAsTheStandardSays) {
  EXPECT_EQ(HmacSha256Hex(std::string(20, '\x0b'), "Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(HmacSha256Hex("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(HmacSha256Hex(std::string(131, '\xaa'),
                          "Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_NE(HmacSha256Hex("", ""), HmacSha256Hex("a", ""));
}

}  // namespace
}  // namespace slipway

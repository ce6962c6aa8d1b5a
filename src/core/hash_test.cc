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

}  // namespace
}  // namespace slipway

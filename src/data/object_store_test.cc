// What an s3:// URI and the AWS variables say, and what no store may do with files.
#include "data/object_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "core/fault_injecting_file_system.h"
#include "core/testing.h"
#include "data/s3_location_internal.h"

namespace slipway::data {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Without the variables of whoever runs the tests.
class S3LocationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name :
         {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION",
          "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"}) {
      ::unsetenv(name);
    }
    Set("HOME", directory_.path());
  }
  void TearDown() override {
    for (const auto& [name, value] : set_) ::unsetenv(name.c_str());
  }
  void Set(const std::string& name, const std::string& value) {
    ::setenv(name.c_str(), value.c_str(), 1);
    set_[name] = value;
  }
  void Write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(WriteFileAtomically(LocalFileSystem(), directory_.File(name), text).ok());
  }
  static S3Location Resolve(const std::string& uri) {
    const auto location = ResolveS3Location(uri);
    EXPECT_TRUE(location.ok()) << location.error().ToString();
    return location.ok() ? *location : S3Location();
  }

  slipway::testing::TemporaryDirectory directory_;
  std::map<std::string, std::string> set_;
};

TEST_F(S3LocationTest, TheUriSaysAll) {
  const S3Location location =
      Resolve("s3://bucket/a/b/?endpoint_override=127.0.0.1:9000&scheme=http&region=eu-west-1");
  EXPECT_EQ(location.bucket, "bucket");
  EXPECT_EQ(location.prefix, "a/b");
  EXPECT_EQ(location.Service(), "http://127.0.0.1:9000");
  EXPECT_EQ(location.region, "eu-west-1");
  EXPECT_EQ(location.Uri(), "s3://bucket/a/b");
  EXPECT_EQ(location.KeyInBucket("c"), "a/b/c");
  EXPECT_EQ(location.KeyInBucket(""), "a/b");
  EXPECT_EQ(Resolve("s3://bucket").KeyInBucket("c"), "c");
  EXPECT_EQ(Resolve("s3://bucket").Service(), "Amazon S3");
  EXPECT_EQ(Resolve("s3://b/?endpoint_override=http://h:1").Service(), "http://h:1");
  EXPECT_EQ(Resolve("s3://b?endpoint_override=h").Service(), "https://h");
}

TEST_F(S3LocationTest, VariablesFillWhatTheUriLeavesOut) {
  Set("AWS_ENDPOINT_URL", "https://general:1");
  EXPECT_EQ(Resolve("s3://b").Service(), "https://general:1");
  Set("AWS_ENDPOINT_URL_S3", "http://special:2/");
  EXPECT_EQ(Resolve("s3://b").Service(), "http://special:2");
  EXPECT_EQ(Resolve("s3://b?endpoint_override=uri:3").endpoint, "uri:3");
  Set("AWS_DEFAULT_REGION", "eu-north-1");
  EXPECT_EQ(Resolve("s3://b").region, "eu-north-1");
  Set("AWS_REGION", "eu-south-1");
  EXPECT_EQ(Resolve("s3://b").region, "eu-south-1");
  EXPECT_EQ(Resolve("s3://b?region=x").region, "x");
}

TEST_F(S3LocationTest, TheProfileFillsTheRest) {
  Write(".aws/config",
        "[default]\nregion = eu-west-3\n[profile team]\n# region = no\nregion=ap-east-1\ns3 =\n"
        "  region = nested\nendpoint_url = http://team:9000\n");
  EXPECT_EQ(Resolve("s3://b").region, "eu-west-3");
  EXPECT_EQ(Resolve("s3://b").endpoint, "");
  Set("AWS_PROFILE", "team");
  EXPECT_EQ(Resolve("s3://b").region, "ap-east-1");
  EXPECT_EQ(Resolve("s3://b").Service(), "http://team:9000");
  Set("AWS_PROFILE", "nobody");
  EXPECT_EQ(Resolve("s3://b").region, "");
  Write("elsewhere", "[nobody]\nregion = sa-east-1\n");
  Set("AWS_SHARED_CREDENTIALS_FILE", directory_.File("elsewhere"));
  EXPECT_EQ(Resolve("s3://b").region, "sa-east-1");
}

TEST_F(S3LocationTest, MistakesAreToldWithoutWhatMayBeSecret) {
  for (const std::string& uri : std::vector<std::string>{
           "s3://hunter2:hunter2@bucket", "s3://hunter2@bucket/x", "s3://bucket?secret_key=hunter2",
           "s3://bucket?hunter2", "s3://bucket?endpoint_override=hunter2@host",
           "s3://bucket?scheme=hunter2"}) {
    const auto location = ResolveS3Location(uri);
    ASSERT_FALSE(location.ok()) << uri;
    EXPECT_EQ(location.error().code(), ErrorCode::kInvalidInput);
    EXPECT_THAT(location.error().ToString(), Not(HasSubstr("hunter2"))) << uri;
  }
  EXPECT_EQ(ResolveS3Location("s3://b?regoin=x").error().hint(), "region");
  EXPECT_THAT(ResolveS3Location("s3://h:9000/b").error().ToString(),
              HasSubstr("endpoint_override"));
  for (const char* uri : {"s3://", "s3:///x", "gs://b", "s3://a b", "s3://b/x//y", "s3://b/../c"}) {
    EXPECT_FALSE(ResolveS3Location(uri).ok()) << uri;
  }
  Set("AWS_ENDPOINT_URL", "ftp://hunter2");
  EXPECT_THAT(ResolveS3Location("s3://b").error().ToString(),
              ::testing::AllOf(HasSubstr("AWS_ENDPOINT_URL"), Not(HasSubstr("hunter2"))));
}

TEST(DirectoryObjectStore, RefusesWhatIsNoFile) {
  const slipway::testing::TemporaryDirectory directory;
  const auto store = OpenDirectoryObjectStore(LocalFileSystem(), directory.path());
  ASSERT_EQ(::mkfifo(directory.File("pipe").c_str(), 0600), 0);
  EXPECT_EQ(store->Head("pipe").error().code(), ErrorCode::kInvalidInput);
  ASSERT_TRUE(store->Put("sub/x", "1").ok());
  EXPECT_THAT(store->Head("sub").error().ToString(), HasSubstr("is a directory"));
  struct stat info{};
  ASSERT_EQ(::stat(directory.File("sub").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700U);
}

// Whatever the moment of a crash, what was acknowledged is there and nothing is there in part.
TEST(DirectoryObjectStore, ACrashLeavesAnObjectWholeOrNot) {
  int acknowledged = 0;
  for (int64_t at = 1;; ++at) {
    const slipway::testing::TemporaryDirectory directory;
    const slipway::testing::TemporaryDirectory trash;
    FaultInjectingFileSystem files(LocalFileSystem(), trash.path());
    files.CrashAt(at);
    const std::string root = directory.File("store");
    const bool put = OpenDirectoryObjectStore(files, root)->Put("a/b/c", "whole").ok();
    const bool crashed = files.crashed();
    ASSERT_TRUE(files.LoseUnsynced(FaultInjectingFileSystem::Loss::kEverything).ok());
    const Result<std::string> got = OpenDirectoryObjectStore(LocalFileSystem(), root)->Get("a/b/c");
    EXPECT_EQ(got.ok() ? *got : "whole", "whole") << at;
    EXPECT_TRUE(!put || got.ok()) << "acknowledged and lost, at " << at;
    acknowledged += put ? 1 : 0;
    if (!crashed) break;
    ASSERT_LT(at, 100);
  }
  EXPECT_EQ(acknowledged, 1);
}

}  // namespace
}  // namespace slipway::data

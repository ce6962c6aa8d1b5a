#include "data/source_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "data/fake_object_store.h"
#include "data/reader_test_files_internal.h"
#include "data/source_files_internal.h"

namespace slipway::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SourceFilesTest : public ReaderTestFiles {
 protected:
  void Make(const std::string& name) const {
    std::filesystem::create_directories(std::filesystem::path(PathOf(name)).parent_path());
    Write(name, "a\n1\n");
  }

  std::vector<std::string> Names(const std::string& pattern) const {
    const Result<SourceFiles> files = ListSourceFiles(PathOf(pattern));
    if (!files.ok()) return {files.error().ToString()};
    std::vector<std::string> names;
    for (const SourceFileName& file : files->files) names.push_back(file.name);
    return names;
  }

  Error ErrorFor(const std::string& pattern) const {
    const Result<SourceFiles> files = ListSourceFiles(PathOf(pattern));
    EXPECT_FALSE(files.ok());
    return files.ok() ? Error(ErrorCode::kInternal, "no error") : files.error();
  }
};

TEST_F(SourceFilesTest, PatternsMatchAsAShellDoes) {
  for (const char* name : {"part-2.csv", "part-10.csv", "part-1.csv", ".hidden.csv", "_tmp.csv",
                           "x/part-3.csv", "x/y/part-4.csv", "x/.git/part-5.csv"}) {
    Make(name);
  }
  EXPECT_THAT(Names("part-*.csv"), ElementsAre("part-1.csv", "part-10.csv", "part-2.csv"));
  EXPECT_THAT(Names("part-?.csv"), ElementsAre("part-1.csv", "part-2.csv"));
  EXPECT_THAT(Names("part-[2-9].csv"), ElementsAre("part-2.csv"));
  EXPECT_THAT(Names("*/part-*.csv"), ElementsAre("x/part-3.csv"));
  EXPECT_THAT(Names("**/part-*.csv"), ElementsAre("part-1.csv", "part-10.csv", "part-2.csv",
                                                  "x/part-3.csv", "x/y/part-4.csv"));
  EXPECT_THAT(Names("x/**"), ElementsAre("part-3.csv", "y/part-4.csv"));
  EXPECT_THAT(Names("*.csv"), ElementsAre("part-1.csv", "part-10.csv", "part-2.csv"));
  EXPECT_THAT(Names("_*.csv"), ElementsAre("_tmp.csv"));
  EXPECT_THAT(Names("x"), ElementsAre("part-3.csv", "y/part-4.csv"));
  EXPECT_THAT(Names("part-1.csv"), ElementsAre("part-1.csv"));
}

TEST_F(SourceFilesTest, AFileThatIsThereIsNoPattern) {
  Make("a[1].csv");
  Make("a1.csv");
  EXPECT_THAT(Names("a[1].csv"), ElementsAre("a[1].csv"));
  EXPECT_TRUE(ListSourceFiles(PathOf("a[1].csv"))->one);
  EXPECT_FALSE(ListSourceFiles(PathOf("a?.csv"))->one);
}

TEST_F(SourceFilesTest, NothingThatMatchesNamesWhatIsNear) {
  Make("data/part-0.csv");
  EXPECT_EQ(ErrorFor("data/prt-*.csv").code(), ErrorCode::kNotFound);
  EXPECT_EQ(ErrorFor("data/prt-*.csv").hint(), PathOf("data/part-0.csv"));
  EXPECT_EQ(ErrorFor("dta/*.csv").hint(), PathOf("data"));
  EXPECT_THAT(ErrorFor("data/*.parquet").ToString(),
              HasSubstr("no file matches; try " + PathOf("data/part-0.csv")));
  EXPECT_EQ(ErrorFor("dat*").hint(), PathOf("dat*/**"));
  std::filesystem::create_directories(PathOf("empty"));
  EXPECT_EQ(ErrorFor("empty").code(), ErrorCode::kNotFound);
}

TEST_F(SourceFilesTest, LoopsOfLinksEnd) {
  Make("t/a.csv");
  ASSERT_EQ(::symlink(".", PathOf("t/loop").c_str()), 0);
  EXPECT_THAT(ErrorFor("t").ToString(), HasSubstr("links make a loop"));
}

TEST_F(SourceFilesTest, LinksThatLeadNowhereAreMissingParts) {
  Make("t/a.csv");
  ASSERT_EQ(::symlink("gone.csv", PathOf("t/b.csv").c_str()), 0);
  EXPECT_EQ(ErrorFor("t").code(), ErrorCode::kNotFound);
}

TEST_F(SourceFilesTest, PartitionsAreDecoded) {
  Make("t/y%3D=1%2F2/_k=a b/z=__HIVE_DEFAULT_PARTITION__/=odd/w=/f=1.csv");
  const Result<SourceFiles> files = ListSourceFiles(PathOf("t"));
  ASSERT_TRUE(files.ok()) << files.error().ToString();
  using Pair = std::pair<std::string, std::optional<std::string>>;
  EXPECT_THAT(files->files[0].partitions, ElementsAre(Pair("y=", "1/2"), Pair("_k", "a b"),
                                                      Pair("z", std::nullopt), Pair("w", "")));
}

class SourceObjectsTest : public ::testing::Test {
 protected:
  std::vector<std::string> Names(const std::string& pattern) {
    const Result<SourceFiles> found = ListObjectsIn(store_, pattern);
    if (!found.ok()) return {found.error().ToString()};
    std::vector<std::string> names;
    for (const SourceFileName& file : found->files) {
      EXPECT_FALSE(file.object.etag.empty());
      EXPECT_EQ(file.path, "fake://bucket/" + file.object.key);
      names.push_back(file.name);
    }
    return names;
  }

  std::shared_ptr<FakeObjectStore> store_ = std::make_shared<FakeObjectStore>();
};

TEST_F(SourceObjectsTest, ObjectsAreListedAsFilesAre) {
  for (const char* key : {"d/part-2.csv", "d/part-1.csv", "d/_SUCCESS", "d/y=1/part-3.csv",
                          "other.csv", "d2/part-9.csv"}) {
    ASSERT_TRUE(store_->Put(key, "a\n1\n").ok());
  }
  EXPECT_THAT(Names("other.csv"), ElementsAre("other.csv"));
  EXPECT_TRUE(ListObjectsIn(store_, "other.csv")->one);
  EXPECT_THAT(Names("d"), ElementsAre("part-1.csv", "part-2.csv", "y=1/part-3.csv"));
  EXPECT_THAT(Names("d/"), ElementsAre("part-1.csv", "part-2.csv", "y=1/part-3.csv"));
  EXPECT_THAT(Names("d/part-*.csv"), ElementsAre("part-1.csv", "part-2.csv"));
  EXPECT_THAT(Names("*.csv"), ElementsAre("other.csv"));
  EXPECT_THAT(Names("d/**/*-3.csv"), ElementsAre("y=1/part-3.csv"));
  EXPECT_EQ(ListObjectsIn(store_, "d/")->files[2].partitions.size(), 1U);
  EXPECT_THAT(Names("d/*.parquet"),
              ElementsAre(HasSubstr("no object matches; try fake://bucket/d/")));
  EXPECT_EQ(ListObjectsIn(store_, "nothing.csv").error().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace slipway::data

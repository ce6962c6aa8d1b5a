#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "core/random.h"
#include "data/fake_object_store.h"
#include "data/object_source_internal.h"

namespace slipway::data {
namespace {

using ::testing::HasSubstr;

class ObjectSourceTest : public ::testing::Test {
 protected:
  std::unique_ptr<ByteSource> Open(size_t size) {
    Random random(1);
    bytes_.resize(size);
    for (char& c : bytes_) c = static_cast<char>(random.Below(256));
    EXPECT_TRUE(store_->Put("t.csv", bytes_).ok());
    store_->FailWith([this](const std::string& call, const std::string&) -> Status {
      if (call == "ReadAt") ++requests_;
      return {};
    });
    return OpenObjectSource(store_, *store_->Head("t.csv"), {.head = 100, .bytes = 1000});
  }

  std::string ReadFrom(const ByteSource& source, int64_t offset, size_t count) {
    std::string out(count, '\0');
    const Result<size_t> read = source.ReadAt(offset, out.data(), count);
    if (!read.ok()) return read.error().ToString();
    out.resize(*read);
    return out;
  }

  std::shared_ptr<FakeObjectStore> store_ = std::make_shared<FakeObjectStore>();
  std::string bytes_;
  std::atomic<int> requests_{0};
};

TEST_F(ObjectSourceTest, ReadingOnGivesTheBytesInFewRequests) {
  const auto source = Open(25'300);
  for (int pass = 0; pass < 2; ++pass) {
    requests_ = 0;
    std::string all;
    for (std::string some;
         !(some = ReadFrom(*source, static_cast<int64_t>(all.size()), 77)).empty();) {
      all += some;
    }
    EXPECT_EQ(all, bytes_);
    EXPECT_LE(requests_, 28) << "the head and 26 ranges";
  }
}

TEST_F(ObjectSourceTest, ALookAtTheBeginningAsksForNoMore) {
  const auto source = Open(25'300);
  EXPECT_EQ(ReadFrom(*source, 0, 10), bytes_.substr(0, 10));
  EXPECT_EQ(ReadFrom(*source, 3, 50), bytes_.substr(3, 50));
  source->Rest();
  EXPECT_EQ(requests_, 1);
}

TEST_F(ObjectSourceTest, ReadingHereAndThereAsksForJustThat) {
  const auto source = Open(25'300);
  Random random(2);
  for (int i = 0; i < 50; ++i) {
    const auto offset = static_cast<int64_t>(200 + random.Below(26'000));
    const size_t count = random.Below(3000);
    const std::string expected =
        offset < 25'300 ? bytes_.substr(static_cast<size_t>(offset), count) : "";
    EXPECT_EQ(ReadFrom(*source, offset, count), expected);
  }
  EXPECT_LE(requests_, 50);
}

TEST_F(ObjectSourceTest, WhatIsReplacedOrVanishesMeanwhileIsAConflict) {
  auto source = Open(5000);
  EXPECT_TRUE(source->CheckUnchanged().ok());
  EXPECT_EQ(ReadFrom(*source, 0, 10), bytes_.substr(0, 10));
  ASSERT_TRUE(store_->Put("t.csv", std::string(5000, 'x')).ok());
  EXPECT_EQ(source->CheckUnchanged().error().code(), ErrorCode::kConflict);
  EXPECT_THAT(
      ReadFrom(*source, 3000, 10),
      HasSubstr("fake://bucket/t.csv: the object was replaced while it was read; try again"));
  ASSERT_TRUE(store_->Delete("t.csv").ok());
  EXPECT_EQ(source->CheckUnchanged().error().code(), ErrorCode::kConflict);
  EXPECT_THAT(ReadFrom(*source, 4000, 10), HasSubstr("the object vanished while it was read"));
}

TEST_F(ObjectSourceTest, OtherFailuresAreThoseOfTheStore) {
  const auto source = Open(5000);
  store_->FailWith([](const std::string&, const std::string&) -> Status {
    return Error(ErrorCode::kUnavailable, "no answer");
  });
  EXPECT_THAT(ReadFrom(*source, 0, 10), HasSubstr("no answer"));
  EXPECT_EQ(source->CheckUnchanged().error().code(), ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace slipway::data

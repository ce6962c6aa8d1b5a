// What every ObjectStore must do. A test instantiates the suite with a factory for its
// implementation.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/testing.h"
#include "data/object_store.h"

namespace slipway::data {

// An empty store, with files (if any) under the directory. Null where it can't be tried here: the
// tests are skipped.
using ObjectStoreFactory =
    std::function<std::unique_ptr<ObjectStore>(const std::string& directory)>;

class ObjectStoreConformance : public ::testing::TestWithParam<ObjectStoreFactory> {
 protected:
  void SetUp() override {
    store_ = GetParam()(directory_.path());
    if (!store_) GTEST_SKIP() << "no server: this implementation is NOT tested here";
  }

  void Put(const std::string& key, std::string_view bytes) {
    const Status status = store_->Put(key, bytes);
    ASSERT_TRUE(status.ok()) << status.error().ToString();
  }
  std::vector<std::string> Keys(const std::string& prefix) {
    std::vector<std::string> keys;
    const auto objects = store_->List(prefix);
    EXPECT_TRUE(objects.ok()) << objects.error().ToString();
    if (objects.ok()) {
      for (const ObjectInfo& object : *objects) keys.push_back(object.key);
    }
    return keys;
  }
  std::string Range(const ObjectInfo& object, int64_t offset, size_t count) {
    std::string bytes(count, '\0');
    const Result<size_t> got = store_->ReadAt(object, offset, bytes.data(), count);
    if (!got.ok()) return "(" + got.error().ToString() + ")";
    return bytes.substr(0, *got);
  }

  slipway::testing::TemporaryDirectory directory_;
  std::unique_ptr<ObjectStore> store_;
};

TEST_P(ObjectStoreConformance, GivesBackWhatWasPut) {
  EXPECT_TRUE(store_->Check().ok());
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  Put("a/b c+%20ä=1/d.csv", all);
  Put("empty", "");
  EXPECT_EQ(store_->Get("a/b c+%20ä=1/d.csv").value_or("(none)"), all);
  EXPECT_EQ(store_->Get("empty").value_or("(none)"), "");
  const auto head = store_->Head("a/b c+%20ä=1/d.csv");
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  EXPECT_EQ(head->key, "a/b c+%20ä=1/d.csv");
  EXPECT_EQ(head->size, 256);
  EXPECT_NE(head->etag, "");
  EXPECT_GT(head->modified_ns, 0);
  EXPECT_EQ(store_->Head("empty")->size, 0);
  EXPECT_EQ((*store_->Find("empty"))->etag, store_->Head("empty")->etag);
  EXPECT_EQ(*store_->GetIfThere("empty"), std::optional<std::string>(""));
}

TEST_P(ObjectStoreConformance, ReadsRanges) {
  Put("x", "0123456789");
  const ObjectInfo object = *store_->Head("x");
  EXPECT_EQ(Range(object, 0, 10), "0123456789");
  EXPECT_EQ(Range(object, 3, 4), "3456");
  EXPECT_EQ(Range(object, 8, 100), "89");
  EXPECT_EQ(Range(object, 10, 5), "");
  EXPECT_EQ(Range(object, 1000, 5), "");
  EXPECT_EQ(Range(object, 3, 0), "");
}

TEST_P(ObjectStoreConformance, WhatWasReplacedIsNotReadAsTheOldOne) {
  Put("x", "0123456789");
  const ObjectInfo old = *store_->Head("x");
  char bytes[4];
  ASSERT_TRUE(store_->ReadAt(old, 0, bytes, 4).ok());
  for (const char* other : {"9876543210", "0", ""}) {
    Put("x", other);
    for (const int64_t offset : {0, 6}) {
      const Result<size_t> got = store_->ReadAt(old, offset, bytes, 4);
      ASSERT_FALSE(got.ok()) << other << offset;
      EXPECT_EQ(got.error().code(), ErrorCode::kConflict) << got.error().ToString();
    }
    EXPECT_NE(store_->Head("x")->etag, old.etag);
    EXPECT_EQ(*store_->Get("x"), other);
  }
  Put("x", "9876543210");
  ObjectInfo any = *store_->Head("x");
  any.etag.clear();
  EXPECT_EQ(Range(any, 0, 4), "9876");
  ASSERT_TRUE(store_->Delete("x").ok());
  EXPECT_EQ(store_->ReadAt(old, 0, bytes, 4).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(store_->ReadAt(any, 0, bytes, 4).error().code(), ErrorCode::kNotFound);
}

TEST_P(ObjectStoreConformance, WhatIsNotThereNamesWhatIs) {
  EXPECT_EQ(store_->Head("data/train.csv").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(store_->Get("data/train.csv").error().code(), ErrorCode::kNotFound);
  EXPECT_FALSE(store_->Find("data/train.csv")->has_value());
  EXPECT_FALSE(store_->GetIfThere("data/train.csv")->has_value());
  Put("data/train.csv", "x");
  for (const char* wrong : {"data/trian.csv", "data"}) {
    const auto head = store_->Head(wrong);
    ASSERT_FALSE(head.ok()) << wrong;
    EXPECT_EQ(head.error().code(), ErrorCode::kNotFound);
    EXPECT_EQ(head.error().location().file, store_->UriOf(wrong));
  }
  EXPECT_THAT(store_->Head("data/trian.csv").error().hint(),
              ::testing::HasSubstr(store_->UriOf("data/train.csv")));
  EXPECT_TRUE(store_->Delete("data/trian.csv").ok());
  EXPECT_TRUE(store_->Delete("none/at/all").ok());
}

TEST_P(ObjectStoreConformance, ListsByPrefixSortedWithSizes) {
  EXPECT_TRUE(Keys("").empty());
  EXPECT_TRUE(Keys("none").empty());
  for (const char* key : {"a/2", "a/10", "a/b/c", "ab/1", "z"}) Put(key, key);
  EXPECT_THAT(Keys(""), ::testing::ElementsAre("a/10", "a/2", "a/b/c", "ab/1", "z"));
  EXPECT_THAT(Keys("a"), ::testing::ElementsAre("a/10", "a/2", "a/b/c"));
  EXPECT_THAT(Keys("a/b"), ::testing::ElementsAre("a/b/c"));
  EXPECT_EQ(store_->List("a/b")->at(0).size, 5);
  ASSERT_TRUE(store_->Delete("a/b/c").ok());
  EXPECT_THAT(Keys("a"), ::testing::ElementsAre("a/10", "a/2"));
  EXPECT_EQ(store_->Head("a/b/c").error().code(), ErrorCode::kNotFound);
}

TEST_P(ObjectStoreConformance, WhatIsNotFinishedIsNotThere) {
  Put("kept", "old");
  {
    auto object = store_->Create("kept");
    ASSERT_TRUE(object.ok()) << object.error().ToString();
    // More than one part of an upload in parts.
    const std::string block(size_t{1} << 20U, 'x');
    for (int i = 0; i < 20; ++i) ASSERT_TRUE((*object)->Append(block).ok());
    EXPECT_EQ(*store_->Get("kept"), "old");
  }
  EXPECT_EQ(*store_->Get("kept"), "old");
  EXPECT_THAT(Keys(""), ::testing::ElementsAre("kept"));
}

TEST_P(ObjectStoreConformance, WritesInPieces) {
  std::string all;
  auto object = store_->Create("big");
  ASSERT_TRUE(object.ok()) << object.error().ToString();
  for (int i = 0; i < 23; ++i) {
    const std::string block((size_t{1} << 20U) + 7, static_cast<char>('a' + i));
    ASSERT_TRUE((*object)->Append(block).ok());
    all += block;
  }
  ASSERT_TRUE((*object)->Sync().ok());
  ASSERT_TRUE((*object)->Close().ok());
  EXPECT_EQ(store_->Head("big")->size, std::ssize(all));
  EXPECT_TRUE(*store_->Get("big") == all);
  const ObjectInfo info = *store_->Head("big");
  EXPECT_EQ(Range(info, (1 << 20) + 5, 4), "aabb");
}

TEST_P(ObjectStoreConformance, AKeyIsNoPathElsewhere) {
  for (const std::string& key :
       std::vector<std::string>{"", "/etc/passwd", "../x", "a/../b", "a//b", "a/", ".", "a/./b",
                                std::string("a\0b", 3), std::string(1025, 'a')}) {
    EXPECT_EQ(store_->Put(key, "x").error().code(), ErrorCode::kInvalidInput) << key;
    EXPECT_EQ(store_->Get(key).error().code(), ErrorCode::kInvalidInput) << key;
    EXPECT_EQ(store_->Head(key).error().code(), ErrorCode::kInvalidInput) << key;
    EXPECT_EQ(store_->Delete(key).error().code(), ErrorCode::kInvalidInput) << key;
    if (!key.empty()) {
      EXPECT_EQ(store_->List(key).error().code(), ErrorCode::kInvalidInput) << key;
    }
  }
}

TEST_P(ObjectStoreConformance, ThreadsMayUseItTogether) {
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 5; ++i) {
          const std::string key = fmt::format("t{}/{}", t, i);
          EXPECT_TRUE(store_->Put(key, key).ok());
          EXPECT_EQ(store_->Get(key).value_or("(none)"), key);
          EXPECT_TRUE(store_->Put("same", "always the same").ok());
          EXPECT_EQ(store_->Head("same")->size, 15);
        }
      });
    }
  }
  EXPECT_EQ(Keys("").size(), 21U);
  EXPECT_EQ(*store_->Get("same"), "always the same");
}

}  // namespace slipway::data

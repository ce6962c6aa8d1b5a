#include "serve/model_host.h"

#include <gtest/gtest.h>

#include "serve/service_testing_internal.h"

namespace slipway::serve {
namespace {

class ModelHostTest : public ::testing::Test {
 protected:
  // The sources stay the host's; what is returned is for the test to change them.
  FakeSource* Add(const std::string& name, const std::string& version) {
    auto source = std::make_unique<FakeSource>(name, version);
    FakeSource* const raw = source.get();
    sources_.push_back(std::move(source));
    return raw;
  }
  std::vector<std::unique_ptr<ModelSource>> sources_;
};

std::vector<std::string> VersionsOf(const std::vector<std::shared_ptr<const ServedModel>>& models) {
  std::vector<std::string> versions;
  for (const auto& model : models) versions.push_back(model->name + ":" + model->version);
  return versions;
}

using Versions = std::vector<std::string>;

TEST_F(ModelHostTest, IsReadyOnceAllAreLoaded) {
  Add("a", "1");
  FakeSource* const second = Add("b", "1");
  second->broken = true;
  ModelHost host(std::move(sources_));
  const Taken first = host.Load();
  EXPECT_EQ(VersionsOf(first.models), Versions{"a:1"});
  ASSERT_TRUE(first.error);
  EXPECT_EQ(first.error->location().file, "b");
  EXPECT_FALSE(host.ready());
  second->broken = false;
  EXPECT_FALSE(host.Load().error);
  EXPECT_TRUE(host.ready());
  EXPECT_EQ(VersionsOf(host.models()), (Versions{"a:1", "b:1"}));
}

TEST_F(ModelHostTest, TellsWhatAReloadTookAndWhatFailed) {
  FakeSource* const first = Add("a", "1");
  FakeSource* const second = Add("b", "1");
  ModelHost host(std::move(sources_));
  ASSERT_FALSE(host.Load().error);
  first->MoveTo("2");
  second->broken = true;
  const Taken taken = host.Load();
  EXPECT_EQ(VersionsOf(taken.models), Versions{"a:2"});
  EXPECT_TRUE(taken.error);
  EXPECT_TRUE(host.ready());  // The old one of b goes on.
  EXPECT_EQ(VersionsOf(host.models()), (Versions{"a:2", "b:1"}));
}

TEST_F(ModelHostTest, KeepsAModelThatIsTheSame) {
  FakeSource* const source = Add("a", "1");
  ModelHost host(std::move(sources_));
  ASSERT_FALSE(host.Load().error);
  const uint64_t generation = host.generation();
  EXPECT_TRUE(host.Load().models.empty());
  EXPECT_EQ(host.generation(), generation);
  source->digest = "01";
  EXPECT_EQ(VersionsOf(host.Load().models), Versions{"a:1"});
  EXPECT_GT(host.generation(), generation);
}

TEST_F(ModelHostTest, RefusesTwoThatNobodyCouldTellApart) {
  Add("a", "1");
  FakeSource* const second = Add("a", "1");
  ModelHost host(std::move(sources_));
  const Taken taken = host.Load();
  ASSERT_TRUE(taken.error);
  EXPECT_EQ(taken.error->code(), ErrorCode::kInvalidInput);
  EXPECT_FALSE(host.ready());
  second->MoveTo("2");
  EXPECT_FALSE(host.Load().error);
  EXPECT_EQ(VersionsOf(host.models()), (Versions{"a:1", "a:2"}));
}

TEST(NameOfPathTest, IsItsLastPart) {
  EXPECT_EQ(NameOfPath("models/churn.onnx"), "churn");
  EXPECT_EQ(NameOfPath("./models/churn/"), "churn");
  EXPECT_EQ(NameOfPath("./my model"), "my model");
  EXPECT_EQ(NameOfPath("."), "model");
}

}  // namespace
}  // namespace slipway::serve

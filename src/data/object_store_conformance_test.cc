// The one file that includes the suite: each inclusion would run it again.
#include "data/object_store_conformance.h"

#include <cstdlib>

#include "core/plugin.h"
#include "core/replace_file.h"
#include "data/fake_object_store.h"

namespace slipway::data {
namespace {

class PluginsClosed : public ::testing::Environment {
 public:
  void TearDown() override { ClosePlugins(); }
};
const ::testing::Environment* const kPluginsClosed =
    ::testing::AddGlobalTestEnvironment(new PluginsClosed);

std::unique_ptr<ObjectStore> OpenFake(const std::string&) {
  return std::make_unique<FakeObjectStore>();
}

std::unique_ptr<ObjectStore> OpenDirectory(const std::string& directory) {
  return OpenDirectoryObjectStore(LocalFileSystem(), directory + "/not/there/yet/");
}

// A bucket on a real server, which tests/e2e/test_s3.py starts: SLIPWAY_TEST_S3 is its URI.
std::unique_ptr<ObjectStore> OpenS3(const std::string&) {
  const char* bucket = std::getenv("SLIPWAY_TEST_S3");
  if (bucket == nullptr) return nullptr;
  auto store = OpenObjectStore(fmt::format("{}/{}", bucket, RandomName()));
  EXPECT_TRUE(store.ok()) << store.error().ToString();
  return store.ok() ? *std::move(store) : nullptr;
}

INSTANTIATE_TEST_SUITE_P(Fake, ObjectStoreConformance, ::testing::Values(OpenFake));
INSTANTIATE_TEST_SUITE_P(Directory, ObjectStoreConformance, ::testing::Values(OpenDirectory));
INSTANTIATE_TEST_SUITE_P(S3, ObjectStoreConformance, ::testing::Values(OpenS3));

}  // namespace
}  // namespace slipway::data

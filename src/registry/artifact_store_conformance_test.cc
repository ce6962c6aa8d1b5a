// The one file that includes the suite: each inclusion would run it again.
#include "registry/artifact_store_conformance.h"

#include "registry/fake_artifact_store.h"

namespace slipway::registry {
namespace {

std::unique_ptr<ArtifactStore> OpenFake(const std::string& directory) {
  return std::make_unique<FakeArtifactStore>(directory);
}

std::unique_ptr<ArtifactStore> OpenLocal(const std::string& directory) {
  auto store = OpenLocalArtifactStore(LocalFileSystem(), directory + "/.slipway/artifacts");
  return store.ok() ? std::move(*store) : nullptr;
}

INSTANTIATE_TEST_SUITE_P(Fake, ArtifactStoreConformance, ::testing::Values(OpenFake));
INSTANTIATE_TEST_SUITE_P(Local, ArtifactStoreConformance, ::testing::Values(OpenLocal));

}  // namespace
}  // namespace slipway::registry

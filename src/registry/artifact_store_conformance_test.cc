// The one file that includes the suite: each inclusion would run it again.
#include "registry/artifact_store_conformance.h"

#include "data/fake_object_store.h"
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

std::unique_ptr<ArtifactStore> OpenOnObjects(std::shared_ptr<data::ObjectStore> objects,
                                             const std::string& directory) {
  auto store = OpenObjectArtifactStore(std::move(objects), LocalFileSystem(), directory + "/cache");
  return store.ok() ? std::move(*store) : nullptr;
}

std::unique_ptr<ArtifactStore> OpenOnFakeObjects(const std::string& directory) {
  return OpenOnObjects(std::make_shared<data::FakeObjectStore>(), directory);
}

std::unique_ptr<ArtifactStore> OpenOnFiles(const std::string& directory) {
  return OpenOnObjects(data::OpenDirectoryObjectStore(LocalFileSystem(), directory + "/objects"),
                       directory);
}

INSTANTIATE_TEST_SUITE_P(Fake, ArtifactStoreConformance, ::testing::Values(OpenFake));
INSTANTIATE_TEST_SUITE_P(Local, ArtifactStoreConformance, ::testing::Values(OpenLocal));
INSTANTIATE_TEST_SUITE_P(FakeObjects, ArtifactStoreConformance,
                         ::testing::Values(OpenOnFakeObjects));
INSTANTIATE_TEST_SUITE_P(FileObjects, ArtifactStoreConformance, ::testing::Values(OpenOnFiles));

}  // namespace
}  // namespace slipway::registry

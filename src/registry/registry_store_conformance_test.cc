// The one file that includes the suite: each inclusion would run it again.
#include "registry/registry_store_conformance.h"

#include "registry/fake_registry_store.h"

namespace slipway::registry {
namespace {

std::unique_ptr<RegistryStore> OpenFake(const std::string& /*directory*/, const Clock& clock) {
  return std::make_unique<FakeRegistryStore>(clock);
}

std::unique_ptr<RegistryStore> OpenSqlite(const std::string& directory, const Clock& clock) {
  auto store = OpenSqliteRegistry(directory + "/new/registry.db", clock);
  EXPECT_TRUE(store.ok()) << store.error().ToString();
  return store.ok() ? std::move(*store) : nullptr;
}

INSTANTIATE_TEST_SUITE_P(Fake, RegistryStoreConformance, ::testing::Values(OpenFake));
INSTANTIATE_TEST_SUITE_P(Sqlite, RegistryStoreConformance, ::testing::Values(OpenSqlite));

}  // namespace
}  // namespace slipway::registry

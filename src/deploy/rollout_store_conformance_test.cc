// The one file that includes the suite: each inclusion would run it again.
#include "deploy/rollout_store_conformance.h"

#include "deploy/fake_rollout_store.h"

namespace slipway::deploy {
namespace {

std::unique_ptr<RolloutStore> OpenFake(const std::string& /*directory*/, const Clock& clock) {
  return std::make_unique<FakeRolloutStore>(clock);
}

std::unique_ptr<RolloutStore> OpenSqlite(const std::string& directory, const Clock& clock) {
  auto store = OpenRolloutStore(directory + "/new/rollouts.db", clock);
  EXPECT_TRUE(store.ok()) << store.error().ToString();
  return store.ok() ? std::move(*store) : nullptr;
}

INSTANTIATE_TEST_SUITE_P(Fake, RolloutStoreConformance, ::testing::Values(OpenFake));
INSTANTIATE_TEST_SUITE_P(Sqlite, RolloutStoreConformance, ::testing::Values(OpenSqlite));

}  // namespace
}  // namespace slipway::deploy

#include "cli/version_uses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

deploy::Release ReleaseOf(int64_t version) {
  deploy::Release release;
  release.set = version;
  release.model = "m";
  release.version = version;
  return release;
}

deploy::Service ServiceWithHistory() {
  deploy::Service service;
  service.name = "shop-production";
  service.stable = ReleaseOf(3);
  service.standby = deploy::Standby{ReleaseOf(2), 0};
  for (const int64_t version : {1, 2, 3})
    service.history.push_back({version, ReleaseOf(version), 0});
  service.rollout = deploy::Rollout();
  service.rollout->revision = 4;
  service.rollout->release = ReleaseOf(4);
  service.rollout->phase = deploy::Phase::kProgressing;
  return service;
}

TEST(VersionUsesTest, AServiceNeedsWhatServesAndWhatItCanGoBackTo) {
  const deploy::Service service = ServiceWithHistory();
  EXPECT_THAT(UsesOf(service, "m", 3), ElementsAre("is stable in shop-production"));
  EXPECT_THAT(UsesOf(service, "m", 2),
              ElementsAre("is kept ready for an undo of shop-production",
                          "is revision 2 of shop-production, which can be gone back to"));
  EXPECT_THAT(UsesOf(service, "m", 1),
              ElementsAre("is revision 1 of shop-production, which can be gone back to"));
  EXPECT_THAT(UsesOf(service, "m", 4),
              ElementsAre("is in revision 4 of shop-production, which is in progress"));
  EXPECT_THAT(UsesOf(service, "m", 5), IsEmpty());
  EXPECT_THAT(UsesOf(service, "another", 3), IsEmpty());
}

TEST(VersionUsesTest, ARolloutNeedsAllOfItsVersionsUntilItHasEnded) {
  deploy::Service service = ServiceWithHistory();
  service.rollout->experiment = deploy::Experiment();
  for (const int64_t version : {4, 5}) {
    deploy::Arm arm;
    arm.release = ReleaseOf(version);
    service.rollout->experiment->arms.push_back(std::move(arm));
  }
  EXPECT_THAT(UsesOf(service, "m", 5),
              ElementsAre("is in revision 4 of shop-production, which is in progress"));
  service.rollout->phase = deploy::Phase::kRolledBack;
  EXPECT_THAT(UsesOf(service, "m", 4), IsEmpty());
  EXPECT_THAT(UsesOf(service, "m", 5), IsEmpty());
}

}  // namespace
}  // namespace slipway::cli

// The database of rollouts: what marks it and its schema.
#pragma once

#include <span>

#include "sqlite/database.h"

namespace slipway::deploy {

inline constexpr sqlite::DatabaseKind kRolloutDatabase{
    .application_id = 0x534c524f,  // "SLRO".
    .name = "rollout store",
    .repair = "restoring the file from a backup, or moving it away and deploying again"};

std::span<const char* const> RolloutMigrations();

}  // namespace slipway::deploy

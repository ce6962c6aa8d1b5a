// The registry's database: what marks it and its schema.
#pragma once

#include <span>

#include "sqlite/database.h"

namespace slipway::registry {

inline constexpr sqlite::DatabaseKind kRegistryDatabase{
    .application_id = 0x534c5759,  // "SLWY".
    .name = "registry",
    .repair =
        "restoring registry.db from a backup; the artifacts beside it are not touched by this"};

std::span<const char* const> RegistryMigrations();

}  // namespace slipway::registry

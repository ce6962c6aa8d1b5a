// A schema to begin with, from what was seen of a table.
#pragma once

#include "config/table_schema.h"
#include "core/clock.h"
#include "data/profile.h"

namespace slipway::pipeline {

// `profile` needs its sketches. The same for the same table and day.
config::TableSchema SchemaOf(const data::TableProfile& profile, const Clock& clock = SystemClock());

}  // namespace slipway::pipeline

// An object of a store as a table is read from it.
#pragma once

#include <memory>

#include "data/byte_source_internal.h"
#include "data/object_store.h"

namespace slipway::data {

struct ReadAhead {
  size_t head = size_t{1} << 20U;   // Of the first request: many only look at the beginning.
  size_t bytes = size_t{8} << 20U;  // Of each other one.
  size_t requests = 4;              // At once, ahead of who reads on.
};

// The version that `object` is: kConflict where it was replaced or vanished meanwhile. Who reads on
// finds the next ranges fetched; who reads here and there asks for just that.
std::unique_ptr<ByteSource> OpenObjectSource(std::shared_ptr<ObjectStore> store, ObjectInfo object,
                                             const ReadAhead& ahead = {});

}  // namespace slipway::data

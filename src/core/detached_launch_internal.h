// From a specification to a program that runs by itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/descriptor.h"
#include "core/detached_folder_internal.h"
#include "core/detached_processes.h"
#include "core/result.h"

namespace slipway {

// What spec.json keeps.
struct DetachedRecord {
  DetachedSpec spec;
  int64_t started_ms = 0;
  std::string control_group = {};  // Its folder; "" for none.
  std::vector<std::string> notes = {};
};

std::string RecordText(const DetachedRecord& record);
// Of a folder without one, or with one of another version, what there is.
DetachedRecord ReadRecord(const DetachedFolder& folder);

// Starts it with the lock, which the caller has taken and gives away.
Status Launch(const DetachedFolder& folder, Descriptor lock, const DetachedRecord& record);

// Waits for those children that Launch has made and that have ended, so that none is a zombie.
void ReapLaunched();

}  // namespace slipway

// A request of the access log: as bytes in a queue, and as a line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "serve/access_log.h"

namespace slipway::serve {

// In place of what `record` held, keeping its room. Its outcome is still open.
void EncodeAccess(const AccessEntry& entry, std::string* record);
// One without a request.
void EncodeNoRequest(std::string* record);
// How the answer ended.
void SetOutcome(const http::Delivery& delivery, int64_t ended_ns, std::string* record);

// One thread's.
class AccessLines {
 public:
  // What CLOCK_MONOTONIC's times mean from now on.
  void SetTime(const Clock& clock);

  void Append(std::string_view record, std::string* lines);
  void AppendDropped(int64_t count, std::string* lines);

 private:
  // "2026-11-23T06:41:07.123Z".
  std::string_view Stamp(int64_t wall_ns);

  int64_t now_ns_ = 0;
  int64_t wall_offset_ns_ = 0;
  // The last stamp: of requests close together, only its milliseconds change.
  std::string stamp_;
  int64_t stamp_second_ = INT64_MIN;
};

}  // namespace slipway::serve

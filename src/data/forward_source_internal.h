// Bytes that come one after another: reading on is cheap, going back begins anew.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "data/byte_source_internal.h"

namespace slipway::data {

class ForwardSource : public ByteSource {
 public:
  std::optional<int64_t> size() const final { return std::nullopt; }
  Result<size_t> ReadAt(int64_t offset, char* out, size_t count) const final;
  // Reads to the end, of a stream without one a GB.
  Status CheckWhole() const override;
  void Rest() const override;

 protected:
  using ByteSource::ByteSource;

  // All of these are called under the lock.
  virtual Status Begin() const = 0;
  // Replaces `window` by the bytes that follow it; false at the end.
  virtual Result<bool> Advance(std::string& window) const = 0;
  virtual void End() const = 0;

  std::mutex& mutex() const { return mutex_; }

 private:
  Status BeginIfNeeded(int64_t offset) const;
  Result<bool> Next() const;

  mutable std::mutex mutex_;  // Guards all below.
  mutable bool begun_ = false;
  mutable int64_t window_offset_ = 0;
  mutable std::string window_;
};

}  // namespace slipway::data

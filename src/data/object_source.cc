#include <algorithm>
#include <cstring>
#include <future>
#include <map>
#include <mutex>
#include <system_error>
#include <utility>
#include <vector>

#include "core/interrupt.h"
#include "data/object_source_internal.h"

namespace slipway::data {
namespace {

class ObjectSource : public ByteSource {
 public:
  ObjectSource(std::shared_ptr<ObjectStore> store, ObjectInfo object, const ReadAhead& ahead)
      : ByteSource(store->UriOf(object.key)),
        store_(std::move(store)),
        object_(std::move(object)),
        ahead_(ahead) {}

  std::optional<int64_t> size() const override { return object_.size; }
  int64_t stored_size() const override { return object_.size; }
  int64_t StoredUntil(int64_t offset) const override { return std::min(offset, object_.size); }

  Result<size_t> ReadAt(int64_t offset, char* out, size_t count) const override {
    count = static_cast<size_t>(
        std::clamp<int64_t>(object_.size - offset, 0, static_cast<int64_t>(count)));
    if (count == 0) return 0;
    if (!ReadsOn(offset, count)) return Fetch(offset, out, count);
    size_t done = 0;
    while (done < count) {
      const int64_t at = offset + static_cast<int64_t>(done);
      const int64_t index = IndexOf(at);
      SLIPWAY_ASSIGN_OR_RETURN(const std::shared_ptr<const std::string> range, RangeAt(index));
      const auto skipped = static_cast<size_t>(at - BeginOf(index));
      if (skipped >= range->size()) return Replaced("is shorter than it was");
      const size_t some = std::min(count - done, range->size() - skipped);
      std::memcpy(out + done, range->data() + skipped, some);
      done += some;
    }
    return done;
  }

  Status CheckUnchanged() const override {
    const Result<ObjectInfo> now = store_->Head(object_.key);
    if (!now.ok()) return Explain(now.error());
    if (now->etag == object_.etag && now->size == object_.size) return {};
    return Replaced("was replaced");
  }

  void Rest() const override {
    std::map<int64_t, Range> gone;
    {
      const std::lock_guard lock(mutex_);
      ranges_.swap(gone);
    }
  }

 private:
  using Range = std::shared_future<Result<std::shared_ptr<const std::string>>>;

  int64_t Head() const { return static_cast<int64_t>(ahead_.head); }
  int64_t RangeBytes() const { return static_cast<int64_t>(ahead_.bytes); }
  int64_t BeginOf(int64_t index) const {
    return index == 0 ? 0 : Head() + (index - 1) * RangeBytes();
  }
  int64_t IndexOf(int64_t offset) const {
    return offset < Head() ? 0 : 1 + (offset - Head()) / RangeBytes();
  }

  // Whether this begins at the beginning, goes on where the last reading ended, or is there.
  bool ReadsOn(int64_t offset, size_t count) const {
    const std::lock_guard lock(mutex_);
    const bool on = offset < Head() || offset == last_end_ || ranges_.contains(IndexOf(offset));
    last_end_ = offset + static_cast<int64_t>(count);
    return on;
  }

  // The range, and those behind it on their way.
  Result<std::shared_ptr<const std::string>> RangeAt(int64_t index) const {
    Range range;
    std::vector<Range> gone;  // Their requests are waited for without the lock.
    {
      const std::lock_guard lock(mutex_);
      const int64_t most = index + static_cast<int64_t>(ahead_.requests);
      // The one before may still be looked back into.
      std::erase_if(ranges_, [&](auto& one) {
        const bool passed = one.first < index - 1 || one.first > most;
        if (passed) gone.push_back(std::move(one.second));
        return passed;
      });
      const int64_t until = index == 0 ? 0 : std::min(IndexOf(object_.size - 1), most);
      for (int64_t i = index; i <= until; ++i) {
        if (!ranges_.contains(i)) ranges_.emplace(i, Begin(i));
      }
      range = ranges_.at(index);
    }
    return range.get();
  }

  Range Begin(int64_t index) const {
    const auto fetch = [this, index] { return FetchRange(index); };
    try {
      return std::async(std::launch::async, fetch).share();
    } catch (const std::system_error&) {
      // Without a further thread it is fetched by whoever wants it.
      return std::async(std::launch::deferred, fetch).share();
    }
  }

  Result<std::shared_ptr<const std::string>> FetchRange(int64_t index) const {
    const int64_t begin = BeginOf(index);
    const int64_t end = std::min(BeginOf(index + 1), object_.size);
    auto bytes = std::make_shared<std::string>(static_cast<size_t>(end - begin), '\0');
    SLIPWAY_ASSIGN_OR_RETURN(const size_t count, Fetch(begin, bytes->data(), bytes->size()));
    bytes->resize(count);
    return std::shared_ptr<const std::string>(std::move(bytes));
  }

  Result<size_t> Fetch(int64_t offset, char* out, size_t count) const {
    SLIPWAY_RETURN_IF_ERROR(CheckInterrupted());
    const Result<size_t> read = store_->ReadAt(object_, offset, out, count);
    if (!read.ok()) return Explain(read.error());
    return *read;
  }

  // It was there when the table was opened.
  Error Explain(const Error& error) const {
    if (error.code() == ErrorCode::kConflict) return Replaced("was replaced");
    if (error.code() == ErrorCode::kNotFound) return Replaced("vanished");
    return error;
  }

  Error Replaced(const char* what) const {
    Location location;
    location.file = path();
    return Error(ErrorCode::kConflict, std::string("the object ") + what + " while it was read")
        .At(std::move(location))
        .Try("again when nothing writes to it");
  }

  const std::shared_ptr<ObjectStore> store_;
  const ObjectInfo object_;
  const ReadAhead ahead_;

  mutable std::mutex mutex_;       // Guards all below.
  mutable int64_t last_end_ = -1;  // Of the last reading.
  mutable std::map<int64_t, Range> ranges_;
};

}  // namespace

std::unique_ptr<ByteSource> OpenObjectSource(std::shared_ptr<ObjectStore> store, ObjectInfo object,
                                             const ReadAhead& ahead) {
  return std::make_unique<ObjectSource>(std::move(store), std::move(object), ahead);
}

}  // namespace slipway::data

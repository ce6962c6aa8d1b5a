#include <algorithm>
#include <cstring>

#include "http/text.h"
#include "splitter/body_scanner_internal.h"

namespace slipway::splitter {
namespace {

constexpr int kMostDigits = 16;
constexpr uint64_t kDigitValues = 16;
constexpr size_t kMostOverhead = 32 << 10;

}  // namespace

void BodyScanner::Begin(BodyFraming framing, uint64_t length, Keeps keeps) {
  framing_ = framing;
  keeps_ = keeps;
  left_ = framing == BodyFraming::kLength ? length : 0;
  digits_ = 0;
  overhead_ = 0;
  const bool none =
      framing == BodyFraming::kNone || (framing == BodyFraming::kLength && length == 0);
  step_ = none ? Step::kDone : Step::kData;
  if (framing == BodyFraming::kChunked) step_ = Step::kSize;
}

BodyScanner::Scanned BodyScanner::Scan(char* bytes, size_t size) {
  if (step_ >= Step::kDone) return {};
  if (framing_ == BodyFraming::kChunked) return ScanChunks(bytes, size);
  if (framing_ == BodyFraming::kUntilClose) return {size, size};
  const auto count = static_cast<size_t>(std::min<uint64_t>(size, left_));
  left_ -= count;
  if (left_ == 0) step_ = Step::kDone;
  return {count, count};
}

bool BodyScanner::End() {
  if (framing_ == BodyFraming::kUntilClose) step_ = Step::kDone;
  return done();
}

BodyScanner::Scanned BodyScanner::ScanChunks(char* bytes, size_t size) {
  const char* at = bytes;
  const char* const end = bytes + size;
  char* kept = bytes;
  while (at != end && step_ < Step::kDone) {
    if (step_ != Step::kData) {
      step_ = After(*at++);
      continue;
    }
    const auto count =
        static_cast<size_t>(std::min<uint64_t>(static_cast<size_t>(end - at), left_));
    if (keeps_ == Keeps::kContent) std::memmove(kept, at, count);
    kept += count;
    at += count;
    left_ -= count;
    if (left_ == 0) step_ = Step::kDataEnd;
  }
  const auto taken = static_cast<size_t>(at - bytes);
  return {taken, keeps_ == Keeps::kContent ? static_cast<size_t>(kept - bytes) : taken};
}

BodyScanner::Step BodyScanner::After(char c) {
  switch (step_) {
    case Step::kSize:
    case Step::kBlanks:
    case Step::kExtension: return AfterSize(c);
    case Step::kSizeLineFeed:
      if (c != '\n') return Step::kFailed;
      return left_ == 0 ? Step::kTrailerStart : Step::kData;
    case Step::kDataEnd: return c == '\r' ? Step::kDataLineFeed : Step::kFailed;
    case Step::kDataLineFeed: digits_ = 0; return c == '\n' ? Step::kSize : Step::kFailed;
    default: return AfterTrailer(c);
  }
}

BodyScanner::Step BodyScanner::AfterSize(char c) {
  if (step_ == Step::kSize) {
    const int digit = http::HexDigit(c);
    if (digit >= 0) {
      left_ = left_ * kDigitValues + static_cast<uint64_t>(digit);
      return ++digits_ > kMostDigits ? Step::kFailed : Step::kSize;
    }
    if (digits_ == 0) return Step::kFailed;
    if (c == '\r') return Step::kSizeLineFeed;
  }
  if (++overhead_ > kMostOverhead) return Step::kFailed;
  if (step_ == Step::kExtension) {
    if (c == '\r') return Step::kSizeLineFeed;
    return http::kValueBytes.Has(c) ? Step::kExtension : Step::kFailed;
  }
  // RFC 9112, 7.1.1: blanks behind the size are for extensions only.
  if (c == ';') return Step::kExtension;
  return http::IsBlank(c) ? Step::kBlanks : Step::kFailed;
}

BodyScanner::Step BodyScanner::AfterTrailer(char c) {
  if (++overhead_ > kMostOverhead) return Step::kFailed;
  switch (step_) {
    case Step::kTrailerStart:
      if (c == '\r') return Step::kLastLineFeed;
      return http::kTokenBytes.Has(c) ? Step::kTrailerName : Step::kFailed;
    case Step::kTrailerName:
      if (c == ':') return Step::kTrailerValue;
      return http::kTokenBytes.Has(c) ? Step::kTrailerName : Step::kFailed;
    case Step::kTrailerValue:
      if (c == '\r') return Step::kTrailerLineFeed;
      return http::kValueBytes.Has(c) ? Step::kTrailerValue : Step::kFailed;
    case Step::kTrailerLineFeed: return c == '\n' ? Step::kTrailerStart : Step::kFailed;
    default: return c == '\n' ? Step::kDone : Step::kFailed;
  }
}

}  // namespace slipway::splitter

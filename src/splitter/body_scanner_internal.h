// Where a body ends (RFC 9112, 6), as its bytes go by.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slipway::splitter {

enum class BodyFraming : uint8_t { kNone, kLength, kChunked, kUntilClose };

// As strict as http::RequestParser: a frame that two readers could understand in two ways fails.
class BodyScanner {
 public:
  // Whether chunks go on with what frames them, or without.
  enum class Keeps : uint8_t { kFrames, kContent };

  void Begin(BodyFraming framing, uint64_t length = 0, Keeps keeps = Keeps::kFrames);

  struct Scanned {
    size_t taken = 0;  // So many of the bytes belong to the body; what follows does not.
    size_t kept = 0;   // So many go on; they are at the front of the bytes now.
  };
  Scanned Scan(char* bytes, size_t size);

  bool done() const { return step_ == Step::kDone; }
  bool failed() const { return step_ == Step::kFailed; }
  // The connection ended behind the last byte: true where that is the body's end.
  bool End();

 private:
  // What the next byte belongs to.
  enum class Step : uint8_t {
    kSize,
    kBlanks,
    kExtension,
    kSizeLineFeed,
    kData,
    kDataEnd,
    kDataLineFeed,
    kTrailerStart,
    kTrailerName,
    kTrailerValue,
    kTrailerLineFeed,
    kLastLineFeed,
    kDone,
    kFailed,
  };

  Scanned ScanChunks(char* bytes, size_t size);
  Step After(char c);
  Step AfterSize(char c);
  Step AfterTrailer(char c);

  BodyFraming framing_ = BodyFraming::kNone;
  Keeps keeps_ = Keeps::kFrames;
  Step step_ = Step::kDone;
  uint64_t left_ = 0;  // Of the body, or of the chunk; while its size is read, the size.
  int digits_ = 0;
  size_t overhead_ = 0;  // Bytes of extensions and trailers.
};

}  // namespace slipway::splitter

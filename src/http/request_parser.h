// HTTP/1.x requests out of bytes, as strictly as RFC 9112 allows: what two readers could understand
// in two ways is refused, so that nothing is smuggled past a proxy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/types.h"

namespace slipway::http {

struct ParseFailure {
  int status = 400;
  std::string message;
};

// The bytes of one connection: what came is added, whole requests are taken in their order.
//
// Each byte is looked at once, so what is answered depends on the bytes and never on how they were
// cut into pieces. Places are kept as offsets, since the buffer moves as it grows.
class RequestParser {
 public:
  enum class State {
    kEmpty,     // Nothing of a next request yet.
    kHeaders,   // Some of its head.
    kBody,      // Its head, and not all of its body.
    kComplete,  // request() holds it.
    kFailed,    // failure() says why; nothing more of the connection can be read.
  };

  // What becomes of bodies. Of kLeft a request is complete with its head, and the bytes behind it
  // are the caller's to take, as framing() says: for who hands them on as they come.
  enum class Bodies { kRead, kLeft };
  struct Framing {
    bool chunked = false;
    bool has_length = false;
    size_t length = 0;
  };

  // `peer` is what its requests say of who sends them.
  explicit RequestParser(const Limits& limits, std::string_view peer = "",
                         Bodies bodies = Bodies::kRead);

  // Room for bytes that arrive next, at least `least`; what was put there is told to Added. Views
  // of an earlier request end with either call. Null where memory ran out: then it has failed.
  std::pair<char*, size_t> Room(size_t least);
  void Added(size_t count) { end_ += count; }
  // Looks at what there is.
  State Parse();
  // After kComplete: forgets the request, whose views end.
  void Next();

  State state() const;
  const Request& request() const { return request_; }
  const ParseFailure& failure() const { return failure_; }
  // After kBody, once: the client waits for "100 Continue" before it sends the body.
  bool TakeExpectContinue();

  // Bytes that came and belong to no request yet.
  size_t unread_bytes() const { return end_ - scan_; }
  // Of Bodies::kLeft: how the body of the complete request is framed, those bytes, and that the
  // first `count` of them belong to it.
  const Framing& framing() const { return framing_; }
  std::string_view unread() const { return {bytes_.get() + scan_, end_ - scan_}; }
  void Take(size_t count) { scan_ += count; }
  size_t capacity() const { return capacity_; }

 private:
  // What the next byte belongs to. The order matters: the head's come first.
  enum class Step : uint8_t {
    kStart,
    kStartLineFeed,
    kMethod,
    kTarget,
    kVersion,
    kLineFeed,
    kFieldStart,  // This one and those up to the body are the trailers', too.
    kName,
    kBlanks,
    kValue,
    kFieldLineFeed,
    kHeadLineFeed,
    kBody,
    kChunkSize,
    kChunkBlanks,
    kChunkExtension,
    kChunkLineFeed,
    kChunkData,
    kChunkDataEnd,
    kChunkDataLineFeed,
    kComplete,
    kFailed,
  };
  struct Span {  // From begin_.
    size_t at = 0, size = 0;
  };
  struct Field {
    Span name, value;
  };
  struct FieldsSeen;
  struct Free {
    void operator()(char* bytes) const { std::free(bytes); }
  };

  // Each takes bytes from `at` on, as far as its step goes, and returns where the next begin.
  const char* Advance(const char* at, const char* end);
  const char* AdvanceHead(const char* at, const char* end);
  const char* ReadStart(const char* at);
  const char* ReadMethod(const char* at, const char* end);
  const char* ReadTarget(const char* at, const char* end);
  const char* ReadVersion(const char* at, const char* end);
  const char* ReadFieldStart(const char* at);
  const char* ReadName(const char* at, const char* end);
  const char* ReadBlanks(const char* at, const char* end);
  const char* ReadValue(const char* at, const char* end);
  const char* ReadLineFeed(const char* at, Step next);
  const char* ReadBody(const char* at, const char* end);
  const char* ReadChunkSize(const char* at, const char* end);
  const char* ReadChunkExtension(const char* at, const char* end);
  const char* ReadChunkData(const char* at, const char* end);
  void AddField(const char* value_end);

  // What the whole head means; in request_head.cc. Those that answer false have failed.
  void FinishHead();
  bool ReadFields();
  bool ReadField(const Field& field, FieldsSeen* seen);
  bool ReadContentLength(std::string_view value, FieldsSeen* seen);
  bool ReadForm();
  bool ReadAbsoluteForm(size_t scheme_size);
  void SplitPath(Span span);
  void ChooseBody(const FieldsSeen& seen);
  void Complete();

  const char* Fail(int status, std::string message);
  bool Refuse(int status, std::string message);
  const char* FailAt(const char* at, std::string_view where);
  void TooLarge();
  // False where memory ran out. Then Resize has changed nothing.
  bool MakeRoom(size_t least);
  bool Resize(size_t capacity);
  void FailForMemory();
  void Forget();

  char* base() const { return bytes_.get() + begin_; }
  size_t Offset(const char* at) const { return static_cast<size_t>(at - base()); }
  std::string_view View(Span span) const { return {base() + span.at, span.size}; }

  const Limits limits_;
  const Bodies bodies_;
  std::unique_ptr<char, Free> bytes_;
  size_t capacity_ = 0;
  size_t begin_ = 0, scan_ = 0, end_ = 0;  // Of the request, of what was not looked at, of all.

  Step step_ = Step::kStart;
  bool skipped_line_ = false;  // An empty one before the request's first.
  bool in_trailers_ = false;
  bool chunked_ = false;
  bool expects_continue_ = false;
  size_t mark_ = 0;    // Where what is being read began.
  size_t budget_ = 0;  // Bytes that the head, or the trailers, may still have.
  Span method_, target_, path_, query_, authority_, name_;
  std::vector<Field> fields_;
  size_t trailers_ = 0;
  size_t head_size_ = 0;
  size_t body_size_ = 0;   // Of a body in chunks: what came of it, decoded behind the head.
  size_t chunk_left_ = 0;  // While its size is read: the size.
  size_t chunk_digits_ = 0;
  size_t extension_bytes_ = 0;

  Framing framing_;
  Request request_;
  ParseFailure failure_;
};

}  // namespace slipway::http

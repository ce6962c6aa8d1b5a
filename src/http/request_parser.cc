// The bytes: where a request's parts begin and end. What they mean is in request_head.cc.
#include "http/request_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "http/text.h"

namespace slipway::http {
namespace {

constexpr size_t kFirstCapacity = 8 << 10;
// A buffer that grew beyond this is given back after its request.
constexpr size_t kKeptCapacity = 64 << 10;
constexpr size_t kLongestMethod = 32;
// Leading zeros are allowed, and must end somewhere.
constexpr size_t kMostChunkDigits = 16;
// So that no sum of sizes overflows.
constexpr size_t kLargestLimit = size_t{1} << 48;
constexpr std::string_view kVersionStart = "HTTP/";

Limits Bounded(Limits limits) {
  for (size_t* limit : {&limits.target_bytes, &limits.header_bytes, &limits.body_bytes})
    *limit = std::clamp(*limit, size_t{1}, kLargestLimit);
  return limits;
}

}  // namespace

RequestParser::RequestParser(const Limits& limits, std::string_view peer, Bodies bodies)
    : limits_(Bounded(limits)), bodies_(bodies) {
  request_.peer = peer;
  Forget();
}

std::pair<char*, size_t> RequestParser::Room(size_t least) {
  if (begin_ == end_) begin_ = scan_ = end_ = 0;
  if (capacity_ - end_ < least && !MakeRoom(least)) {
    FailForMemory();
    return {nullptr, 0};
  }
  return {bytes_.get() + end_, capacity_ - end_};
}

bool RequestParser::MakeRoom(size_t least) {
  const size_t used = end_ - begin_;
  if (begin_ > 0) std::memmove(bytes_.get(), base(), used);
  scan_ -= begin_;
  begin_ = 0;
  end_ = used;
  const size_t needed = used + least;
  if (needed <= capacity_) return true;
  size_t grown = std::max({needed, 2 * capacity_, kFirstCapacity});
  // Where the body's length is known, no more than it takes.
  if (step_ == Step::kBody)
    grown = std::clamp(head_size_ + body_size_ + kFirstCapacity, needed, grown);
  return Resize(grown);
}

void RequestParser::FailForMemory() {
  Fail(503, "there is no memory left for the request; try again in a second");
  bytes_.reset();
  capacity_ = begin_ = scan_ = end_ = 0;
}

bool RequestParser::Resize(size_t capacity) {
  // realloc moves pages of a large block instead of bytes.
  void* bytes = std::realloc(bytes_.get(), capacity);
  if (bytes == nullptr) return false;
  [[maybe_unused]] char* const freed = bytes_.release();
  bytes_.reset(static_cast<char*>(bytes));
  capacity_ = capacity;
  return true;
}

RequestParser::State RequestParser::state() const {
  if (step_ == Step::kComplete) return State::kComplete;
  if (step_ == Step::kFailed) return State::kFailed;
  if (in_trailers_ || step_ >= Step::kBody) return State::kBody;
  return step_ > Step::kStartLineFeed ? State::kHeaders : State::kEmpty;
}

RequestParser::State RequestParser::Parse() {
  const char* at = bytes_.get() + scan_;
  const char* const end = bytes_.get() + end_;
  while (at != end && step_ < Step::kComplete) at = Advance(at, end);
  scan_ = static_cast<size_t>(at - bytes_.get());
  // What wrapped the chunks is done with: what comes next is put behind the decoded body.
  if (chunked_ && !in_trailers_ && step_ < Step::kComplete)
    scan_ = end_ = begin_ + head_size_ + body_size_;
  return state();
}

void RequestParser::Next() {
  if (step_ != Step::kComplete) return;
  begin_ = scan_;
  Forget();
  const size_t left = end_ - begin_;
  if (capacity_ <= kKeptCapacity || left > kFirstCapacity) return;
  if (left > 0) std::memmove(bytes_.get(), base(), left);
  begin_ = scan_ = 0;
  end_ = left;
  Resize(kFirstCapacity);  // Where that fails, it keeps what it has.
}

void RequestParser::Forget() {
  step_ = Step::kStart;
  skipped_line_ = in_trailers_ = chunked_ = expects_continue_ = false;
  budget_ = limits_.header_bytes;
  fields_.clear();
  authority_ = Span();
  trailers_ = head_size_ = body_size_ = chunk_left_ = chunk_digits_ = extension_bytes_ = 0;
}

const char* RequestParser::Fail(int status, std::string message) {
  step_ = Step::kFailed;
  failure_ = {status, std::move(message)};
  return bytes_.get() + end_;  // No more is read.
}

bool RequestParser::Refuse(int status, std::string message) {
  Fail(status, std::move(message));
  return false;
}

const char* RequestParser::FailAt(const char* at, std::string_view where) {
  if (*at == '\n') return Fail(400, fmt::format("{} ends with LF without CR", where));
  return Fail(400, fmt::format("byte 0x{:02x} is not allowed in {}",
                               static_cast<unsigned char>(*at), where));
}

void RequestParser::TooLarge() {
  if (step_ <= Step::kTarget) {
    Fail(414, fmt::format("the request line is longer than {} bytes", limits_.header_bytes));
  } else {
    Fail(431, fmt::format("the request line and the headers are longer than {} bytes together",
                          limits_.header_bytes));
  }
}

const char* RequestParser::Advance(const char* at, const char* end) {
  if (step_ < Step::kBody) return AdvanceHead(at, end);
  switch (step_) {
    case Step::kBody: return ReadBody(at, end);
    case Step::kChunkSize: return ReadChunkSize(at, end);
    case Step::kChunkBlanks:
    case Step::kChunkExtension: return ReadChunkExtension(at, end);
    case Step::kChunkLineFeed: {
      const bool last = chunk_left_ == 0;
      at = ReadLineFeed(at, last ? Step::kFieldStart : Step::kChunkData);
      in_trailers_ = last;
      budget_ = limits_.header_bytes;
      chunk_digits_ = 0;
      return at;
    }
    case Step::kChunkData: return ReadChunkData(at, end);
    case Step::kChunkDataEnd:
      if (*at != '\r') return Fail(400, "a chunk is longer than its size says");
      step_ = Step::kChunkDataLineFeed;
      return at + 1;
    case Step::kChunkDataLineFeed: return ReadLineFeed(at, Step::kChunkSize);
    default: return end;
  }
}

const char* RequestParser::AdvanceHead(const char* at, const char* end) {
  const char* const stop = at + std::min(static_cast<size_t>(end - at), budget_);
  const char* next = at;
  switch (step_) {
    case Step::kStart: next = ReadStart(at); break;
    case Step::kStartLineFeed:
      next = ReadLineFeed(at, Step::kStart);
      if (step_ == Step::kStart) begin_ += 2;
      break;
    case Step::kMethod: next = ReadMethod(at, stop); break;
    case Step::kTarget: next = ReadTarget(at, stop); break;
    case Step::kVersion: next = ReadVersion(at, stop); break;
    case Step::kLineFeed: next = ReadLineFeed(at, Step::kFieldStart); break;
    case Step::kFieldStart: next = ReadFieldStart(at); break;
    case Step::kName: next = ReadName(at, stop); break;
    case Step::kBlanks: next = ReadBlanks(at, stop); break;
    case Step::kValue: next = ReadValue(at, stop); break;
    case Step::kFieldLineFeed: next = ReadLineFeed(at, Step::kFieldStart); break;
    default:
      next = ReadLineFeed(at, Step::kBody);
      if (step_ == Step::kFailed) break;
      if (in_trailers_) {
        Complete();
      } else {
        head_size_ = Offset(next);
        FinishHead();
      }
      break;
  }
  if (step_ == Step::kFailed) return end;
  budget_ -= static_cast<size_t>(next - at);
  if (budget_ == 0 && step_ < Step::kBody) TooLarge();
  return next;
}

const char* RequestParser::ReadStart(const char* at) {
  // RFC 9112, 2.2: old clients send an empty line behind a body.
  if (*at == '\r' && !skipped_line_) {
    skipped_line_ = true;
    step_ = Step::kStartLineFeed;
    return at + 1;
  }
  mark_ = 0;
  step_ = Step::kMethod;
  return at;
}

const char* RequestParser::ReadMethod(const char* at, const char* end) {
  while (at != end && kTokenBytes.Has(*at)) ++at;
  const size_t size = Offset(at) - mark_;
  if (size > kLongestMethod) return Fail(501, "there is no method of so long a name");
  if (at == end) return at;
  if (*at != ' ' || size == 0) return FailAt(at, "the method of the request line");
  method_ = {mark_, size};
  mark_ = Offset(at) + 1;
  step_ = Step::kTarget;
  return at + 1;
}

const char* RequestParser::ReadTarget(const char* at, const char* end) {
  while (at != end && kTargetBytes.Has(*at)) ++at;
  const size_t size = Offset(at) - mark_;
  if (size > limits_.target_bytes)
    return Fail(414, fmt::format("the target is longer than {} bytes", limits_.target_bytes));
  if (at == end) return at;
  if (*at != ' ' || size == 0) return FailAt(at, "the target of the request line");
  target_ = {mark_, size};
  mark_ = Offset(at) + 1;
  step_ = Step::kVersion;
  return at + 1;
}

const char* RequestParser::ReadVersion(const char* at, const char* end) {
  for (; at != end; ++at) {
    const size_t place = Offset(at) - mark_;
    const bool digit = *at >= '0' && *at <= '9';
    if (place < kVersionStart.size() ? *at != kVersionStart[place]
        : place == 5 || place == 7   ? !digit
                                     : *at != (place == 6 ? '.' : '\r')) {
      return FailAt(at, "the version of the request line");
    }
    if (place < 8) continue;
    const std::string_view version = View({mark_, 8}).substr(kVersionStart.size());
    if (version != "1.1" && version != "1.0")
      return Fail(505, fmt::format("HTTP/{} is not served; use HTTP/1.1", version));
    request_.minor_version = version.back() - '0';
    step_ = Step::kLineFeed;
    return at + 1;
  }
  return at;
}

const char* RequestParser::ReadLineFeed(const char* at, Step next) {
  if (*at != '\n') return Fail(400, "a CR stands without LF");
  step_ = next;
  return at + 1;
}

const char* RequestParser::ReadFieldStart(const char* at) {
  if (*at == '\r') {
    step_ = Step::kHeadLineFeed;
    return at + 1;
  }
  if (IsBlank(*at)) return Fail(400, "a line of the headers begins with a blank");
  mark_ = Offset(at);
  step_ = Step::kName;
  return at;
}

const char* RequestParser::ReadName(const char* at, const char* end) {
  while (at != end && kTokenBytes.Has(*at)) ++at;
  if (at == end) return at;
  name_ = {mark_, Offset(at) - mark_};
  if (*at != ':' || name_.size == 0) return FailAt(at, "the name of a header");
  mark_ = Offset(at) + 1;
  step_ = Step::kBlanks;
  return at + 1;
}

const char* RequestParser::ReadBlanks(const char* at, const char* end) {
  while (at != end && IsBlank(*at)) ++at;
  mark_ = Offset(at);
  if (at != end) step_ = Step::kValue;
  return at;
}

const char* RequestParser::ReadValue(const char* at, const char* end) {
  while (at != end && kValueBytes.Has(*at)) ++at;
  if (at == end) return at;
  if (*at != '\r') return FailAt(at, "the value of a header");
  AddField(at);
  return step_ == Step::kFailed ? end : at + 1;
}

void RequestParser::AddField(const char* value_end) {
  step_ = Step::kFieldLineFeed;
  const size_t count = in_trailers_ ? ++trailers_ : fields_.size() + 1;
  if (count > limits_.headers) {
    Fail(431, fmt::format("there are more than {} headers", limits_.headers));
    return;
  }
  if (in_trailers_) return;
  Span value{mark_, Offset(value_end) - mark_};
  while (value.size > 0 && IsBlank(base()[value.at + value.size - 1])) --value.size;
  fields_.push_back({name_, value});
}

const char* RequestParser::ReadBody(const char* at, const char* end) {
  const char* const body_end = base() + head_size_ + body_size_;
  if (end < body_end) return end;
  Complete();
  return std::max(at, body_end);
}

const char* RequestParser::ReadChunkSize(const char* at, const char* end) {
  for (; at != end; ++at) {
    const int digit = HexDigit(*at);
    if (digit < 0) break;
    chunk_left_ = chunk_left_ * 16 + static_cast<size_t>(digit);
    if (++chunk_digits_ > kMostChunkDigits)
      return Fail(400, "the size of a chunk has too many digits");
    if (chunk_left_ > limits_.body_bytes - body_size_)
      return Fail(413, fmt::format("the body is longer than {} bytes", limits_.body_bytes));
  }
  if (at == end) return at;
  if (chunk_digits_ == 0) return FailAt(at, "the size of a chunk");
  if (*at == '\r') {
    step_ = Step::kChunkLineFeed;
    return at + 1;
  }
  step_ = Step::kChunkBlanks;
  return at;
}

const char* RequestParser::ReadChunkExtension(const char* at, const char* end) {
  for (; at != end; ++at) {
    if (step_ == Step::kChunkExtension && *at == '\r') {
      step_ = Step::kChunkLineFeed;
      return at + 1;
    }
    // RFC 9112, 7.1.1: blanks behind the size are for extensions only.
    if (step_ == Step::kChunkBlanks && *at == ';') step_ = Step::kChunkExtension;
    const bool allowed = step_ == Step::kChunkBlanks ? IsBlank(*at) : kValueBytes.Has(*at);
    if (!allowed) return FailAt(at, "the size of a chunk");
    if (++extension_bytes_ > limits_.header_bytes)
      return Fail(431, fmt::format("the extensions of chunks are longer than {} bytes",
                                   limits_.header_bytes));
  }
  return at;
}

const char* RequestParser::ReadChunkData(const char* at, const char* end) {
  const size_t count = std::min(static_cast<size_t>(end - at), chunk_left_);
  std::memmove(base() + head_size_ + body_size_, at, count);
  body_size_ += count;
  chunk_left_ -= count;
  if (chunk_left_ == 0) step_ = Step::kChunkDataEnd;
  return at + count;
}

bool RequestParser::TakeExpectContinue() {
  // Who has begun to send the body does not wait.
  if (!expects_continue_ || state() != State::kBody) return false;
  expects_continue_ = false;
  return end_ == begin_ + head_size_;
}

}  // namespace slipway::http

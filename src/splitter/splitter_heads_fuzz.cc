// What a replica answers: heads and bodies are read the same however their bytes are cut into
// pieces, nothing is kept that did not come, and what is handed on is read as the same again.
//
// The first byte of an input chooses: whether a head is read or a body, of which framing.
#include <algorithm>
#include <cstddef>

#include "core/fuzzing.h"
#include "splitter/body_scanner_internal.h"
#include "splitter/heads_internal.h"

namespace {

using slipway::splitter::AppendResponseHead;
using slipway::splitter::BodyFraming;
using slipway::splitter::BodyScanner;
using slipway::splitter::HeadState;
using slipway::splitter::Persistence;
using slipway::splitter::ReadResponseHead;
using slipway::splitter::ResponseHead;
using slipway::testing::Require;
using slipway::testing::RequireSame;

constexpr uint64_t kLength = 20;

std::string Describe(std::string_view bytes, const ResponseHead& head) {
  Require(head.size <= bytes.size(), "a head is of the bytes that came");
  Require(head.status >= 100 && head.status <= 999, "a status has three digits");
  std::string text =
      fmt::format("{} {} [{}] {} {} {}\n", head.minor_version, head.status, head.reason,
                  static_cast<int>(head.framing), head.length, head.keep_alive);
  for (const auto& header : head.headers) {
    Require(!header.name.empty(), "a header has a name");
    Require(header.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos,
            "a value is one line", header.value);
    text += fmt::format("{}={}\n", header.name, header.value);
  }
  return text;
}

// What is read of `bytes` that come in pieces of that size.
std::string ReadHead(std::string_view bytes, bool answers_head, size_t piece, ResponseHead* head) {
  size_t scanned = 0;
  for (size_t size = std::min(piece, bytes.size());; size = std::min(size + piece, bytes.size())) {
    switch (ReadResponseHead(bytes.substr(0, size), answers_head, &scanned, head)) {
      case HeadState::kBad: return "bad";
      case HeadState::kWhole: return Describe(bytes, *head);
      case HeadState::kMore: break;
    }
    Require(scanned <= size, "no more is scanned than came");
    if (size == bytes.size()) return "more";
  }
}

void CheckHead(std::string_view bytes, bool answers_head) {
  ResponseHead head;
  const std::string whole = ReadHead(bytes, answers_head, bytes.size() + 1, &head);
  ResponseHead other;
  const std::string in_pieces = ReadHead(bytes, answers_head, 7, &other);
  // Bytes that can begin no head need not be waited for, and so may be refused sooner.
  if (in_pieces != "bad") RequireSame(whole, in_pieces, "in pieces it gives the same");
  if (whole == "bad" || whole == "more") return;
  std::string handed_on;
  AppendResponseHead(head, Persistence::kImplied, false, &handed_on);
  ResponseHead again;
  const std::string read = ReadHead(handed_on, answers_head, handed_on.size(), &again);
  Require(read != "bad" && read != "more", "what is handed on is a head", handed_on);
  Require(
      again.status == head.status && again.framing == head.framing && again.length == head.length,
      "what is handed on means the same", bytes, handed_on);
  Require(!again.hops.any(), "no header of one hop goes on", handed_on);
}

std::string ReadBody(std::string bytes, BodyFraming framing, BodyScanner::Keeps keeps,
                     size_t piece) {
  BodyScanner scanner;
  scanner.Begin(framing, kLength, keeps);
  std::string kept;
  size_t taken = 0;
  while (taken < bytes.size() && !scanner.done() && !scanner.failed()) {
    const size_t size = std::min(piece, bytes.size() - taken);
    const BodyScanner::Scanned scanned = scanner.Scan(bytes.data() + taken, size);
    Require(scanned.taken <= size && scanned.kept <= scanned.taken, "no more than came is taken");
    Require(scanner.done() || scanner.failed() || scanned.taken == size,
            "what goes on takes all that came");
    if (scanner.failed()) return "failed";
    kept.append(bytes, taken, scanned.kept);
    taken += scanned.taken;
  }
  return fmt::format("{} {} [{}]", scanner.done(), taken, kept);
}

void CheckBody(std::string_view bytes, BodyFraming framing, BodyScanner::Keeps keeps) {
  const std::string whole = ReadBody(std::string(bytes), framing, keeps, bytes.size() + 1);
  RequireSame(whole, ReadBody(std::string(bytes), framing, keeps, 1), "byte by byte the same");
  RequireSame(whole, ReadBody(std::string(bytes), framing, keeps, 7), "in pieces the same");
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes = slipway::testing::TextOf(data, size).substr(1);
  switch (data[0]) {
    case 'c': CheckBody(bytes, BodyFraming::kChunked, BodyScanner::Keeps::kFrames); break;
    case 'd': CheckBody(bytes, BodyFraming::kChunked, BodyScanner::Keeps::kContent); break;
    case 'l': CheckBody(bytes, BodyFraming::kLength, BodyScanner::Keeps::kFrames); break;
    case 'u': CheckBody(bytes, BodyFraming::kUntilClose, BodyScanner::Keeps::kFrames); break;
    case 'n': CheckHead(bytes, true); break;
    default: CheckHead(bytes, false); break;
  }
  return 0;
}

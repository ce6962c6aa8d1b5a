#include "serve/trace_context.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace slipway::serve {
namespace {

constexpr std::string_view kHeaderName = "traceparent";
// Where the fields of "VV-TTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTT-PPPPPPPPPPPPPPPP-FF" begin.
constexpr size_t kTraceAt = 3, kParentAt = 36, kFlagsAt = 53;
constexpr size_t kDigits = 8;  // That are read and written at a time, a byte of a word each.

// The same byte eight times.
constexpr uint64_t Each(uint8_t byte) { return 0x0101010101010101ULL * byte; }
constexpr uint64_t kTopBits = Each(0x80);

// A word whose lowest byte is the first in memory, on any machine.
uint64_t LoadLittle(const char* at) {
  uint64_t word = 0;
  std::memcpy(&word, at, sizeof(word));
  return std::endian::native == std::endian::little ? word : std::byteswap(word);
}
void StoreLittle(uint64_t word, char* at) {
  if constexpr (std::endian::native != std::endian::little) word = std::byteswap(word);
  std::memcpy(at, &word, sizeof(word));
}

// The top bit of each byte that is at least `least`; of bytes below 0x80.
constexpr uint64_t AtLeast(uint64_t bytes, uint8_t least) {
  return ((bytes | kTopBits) - Each(least)) & kTopBits;
}

// Eight lower-case digits at once. Clears `valid` where one is something else.
uint64_t ReadEight(uint64_t bytes, bool* valid) {
  const uint64_t digits = AtLeast(bytes, '0') & ~AtLeast(bytes, '9' + 1);
  const uint64_t letters = AtLeast(bytes, 'a') & ~AtLeast(bytes, 'f' + 1);
  *valid &= (digits | letters) == kTopBits && (bytes & kTopBits) == 0;
  // The low half of 'a' is 1; there are no carries from byte to byte.
  uint64_t nibbles = std::byteswap((bytes & Each(0x0f)) + (letters >> 7U) * 9U);
  nibbles = (nibbles | nibbles >> 4U) & 0x00ff00ff00ff00ffULL;
  nibbles = (nibbles | nibbles >> 8U) & 0x0000ffff0000ffffULL;
  return (nibbles | nibbles >> 16U) & 0xffffffffULL;
}

uint64_t ReadSixteen(const char* at, bool* valid) {
  const uint64_t high = ReadEight(LoadLittle(at), valid);
  return high << 32U | ReadEight(LoadLittle(at + kDigits), valid);
}

uint8_t ReadTwo(const char* at, bool* valid) {
  constexpr uint64_t kSixZeros = Each('0') >> 16U;
  const auto first = static_cast<unsigned char>(at[0]), second = static_cast<unsigned char>(at[1]);
  const uint64_t bytes = kSixZeros | uint64_t{first} << 48U | uint64_t{second} << 56U;
  return static_cast<uint8_t>(ReadEight(bytes, valid));
}

void WriteEight(uint32_t value, char* at) {
  uint64_t nibbles = value;
  nibbles = (nibbles | nibbles << 16U) & 0x0000ffff0000ffffULL;
  nibbles = (nibbles | nibbles << 8U) & 0x00ff00ff00ff00ffULL;
  nibbles = std::byteswap((nibbles | nibbles << 4U) & Each(0x0f));
  // 1 in each byte that is a letter: 10 and 0x76 reach the top bit.
  const uint64_t letters = ((nibbles + Each(0x76)) & kTopBits) >> 7U;
  StoreLittle(nibbles + Each('0') + letters * ('a' - '0' - 10), at);
}

void WriteSixteen(uint64_t value, char* at) {
  WriteEight(static_cast<uint32_t>(value >> 32U), at);
  WriteEight(static_cast<uint32_t>(value), at + kDigits);
}

bool IsTraceParent(std::string_view name) {
  return name.size() == kHeaderName.size() && std::ranges::equal(name, kHeaderName, {}, [](char c) {
           return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
         });
}

uint64_t NextId(Random* random) {
  while (true) {
    if (const uint64_t id = random->Next(); id != 0) return id;
  }
}

}  // namespace

std::optional<TraceParent> ParseTraceParent(std::string_view text) {
  if (text.size() < kTraceParentSize) return std::nullopt;
  const char* const at = text.data();
  if (at[kTraceAt - 1] != '-' || at[kParentAt - 1] != '-' || at[kFlagsAt - 1] != '-')
    return std::nullopt;
  bool valid = true;
  const uint8_t version = ReadTwo(at, &valid);
  TraceParent parsed;
  parsed.trace_high = ReadSixteen(at + kTraceAt, &valid);
  parsed.trace_low = ReadSixteen(at + kTraceAt + 2 * kDigits, &valid);
  parsed.parent_id = ReadSixteen(at + kParentAt, &valid);
  parsed.flags = ReadTwo(at + kFlagsAt, &valid);
  if (!valid || version == UINT8_MAX) return std::nullopt;
  if ((parsed.trace_high | parsed.trace_low) == 0 || parsed.parent_id == 0) return std::nullopt;
  // What follows is for versions that are still to come.
  const bool longer = text.size() > kTraceParentSize;
  if (longer && (version == 0 || at[kTraceParentSize] != '-')) return std::nullopt;
  return parsed;
}

TraceContext ContinueTrace(const http::Request& request, Random* random) {
  size_t count = 0;
  std::string_view text;
  for (const http::Header& header : request.headers) {
    if (!IsTraceParent(header.name)) continue;
    text = header.value;
    ++count;
  }
  TraceContext context;
  context.was_sent = count > 0;
  context.span_id = NextId(random);
  const std::optional<TraceParent> parent =
      count == 1 ? ParseTraceParent(text) : std::optional<TraceParent>();
  if (parent) {
    context.trace_high = parent->trace_high;
    context.trace_low = parent->trace_low;
    context.parent_id = parent->parent_id;
    context.flags = parent->flags & (TraceContext::kSampled | TraceContext::kRandomTraceId);
  } else {
    context.trace_high = random->Next();
    context.trace_low = NextId(random);
  }
  return context;
}

std::array<char, 16> LowerHex(uint64_t value) {
  std::array<char, 16> digits{};
  WriteSixteen(value, digits.data());
  return digits;
}

std::array<char, kTraceParentSize> FormatTraceParent(const TraceContext& context) {
  std::array<char, kTraceParentSize> text{};
  text.fill('-');
  WriteSixteen(context.trace_high, text.data() + kTraceAt);
  WriteSixteen(context.trace_low, text.data() + kTraceAt + 2 * kDigits);
  WriteSixteen(context.span_id, text.data() + kParentAt);
  constexpr std::string_view kHex = "0123456789abcdef";
  text[kFlagsAt] = kHex[context.flags >> 4U];
  text[kFlagsAt + 1] = kHex[context.flags & 0x0fU];
  text[0] = text[1] = '0';
  return text;
}

void AddTraceResponse(const TraceContext& context, http::Response* response) {
  if (!context.was_sent) return;
  const std::array<char, kTraceParentSize> text = FormatTraceParent(context);
  response->header_lines.append("traceresponse: ").append(text.data(), text.size()).append("\r\n");
}

}  // namespace slipway::serve

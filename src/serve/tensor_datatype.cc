#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "serve/tensor_datatype_internal.h"

namespace slipway::serve {
namespace {

enum class Kind : uint8_t { kTruth, kWhole, kFraction, kText };

// What a datatype is called, and the numbers that it has: from `least` to below `end`.
struct Traits {
  std::string_view name;
  Kind kind;
  double least = 0, end = 0;
};

constexpr double k2To63 = 9223372036854775808.0;
// From here on numbers are nearer to an infinity than to the largest of 16 or 32 bits.
constexpr double kEndOfFp16 = 65520;
constexpr double kEndOfFp32 = 0x1.ffffffp127;

// In the order of Datatype.
constexpr std::array<Traits, 13> kTraits = {{{"BOOL", Kind::kTruth, 0, 2},
                                             {"UINT8", Kind::kWhole, 0, 0x1p8},
                                             {"UINT16", Kind::kWhole, 0, 0x1p16},
                                             {"UINT32", Kind::kWhole, 0, 0x1p32},
                                             {"UINT64", Kind::kWhole, 0, 2 * k2To63},
                                             {"INT8", Kind::kWhole, -0x1p7, 0x1p7},
                                             {"INT16", Kind::kWhole, -0x1p15, 0x1p15},
                                             {"INT32", Kind::kWhole, -0x1p31, 0x1p31},
                                             {"INT64", Kind::kWhole, -k2To63, k2To63},
                                             {"FP16", Kind::kFraction, 0, kEndOfFp16},
                                             {"FP32", Kind::kFraction, 0, kEndOfFp32},
                                             {"FP64", Kind::kFraction, 0, HUGE_VAL},
                                             {"BYTES", Kind::kText}}};

const Traits& Of(Datatype datatype) { return kTraits[static_cast<size_t>(datatype)]; }

template <typename Integer>
bool IsWritten(std::string_view text) {
  Integer value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::string_view NameOf(Datatype datatype) { return Of(datatype).name; }

std::optional<Datatype> DatatypeOf(std::string_view name) {
  const auto found = std::ranges::find(kTraits, name, &Traits::name);
  if (found == kTraits.end()) return std::nullopt;
  return static_cast<Datatype>(found - kTraits.begin());
}

const char* ValueOf(Datatype datatype) {
  switch (Of(datatype).kind) {
    case Kind::kTruth: return "true or false";
    case Kind::kWhole: return "a whole number";
    case Kind::kFraction: return "a number";
    case Kind::kText: break;
  }
  return "a text";
}

bool Holds(Datatype datatype, double number, std::string_view text) {
  const Traits& traits = Of(datatype);
  if (traits.kind == Kind::kText) return false;
  if (traits.kind == Kind::kFraction) return std::fabs(number) < traits.end;
  if (number != std::trunc(number)) return false;
  if (number >= traits.least && number < traits.end) return true;
  // The greatest whole numbers of 64 bits are rounded to the first that these have not.
  if (number != traits.end) return false;
  return (datatype == Datatype::kInt64 && IsWritten<int64_t>(text)) ||
         (datatype == Datatype::kUint64 && IsWritten<uint64_t>(text));
}

Datatype DatatypeOf(const model::InputField& field) {
  return field.type == data::ColumnType::kCategory ? Datatype::kBytes : Datatype::kFp64;
}

Datatype DatatypeOf(const model::OutputField& field) {
  if (field.type == "string") return Datatype::kBytes;
  if (field.type == "int64") return Datatype::kInt64;
  return field.type == "float" ? Datatype::kFp32 : Datatype::kFp64;
}

}  // namespace slipway::serve

#include <arrow/array.h>
#include <arrow/extension_type.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <arrow/util/float16.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>
#include <type_traits>

#include "data/arrow_values_internal.h"

namespace slipway::data {
namespace {

constexpr double kSecondsPerDay = 86400;
constexpr double kMostWhole = 0x1p53;  // Up to here a double holds every whole number.

double UnitsPerSecond(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND: return 1;
    case arrow::TimeUnit::MILLI: return 1e3;
    case arrow::TimeUnit::MICRO: return 1e6;
    case arrow::TimeUnit::NANO: return 1e9;
  }
  return 1;
}

// One number: as such, or as its text where the user wants categories.
template <typename T>
void AddValue(T value, ColumnPiece& piece) {
  if (piece.type() == ColumnType::kCategory) {
    if constexpr (std::floating_point<T>) {
      if (std::isnan(value)) return piece.AddMissing();
    }
    return piece.AddText(fmt::format("{}", value));
  }
  const auto number = static_cast<double>(value);
  piece.AddNumber(number);
  if constexpr (std::integral<T> && sizeof(T) == sizeof(int64_t)) {
    // Compared as long double, which holds every 64-bit integer.
    if (static_cast<long double>(number) != static_cast<long double>(value)) {
      piece.AddPrecisionLoss(fmt::format("{}", value));
    }
  }
}

template <typename ArrayType, typename Convert>
void AppendEach(const arrow::Array& array, ColumnPiece& piece, Convert convert) {
  const auto& values = static_cast<const ArrayType&>(array);
  for (int64_t i = 0; i < values.length(); ++i) {
    if (values.IsNull(i)) {
      piece.AddMissing();
    } else {
      AddValue(convert(values, i), piece);
    }
  }
}

template <typename ArrayType>
void AppendValues(const arrow::Array& array, ColumnPiece& piece) {
  AppendEach<ArrayType>(array, piece,
                        [](const ArrayType& values, int64_t i) { return values.Value(i); });
}

template <typename ArrayType>
void AppendScaled(const arrow::Array& array, double units, ColumnPiece& piece) {
  AppendEach<ArrayType>(array, piece, [units](const ArrayType& values, int64_t i) {
    return static_cast<double>(values.Value(i)) / units;
  });
}

// A boolean is the word that CSV has for it, or 1 and 0 where the user wants numbers.
void AppendBooleans(const arrow::Array& array, ColumnPiece& piece) {
  const auto& values = static_cast<const arrow::BooleanArray&>(array);
  for (int64_t i = 0; i < values.length(); ++i) {
    if (values.IsNull(i)) {
      piece.AddMissing();
    } else if (piece.type() == ColumnType::kCategory) {
      piece.AddText(values.Value(i) ? "True" : "False");
    } else {
      piece.AddNumber(values.Value(i) ? 1 : 0);
    }
  }
}

// 3.00 as a category is "3", as every other number of that value is.
std::string DecimalText(std::string text) {
  if (text.find('.') == std::string::npos || text.find('E') != std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

template <typename ArrayType, typename Decimal>
void AppendDecimals(const arrow::Array& array, ColumnPiece& piece) {
  const int32_t scale = static_cast<const arrow::DecimalType&>(*array.type()).scale();
  const auto& values = static_cast<const ArrayType&>(array);
  for (int64_t i = 0; i < values.length(); ++i) {
    if (values.IsNull(i)) {
      piece.AddMissing();
      continue;
    }
    // ToDouble of Arrow multiplies by a power of ten that no double holds: 29.99 would be another
    // number than in CSV.
    const std::string text = Decimal(values.GetValue(i)).ToString(scale);
    if (piece.type() == ColumnType::kCategory) {
      piece.AddText(DecimalText(text));
      continue;
    }
    double number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    piece.AddNumber(number);
    const bool whole = scale == 0 && std::abs(number) >= kMostWhole;
    if (whole && fmt::format("{:.0f}", number) != text) piece.AddPrecisionLoss(text);
  }
}

template <typename ArrayType>
void AppendTexts(const arrow::Array& array, bool as_it_is, ColumnPiece& piece) {
  const auto& values = static_cast<const ArrayType&>(array);
  for (int64_t i = 0; i < values.length(); ++i) {
    if (values.IsNull(i)) {
      piece.AddMissing();
    } else if (as_it_is) {
      piece.AddCode(piece.CodeAsItIs(values.GetView(i)));
    } else {
      piece.AddText(values.GetView(i));
    }
  }
}

bool IsText(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::STRING_VIEW:
    case arrow::Type::BINARY_VIEW:
    case arrow::Type::FIXED_SIZE_BINARY: return true;
    default: return false;
  }
}

// Text behind codes: each text is looked up once an array, and only if a row has it.
void AppendTextDictionary(const arrow::DictionaryArray& array, bool as_it_is, ColumnPiece& piece) {
  constexpr int32_t kUnseen = -2;
  const auto& texts = static_cast<const arrow::BinaryArray&>(*array.dictionary());
  std::vector<int32_t> codes(static_cast<size_t>(texts.length()), kUnseen);
  for (int64_t i = 0; i < array.length(); ++i) {
    if (array.IsNull(i)) {
      piece.AddMissing();
      continue;
    }
    const int64_t index = array.GetValueIndex(i);
    int32_t& code = codes[static_cast<size_t>(index)];
    if (code == kUnseen) {
      const std::string_view text = texts.GetView(index);
      code = as_it_is ? piece.CodeAsItIs(text) : piece.CodeOf(text);
    }
    piece.AddCode(code);
  }
}

void AppendDictionary(const arrow::DictionaryArray& array, bool as_it_is, ColumnPiece& piece) {
  const arrow::Type::type id = array.dictionary()->type_id();
  const bool short_text = id == arrow::Type::STRING || id == arrow::Type::BINARY;
  if (short_text && piece.type() == ColumnType::kCategory) {
    return AppendTextDictionary(array, as_it_is, piece);
  }
  for (int64_t i = 0; i < array.length(); ++i) {
    if (array.IsNull(i)) {
      piece.AddMissing();
    } else {
      AppendArray(*array.dictionary()->Slice(array.GetValueIndex(i), 1), as_it_is, piece);
    }
  }
}

void AppendDoubles(const arrow::DoubleArray& array, bool as_it_is, ColumnPiece& piece) {
  if (!as_it_is || array.null_count() > 0) return AppendValues<arrow::DoubleArray>(array, piece);
  piece.AddNumbersAsTheyAre({array.raw_values(), static_cast<size_t>(array.length())});
}

}  // namespace

std::optional<ColumnType> ColumnTypeOf(const arrow::DataType& type) {
  if (IsText(type)) return ColumnType::kCategory;
  if (type.id() == arrow::Type::EXTENSION) {
    return ColumnTypeOf(*static_cast<const arrow::ExtensionType&>(type).storage_type());
  }
  if (type.id() == arrow::Type::DICTIONARY) {
    return ColumnTypeOf(*static_cast<const arrow::DictionaryType&>(type).value_type());
  }
  switch (type.id()) {
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
    case arrow::Type::TIMESTAMP: return ColumnType::kTimestamp;
    case arrow::Type::BOOL: return ColumnType::kCategory;
    case arrow::Type::NA:
    case arrow::Type::TIME32:
    case arrow::Type::TIME64:
    case arrow::Type::DURATION:
    case arrow::Type::DECIMAL32:
    case arrow::Type::DECIMAL64:
    case arrow::Type::DECIMAL128:
    case arrow::Type::DECIMAL256: return ColumnType::kNumeric;
    default: break;
  }
  if (arrow::is_integer(type.id()) || arrow::is_floating(type.id())) return ColumnType::kNumeric;
  return std::nullopt;
}

namespace {

// 8-4-4-4-12 hexadecimal digits of 16 bytes (RFC 9562).
std::string UuidText(std::string_view bytes) {
  std::string text;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", static_cast<uint8_t>(bytes[i]));
  }
  return text;
}

// What it is stored as, but for UUIDs, which are written as everywhere.
void AppendExtension(const arrow::ExtensionArray& array, bool as_it_is, ColumnPiece& piece) {
  const auto& type = static_cast<const arrow::ExtensionType&>(*array.type());
  if (type.extension_name() != "arrow.uuid") return AppendArray(*array.storage(), as_it_is, piece);
  const auto& values = static_cast<const arrow::FixedSizeBinaryArray&>(*array.storage());
  for (int64_t i = 0; i < values.length(); ++i) {
    if (values.IsNull(i)) {
      piece.AddMissing();
    } else {
      piece.AddText(UuidText(values.GetView(i)));
    }
  }
}

}  // namespace

void AppendArray(const arrow::Array& array, bool as_it_is, ColumnPiece& piece) {
  const arrow::DataType& type = *array.type();
  switch (type.id()) {
    case arrow::Type::BOOL: return AppendBooleans(array, piece);
    case arrow::Type::INT8: return AppendValues<arrow::Int8Array>(array, piece);
    case arrow::Type::INT16: return AppendValues<arrow::Int16Array>(array, piece);
    case arrow::Type::INT32: return AppendValues<arrow::Int32Array>(array, piece);
    case arrow::Type::INT64: return AppendValues<arrow::Int64Array>(array, piece);
    case arrow::Type::UINT8: return AppendValues<arrow::UInt8Array>(array, piece);
    case arrow::Type::UINT16: return AppendValues<arrow::UInt16Array>(array, piece);
    case arrow::Type::UINT32: return AppendValues<arrow::UInt32Array>(array, piece);
    case arrow::Type::UINT64: return AppendValues<arrow::UInt64Array>(array, piece);
    case arrow::Type::HALF_FLOAT:
      return AppendEach<arrow::HalfFloatArray>(array, piece, [](const auto& values, int64_t i) {
        return arrow::util::Float16::FromBits(values.Value(i)).ToDouble();
      });
    case arrow::Type::FLOAT: return AppendValues<arrow::FloatArray>(array, piece);
    case arrow::Type::DOUBLE:
      return AppendDoubles(static_cast<const arrow::DoubleArray&>(array), as_it_is, piece);
    case arrow::Type::DECIMAL32:
      return AppendDecimals<arrow::Decimal32Array, arrow::Decimal32>(array, piece);
    case arrow::Type::DECIMAL64:
      return AppendDecimals<arrow::Decimal64Array, arrow::Decimal64>(array, piece);
    case arrow::Type::DECIMAL128:
      return AppendDecimals<arrow::Decimal128Array, arrow::Decimal128>(array, piece);
    case arrow::Type::DECIMAL256:
      return AppendDecimals<arrow::Decimal256Array, arrow::Decimal256>(array, piece);
    case arrow::Type::DATE32:
      return AppendScaled<arrow::Date32Array>(array, 1 / kSecondsPerDay, piece);
    case arrow::Type::DATE64: return AppendScaled<arrow::Date64Array>(array, 1e3, piece);
    case arrow::Type::TIMESTAMP:
      return AppendScaled<arrow::TimestampArray>(
          array, UnitsPerSecond(static_cast<const arrow::TimestampType&>(type).unit()), piece);
    case arrow::Type::TIME32:
      return AppendScaled<arrow::Time32Array>(
          array, UnitsPerSecond(static_cast<const arrow::Time32Type&>(type).unit()), piece);
    case arrow::Type::TIME64:
      return AppendScaled<arrow::Time64Array>(
          array, UnitsPerSecond(static_cast<const arrow::Time64Type&>(type).unit()), piece);
    case arrow::Type::DURATION:
      return AppendScaled<arrow::DurationArray>(
          array, UnitsPerSecond(static_cast<const arrow::DurationType&>(type).unit()), piece);
    case arrow::Type::STRING:
    case arrow::Type::BINARY: return AppendTexts<arrow::BinaryArray>(array, as_it_is, piece);
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      return AppendTexts<arrow::LargeBinaryArray>(array, as_it_is, piece);
    case arrow::Type::STRING_VIEW:
    case arrow::Type::BINARY_VIEW:
      return AppendTexts<arrow::BinaryViewArray>(array, as_it_is, piece);
    case arrow::Type::FIXED_SIZE_BINARY:
      return AppendTexts<arrow::FixedSizeBinaryArray>(array, as_it_is, piece);
    case arrow::Type::EXTENSION:
      return AppendExtension(static_cast<const arrow::ExtensionArray&>(array), as_it_is, piece);
    case arrow::Type::DICTIONARY:
      return AppendDictionary(static_cast<const arrow::DictionaryArray&>(array), as_it_is, piece);
    default:
      for (int64_t i = 0; i < array.length(); ++i) piece.AddMissing();
  }
}

}  // namespace slipway::data

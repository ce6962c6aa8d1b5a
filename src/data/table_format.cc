#include <fmt/format.h>

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "core/file_system.h"
#include "core/text.h"
#include "data/reader_internal.h"
#include "data/table_format_internal.h"
#include "data/value_parser.h"

namespace slipway::data {
namespace {

struct Name {
  const char* name;
  TableFormat format;
};
constexpr std::array<Name, 5> kNames = {{{"csv", TableFormat::kCsv},
                                         {"tsv", TableFormat::kTsv},
                                         {"jsonl", TableFormat::kJsonLines},
                                         {"parquet", TableFormat::kParquet},
                                         {"arrow", TableFormat::kArrow}}};

constexpr std::array<Name, 14> kEndings = {{{".csv", TableFormat::kCsv},
                                            {".tsv", TableFormat::kTsv},
                                            {".tab", TableFormat::kTsv},
                                            {".jsonl", TableFormat::kJsonLines},
                                            {".ndjson", TableFormat::kJsonLines},
                                            {".json", TableFormat::kJsonLines},
                                            {".parquet", TableFormat::kParquet},
                                            {".pq", TableFormat::kParquet},
                                            {".arrow", TableFormat::kArrow},
                                            {".arrows", TableFormat::kArrow},
                                            {".feather", TableFormat::kArrow},
                                            {".ft", TableFormat::kArrow},
                                            {".ipc", TableFormat::kArrow},
                                            {".fea", TableFormat::kArrow}}};

// Formats that people hand in by mistake, by their first bytes.
struct Signature {
  std::string_view bytes;
  const char* name;
};
constexpr std::array<Signature, 11> kSignatures = {
    {{"PK\x03\x04", "a ZIP archive or an Excel sheet"},
     {"SQLite format 3", "an SQLite database"},
     {"\xFF\xFE", "UTF-16 text"},
     {"\xFE\xFF", "UTF-16 text"},
     {"%PDF", "a PDF document"},
     {"BZh", "bzip2 data"},
     {"\xFD"
      "7zXZ",
      "xz data"},
     {"\x04\x22\x4D\x18", "lz4 data"},
     {"\x1F\x8B", "gzip data within gzip data"},
     {"FEA1", "a Feather file of version 1"},
     {"Obj\x01", "an Avro file"}}};

std::optional<TableFormat> ByEnding(const std::string& path) {
  const std::string lower = ToLower(WithoutCompression(path));
  for (const Name& ending : kEndings) {
    if (lower.ends_with(ending.name)) return ending.format;
  }
  return std::nullopt;
}

Error UnknownFormat(const std::string& name, const ByteSource& file) {
  std::vector<std::string> known = {"auto"};
  for (const Name& one : kNames) known.emplace_back(one.name);
  return file.Invalid(fmt::format("unknown format '{}'", name))
      .Expected(JoinOr(known))
      .Try(NearestName(name, known));
}

std::string_view WithoutBlanks(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return TrimValue(text);
}

}  // namespace

const char* ToString(TableFormat format) {
  switch (format) {
    case TableFormat::kCsv: return "CSV";
    case TableFormat::kTsv: return "TSV";
    case TableFormat::kJsonLines: return "JSON Lines";
    case TableFormat::kParquet: return "Parquet";
    case TableFormat::kArrow: return "Arrow";
  }
  return "";
}

Result<TableFormat> ChooseFormat(const std::string& name, const ByteSource& file) {
  for (const Name& known : kNames) {
    if (name == known.name) return known.format;
  }
  if (name != "auto") return UnknownFormat(name, file);
  std::array<char, 256> head{};
  SLIPWAY_ASSIGN_OR_RETURN(const size_t count, file.ReadAt(0, head.data(), head.size()));
  const std::string_view bytes(head.data(), count);
  if (bytes.starts_with("PAR1")) return TableFormat::kParquet;
  // A stream begins with the mark of a message.
  if (bytes.starts_with("ARROW1") || bytes.starts_with("\xFF\xFF\xFF\xFF")) {
    return TableFormat::kArrow;
  }
  for (const Signature& signature : kSignatures) {
    if (!bytes.starts_with(signature.bytes)) continue;
    return file.Invalid(fmt::format("this is {}", signature.name))
        .Expected(fmt::format("{}; text in UTF-8, as it is or in gzip or zstd", kReadableFile));
  }
  const std::optional<TableFormat> ending = ByEnding(file.path());
  const bool object = WithoutBlanks(bytes).starts_with('{');
  return ending.value_or(object ? TableFormat::kJsonLines : TableFormat::kCsv);
}

}  // namespace slipway::data

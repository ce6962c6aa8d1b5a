// The same table in every format, whole and in blocks, is the same table.
#include <arrow/api.h>
#include <arrow/io/file.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <arrow/util/compression.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>

#include <array>
#include <optional>

#include "core/json.h"
#include "data/reader_test_files_internal.h"
#include "data/value_parser.h"

namespace slipway::data {
namespace {

using ::testing::HasSubstr;

constexpr int kRows = 300;

// Row `row` of the table: how each format spells it is up to its writer below.
struct Row {
  int64_t id;
  std::optional<double> price;
  std::optional<std::string> city;
  std::string day;
  std::optional<bool> paid;
};

Row RowAt(int row) {
  const std::array<const char*, 3> cities = {"Köln", "a, b", "Rome \"R\""};
  Row value;
  value.id = row;
  if (row % 7 != 3) value.price = row / 4.0;
  if (row % 5 != 2) value.city = cities[static_cast<size_t>(row) % 3];
  value.day = fmt::format("2024-0{}-1{}", 1 + row % 9, row % 10);
  if (row % 6 != 1) value.paid = row % 2 == 0;
  return value;
}

std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string AsText(char separator, int begin, int end) {
  const std::string s(1, separator);
  std::string text = "id" + s + "price" + s + "city" + s + "day" + s + "paid\n";
  for (int i = begin; i < end; ++i) {
    const Row row = RowAt(i);
    text += fmt::format("{}{}{}{}{}{}{}{}{}\n", row.id, s,
                        row.price ? fmt::format("{}", *row.price) : "", s,
                        row.city ? Quoted(*row.city) : "", s, row.day, s,
                        row.paid ? (*row.paid ? "true" : "false") : "");
  }
  return text;
}

std::string AsJsonLines(int begin, int end) {
  std::string text;
  for (int i = begin; i < end; ++i) {
    const Row row = RowAt(i);
    Json json = {{"id", row.id}};
    // Absent here, null there.
    if (row.price) json["price"] = *row.price;
    json["city"] = row.city ? Json(*row.city) : Json();
    json["day"] = row.day;
    if (row.paid) json["paid"] = *row.paid;
    text += CompactJson(json) + "\n";
  }
  return text;
}

std::shared_ptr<arrow::Table> AsArrow(int begin, int end, bool codes) {
  arrow::Int64Builder id;
  arrow::DoubleBuilder price;
  arrow::StringBuilder city;
  arrow::StringDictionaryBuilder city_codes;
  arrow::Date32Builder day;
  arrow::BooleanBuilder paid;
  for (int i = begin; i < end; ++i) {
    const Row row = RowAt(i);
    const auto seconds = static_cast<int64_t>(*ParseTimestamp(row.day));
    bool good = id.Append(row.id).ok() && day.Append(static_cast<int32_t>(seconds / 86400)).ok();
    good = good && (row.price ? price.Append(*row.price) : price.AppendNull()).ok();
    good = good && (row.paid ? paid.Append(*row.paid) : paid.AppendNull()).ok();
    good = good && (row.city ? city.Append(*row.city) : city.AppendNull()).ok();
    good = good && (row.city ? city_codes.Append(*row.city) : city_codes.AppendNull()).ok();
    EXPECT_TRUE(good);
  }
  arrow::ArrayBuilder& cities = codes ? static_cast<arrow::ArrayBuilder&>(city_codes)
                                      : static_cast<arrow::ArrayBuilder&>(city);
  const std::shared_ptr<arrow::Array> city_array = cities.Finish().ValueOrDie();
  return arrow::Table::Make(
      arrow::schema({arrow::field("id", arrow::int64()), arrow::field("price", arrow::float64()),
                     arrow::field("city", city_array->type()), arrow::field("day", arrow::date32()),
                     arrow::field("paid", arrow::boolean())}),
      {id.Finish().ValueOrDie(), price.Finish().ValueOrDie(), city_array, day.Finish().ValueOrDie(),
       paid.Finish().ValueOrDie()});
}

std::string AsParquet(int begin, int end) {
  auto out = arrow::io::BufferOutputStream::Create().ValueOrDie();
  EXPECT_TRUE(
      parquet::arrow::WriteTable(*AsArrow(begin, end, false), arrow::default_memory_pool(), out, 64)
          .ok());
  return out->Finish().ValueOrDie()->ToString();
}

std::string AsIpc(bool file, arrow::Compression::type compression, bool codes = false) {
  auto out = arrow::io::BufferOutputStream::Create().ValueOrDie();
  auto options = arrow::ipc::IpcWriteOptions::Defaults();
  if (compression != arrow::Compression::UNCOMPRESSED) {
    options.codec = arrow::util::Codec::Create(compression).ValueOrDie();
  }
  const auto table = AsArrow(0, kRows, codes);
  auto writer = (file ? arrow::ipc::MakeFileWriter(out, table->schema(), options)
                      : arrow::ipc::MakeStreamWriter(out, table->schema(), options))
                    .ValueOrDie();
  EXPECT_TRUE(writer->WriteTable(*table, 70).ok() && writer->Close().ok());
  return out->Finish().ValueOrDie()->ToString();
}

std::string Compress(const std::string& text, arrow::Compression::type type) {
  auto codec = arrow::util::Codec::Create(type).ValueOrDie();
  const auto* input = reinterpret_cast<const uint8_t*>(text.data());
  const auto size = static_cast<int64_t>(text.size());
  std::string out(static_cast<size_t>(codec->MaxCompressedLen(size, input)), '\0');
  out.resize(static_cast<size_t>(codec
                                     ->Compress(size, input, static_cast<int64_t>(out.size()),
                                                reinterpret_cast<uint8_t*>(out.data()))
                                     .ValueOrDie()));
  return out;
}

std::string Gzip(const std::string& text) { return Compress(text, arrow::Compression::GZIP); }
std::string Zstd(const std::string& text) { return Compress(text, arrow::Compression::ZSTD); }

class FormatsTest : public ReaderTestFiles {
 protected:
  std::string ReadAs(const std::string& path, const ReadTuning& tuning = {},
                     ReadOptions options = {}) const {
    const Result<ReadResult> result = ReadTableInBlocks(path, options, tuning, SilentProgress());
    if (!result.ok()) return result.error().ToString();
    return Describe(*result);
  }

  void Folder(const std::string& name) const { std::filesystem::create_directories(PathOf(name)); }

  // What the table is, from the plainest of the formats.
  std::string Expected() const { return ReadAs(Write("plain.csv", AsText(',', 0, kRows))); }

  void ExpectTable(const std::string& path, const std::string& expected) const {
    for (const size_t block_bytes : {size_t{64}, size_t{1000}, ReadTuning().block_bytes}) {
      for (const int threads : {1, 3}) {
        ReadTuning tuning;
        tuning.block_bytes = block_bytes;
        ReadOptions options;
        options.threads = threads;
        EXPECT_EQ(ReadAs(path, tuning, options), expected) << path << " by " << block_bytes;
      }
    }
  }
};

TEST_F(FormatsTest, TheTableIsWhatWasWritten) {
  const Result<ReadResult> result = ReadTable(Write("t.csv", AsText(',', 0, kRows)), {});
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result->issues.empty());
  for (int i = 0; i < kRows; ++i) {
    const Row row = RowAt(i);
    const auto& columns = result->table.columns;
    EXPECT_EQ(columns[0].TextAt(i), std::to_string(row.id));
    EXPECT_EQ(columns[1].TextAt(i), row.price ? fmt::format("{}", *row.price) : "");
    EXPECT_EQ(columns[2].TextAt(i), row.city.value_or(""));
    EXPECT_EQ(columns[3].numbers[static_cast<size_t>(i)], *ParseTimestamp(row.day));
    EXPECT_EQ(columns[4].TextAt(i), row.paid ? (*row.paid ? "True" : "False") : "");
  }
}

TEST_F(FormatsTest, EveryFormatGivesTheSameTable) {
  const std::string csv = AsText(',', 0, kRows);
  const std::string lines = AsJsonLines(0, kRows);
  const std::string expected = Expected();
  using Codec = arrow::Compression;
  const std::vector<std::pair<std::string, std::string>> files = {
      {"t.tsv", AsText('\t', 0, kRows)},
      {"semicolon.csv", AsText(';', 0, kRows)},
      {"t.csv.gz", Gzip(csv)},
      {"t.csv.zst", Zstd(csv)},
      {"named-otherwise.csv", Gzip(csv)},
      {"members.csv.gz",
       Gzip(csv.substr(0, 1000)) + Gzip("") + Gzip(csv.substr(1000)) + std::string(512, '\0')},
      {"frames.csv.zst", Zstd(csv.substr(0, 999)) + Zstd(csv.substr(999))},
      {"t.tsv.zst", Zstd(AsText('\t', 0, kRows))},
      {"t.jsonl", lines},
      {"t.ndjson", lines},
      {"t.jsonl.gz", Gzip(lines)},
      {"t.data", lines},
      {"t.parquet", AsParquet(0, kRows)},
      {"t.arrow", AsIpc(true, Codec::UNCOMPRESSED)},
      {"t.feather", AsIpc(true, Codec::LZ4_FRAME)},
      {"zstd.feather", AsIpc(true, Codec::ZSTD)},
      {"codes.arrow", AsIpc(true, Codec::ZSTD, true)},
      {"stream.arrows", AsIpc(false, Codec::ZSTD)},
      {"stream.arrows.gz", Gzip(AsIpc(false, Codec::UNCOMPRESSED, true))}};
  for (const auto& [name, bytes] : files) ExpectTable(Write(name, bytes), expected);
}

TEST_F(FormatsTest, FilesOfOneTableAreReadInTheOrderOfTheirNames) {
  const std::string expected = Expected();
  Folder("csv/below");
  Write("csv/a.csv", AsText(',', 0, 100));
  Write("csv/below/b.csv.gz", Gzip(AsText(',', 100, 220)));
  Write("csv/c.csv", AsText(',', 220, kRows));
  Write("csv/_SUCCESS", "");
  Write("csv/.c.csv.crc", "crc");
  ExpectTable(PathOf("csv"), expected);
  ExpectTable(PathOf("csv/"), expected);
  ExpectTable(PathOf("csv/**/*.c*"), expected);
  Folder("parts");
  Write("parts/part-1.parquet", AsParquet(0, 100));
  Write("parts/part-2.parquet", AsParquet(100, kRows));
  Write("parts/notes.txt", "no table\n");
  ExpectTable(PathOf("parts/part-*.parquet"), expected);
  ExpectTable(PathOf("parts/part-[12].parquet"), expected);
  Write("parts/part-1.jsonl", AsJsonLines(0, 100));
  Write("parts/part-2.jsonl", AsJsonLines(100, kRows));
  ExpectTable(PathOf("parts/*.jsonl"), expected);
}

TEST_F(FormatsTest, DamagedAndTruncatedStreamsAreToldSo) {
  std::string csv = "a,b\n";
  for (int i = 0; i < 20000; ++i) csv += fmt::format("{},{}\n", i, i * 7919 % 10007);
  for (const std::string& whole : {Gzip(csv), Zstd(csv)}) {
    for (const size_t size : {size_t{5}, size_t{30}, whole.size() / 2, whole.size() - 1}) {
      EXPECT_THAT(
          ErrorOf(whole.substr(0, size), {}, "t.csv.gz"),
          HasSubstr("data ends in the middle: the file is truncated; expected a whole file"))
          << size;
    }
  }
  // Its checksum comes last, after rows that can't be read.
  std::string damaged = Gzip(csv);
  for (size_t i = damaged.size() / 2; i < damaged.size() / 2 + 200; ++i) damaged[i] ^= 0x55;
  EXPECT_THAT(ErrorOf(damaged, {}, "t.csv.gz"), HasSubstr("t.csv.gz: the gzip data is damaged"));
  damaged = Gzip(csv);
  damaged[damaged.size() - 6] ^= 1;
  EXPECT_THAT(ErrorOf(damaged, {}, "t.csv.gz"), HasSubstr("t.csv.gz: the gzip data is damaged"));
  EXPECT_THAT(ErrorOf(Gzip(csv) + "junk"), HasSubstr("data is damaged"));
  EXPECT_THAT(ErrorOf(Gzip("")), HasSubstr("there is nothing in the gzip data"));
  EXPECT_THAT(ErrorOf(Gzip(Gzip(csv))), HasSubstr("this is gzip data within gzip data"));
  EXPECT_THAT(ErrorOf(Gzip(AsIpc(true, arrow::Compression::UNCOMPRESSED)), {}, "t.arrow.gz"),
              HasSubstr("an Arrow file can't be read from within gzip or zstd data"));
  EXPECT_THAT(ErrorOf(Gzip("a,b\n1,2\n3\n")), HasSubstr("table.csv:3: row 2: the row has 1 field"));
}

TEST_F(FormatsTest, DamagedArrowFilesNeverCrash) {
  for (const bool file : {true, false}) {
    const std::string whole = AsIpc(file, arrow::Compression::LZ4_FRAME, true);
    for (size_t at = 0; at < whole.size(); at += 1 + whole.size() / 150) {
      std::string damaged = whole;
      damaged[at] ^= 0x11;
      (void)ReadTable(Write("t.arrow", damaged), {});
      (void)ReadTable(Write("t.arrow", whole.substr(0, at + 1)), {});
    }
  }
  const std::string whole = AsIpc(true, arrow::Compression::ZSTD);
  EXPECT_THAT(ErrorOf(whole.substr(0, whole.size() / 2), {}, "t.arrow"),
              HasSubstr("t.arrow: the Arrow file is damaged or truncated; expected a whole Arrow "
                        "file"));
}

TEST_F(FormatsTest, TypesAreThoseOfAllFilesTogether) {
  Folder("t");
  Write("t/1.csv", "a,b\n1,2024-01-01\n");
  Write("t/2.csv", "b,a\n2024-01-02,x\nnone,y\n");
  EXPECT_EQ(ReadAs(PathOf("t")),
            "a category: 1 x y\nb category: 2024-01-01 2024-01-02 none\n"
            "mixed_values 1 of 3 values of b are no timestamps, the first in row 3: 'none'; try "
            "data.categorical_columns: [b] 1 3=none\n");
}

TEST_F(FormatsTest, ColumnsOfOneFileOnlyAreErrorsThatNameIt) {
  Folder("t");
  Write("t/1.csv", "a,b\n1,2\n");
  Write("t/2.csv", "a\n1\n");
  EXPECT_EQ(ReadAs(PathOf("t")),
            PathOf("t/2.csv") + ": there is no column 'b'; expected the same columns as in " +
                PathOf("t/1.csv") + "; try a pattern that leaves one of the two out");
  Write("t/2.csv", "a,b,c\n1,2,3\n");
  EXPECT_THAT(ReadAs(PathOf("t")),
              HasSubstr("t/2.csv: column 'c' is only here; expected the same"));
  Write("t/2.csv", AsJsonLines(0, 3));
  Write("t/2.jsonl", AsJsonLines(0, 3));
  EXPECT_THAT(ReadAs(PathOf("t/*[1l]*")), HasSubstr("t/2.jsonl: this is JSON Lines; expected CSV"));
  Write("t/2.csv", "a,b\n3,4\n5\n");
  EXPECT_THAT(ReadAs(PathOf("t/*.csv")), HasSubstr("t/2.csv:3: row 2: the row has 1 field"));
}

TEST_F(FormatsTest, FilesThatTypeAColumnDifferentlyNeedAWord) {
  Folder("t");
  const auto write = [&](const std::string& name, const std::shared_ptr<arrow::DataType>& type) {
    auto column = arrow::MakeArrayOfNull(type, 1).ValueOrDie();
    if (type->id() == arrow::Type::INT64) {
      column = arrow::MakeArrayFromScalar(arrow::Int64Scalar(5), 1).ValueOrDie();
    } else if (type->id() == arrow::Type::STRING) {
      column = arrow::MakeArrayFromScalar(arrow::StringScalar("x"), 1).ValueOrDie();
    }
    auto out = arrow::io::FileOutputStream::Open(PathOf(name)).ValueOrDie();
    const auto table = arrow::Table::Make(arrow::schema({arrow::field("a", type)}), {column});
    EXPECT_TRUE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), out).ok());
  };
  write("t/1.parquet", arrow::null());
  write("t/2.parquet", arrow::utf8());
  EXPECT_EQ(ReadAs(PathOf("t")), "a category: ~ x\n");
  write("t/3.parquet", arrow::int64());
  EXPECT_THAT(ReadAs(PathOf("t")), HasSubstr("t/3.parquet: column 'a' has the type int64; expected "
                                             "string, as in"));
  ReadOptions options;
  options.categorical_columns = {"a"};
  EXPECT_EQ(ReadAs(PathOf("t"), {}, options), "a category: ~ x 5\n");
}

TEST_F(FormatsTest, FoldersOfPartitionsAreColumns) {
  for (const char* folder : {"year=2023/land=K%C3%B6ln", "year=2024/land=a%2Fb",
                             "year=2024/land=__HIVE_DEFAULT_PARTITION__"}) {
    Folder(std::string("h/") + folder);
    Write(std::string("h/") + folder + "/part-0.csv", "x\n1\n2\n");
  }
  const std::string expected =
      "x numeric integral: 1 2 1 2 1 2\nyear numeric integral: 2023 2023 2024 2024 2024 2024\n"
      "land category: Köln Köln ~ ~ a/b a/b\n";
  EXPECT_EQ(ReadAs(PathOf("h")), expected);
  EXPECT_EQ(ReadAs(PathOf("h/year=*/**/*.csv")), expected);
  EXPECT_EQ(ReadAs(PathOf("h/year=2023")), "x numeric integral: 1 2\nland category: Köln Köln\n");
  ReadOptions only;
  only.columns = {"land", "year"};
  EXPECT_EQ(ReadAs(PathOf("h"), {}, only),
            "land category: Köln Köln ~ ~ a/b a/b\n"
            "year numeric integral: 2023 2023 2024 2024 2024 2024\n");
  // What the file says itself stands.
  Write("h/year=2023/land=K%C3%B6ln/part-0.csv", "x,year\n1,2022\n");
  EXPECT_EQ(ReadAs(PathOf("h")),
            "x numeric integral: 1 1 2 1 2\nyear numeric integral: 2022 2024 2024 2024 2024\n"
            "land category: Köln ~ ~ a/b a/b\n");
}

}  // namespace
}  // namespace slipway::data

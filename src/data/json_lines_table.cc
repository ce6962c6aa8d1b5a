// JSON Lines: one object a line.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

#include "core/progress.h"
#include "core/text.h"
#include "data/json_keys_internal.h"
#include "data/json_line_internal.h"
#include "data/table_file_internal.h"
#include "data/text_pass_internal.h"

namespace slipway::data {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Calls `line` for each line of `text` that holds something; it says whether to go on.
template <typename Line>
void EachLine(std::string_view text, Line line) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view one = text.substr(0, end);
    if (!TrimValue(one).empty() && !line(one)) return;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

class JsonLinesParser : public TextParser {
 public:
  // `root` is its own for as long as it lives.
  JsonLinesParser(JsonKey& root, bool discover) : reader_(root, discover) {}

  std::optional<TextFault> Parse(const TextBlock& block, ParsedBlock& parsed) override {
    if (block.row_too_long) return TooLong(block);
    BeginBlock(block, parsed);
    std::optional<TextFault> found;
    EachLine(block.data, [&](std::string_view line) {
      std::optional<JsonFault> fault = reader_.Read(line, Values());
      if (fault) {
        found = At(block, line, parsed.rows, *std::move(fault));
        return false;
      }
      EndRow(parsed, ++parsed.rows);
      return true;
    });
    return found;
  }

 protected:
  virtual JsonValues* Values() { return nullptr; }
  virtual void BeginBlock(const TextBlock& block, ParsedBlock& /*parsed*/) {
    reader_.BeginBlock(block.index);
  }
  virtual void EndRow(ParsedBlock& /*parsed*/, int64_t /*rows*/) {}

 private:
  static TextFault At(const TextBlock& block, std::string_view line, int64_t row, JsonFault fault) {
    return {block.index,
            row,
            block.offset + (line.data() - block.data.data()),
            fault.column,
            std::move(fault.message),
            std::move(fault.expected),
            std::move(fault.hint)};
  }

  static TextFault TooLong(const TextBlock& block) {
    return {block.index,
            0,
            block.offset,
            0,
            fmt::format("the line is longer than {}",
                        FormatBytes(static_cast<int64_t>(block.data.size()))),
            "one JSON object a line",
            ""};
  }

  JsonLineReader reader_;
};

// Values into pieces.
class JsonLinesReader : public JsonLinesParser, private JsonValues {
 public:
  JsonLinesReader(JsonKey& root, const ReadPass& pass)
      : JsonLinesParser(root, false), pass_(pass) {}

 private:
  JsonValues* Values() override { return this; }

  void BeginBlock(const TextBlock& block, ParsedBlock& parsed) override {
    JsonLinesParser::BeginBlock(block, parsed);
    for (const ColumnPlan& plan : pass_.plans) parsed.pieces.emplace_back(plan, pass_.rules);
    pieces_ = &parsed.pieces;
  }

  void EndRow(ParsedBlock& parsed, int64_t rows) override {
    for (ColumnPiece& piece : parsed.pieces) {
      if (piece.rows() < rows) piece.AddMissing();
    }
  }

  void AddText(int column, std::string_view text) override {
    (*pieces_)[static_cast<size_t>(column)].AddText(text);
  }

  void AddBoolean(int column, bool value) override {
    ColumnPiece& piece = (*pieces_)[static_cast<size_t>(column)];
    const bool number =
        pass_.plans[static_cast<size_t>(column)].forced && piece.type() == ColumnType::kNumeric;
    number ? piece.AddNumber(value ? 1 : 0) : piece.AddText(value ? "True" : "False");
  }

  const ReadPass& pass_;
  std::vector<ColumnPiece>* pieces_ = nullptr;
};

// What values look like.
class JsonEvidence : public JsonValues {
 public:
  JsonEvidence(const ValueRules& rules, std::vector<Evidence>& evidence)
      : rules_(rules), evidence_(evidence) {}
  void AddText(int column, std::string_view text) override {
    evidence_[static_cast<size_t>(column)].Look(TrimValue(text), rules_);
  }
  void AddBoolean(int column, bool /*value*/) override { AddText(column, "True"); }

 private:
  const ValueRules& rules_;
  std::vector<Evidence>& evidence_;
};

// Each thread's own keys.
struct KeysOfThreads {
  JsonKey& Add(std::unique_ptr<JsonKey> root) {
    const std::lock_guard lock(mutex);
    return *keys.emplace_back(std::move(root));
  }

  std::mutex mutex;  // Guards `keys` while there are threads.
  std::vector<std::unique_ptr<JsonKey>> keys;
};

class NoPieces : public PieceSink {
 public:
  Status Take(size_t, std::vector<ColumnPiece>, int) override { return {}; }
};

class JsonLinesTable : public TableFile {
 public:
  JsonLinesTable(std::unique_ptr<ByteSource> file, const ReadTuning& tuning)
      : file_(std::move(file)), tuning_(tuning) {}

  // Finds all keys, and the first mistake, if there is one.
  Status Discover(int threads) {
    SLIPWAY_RETURN_IF_ERROR(FindBeginning());
    TextBlocks blocks(*file_, CutLines(), begin_, tuning_);
    KeysOfThreads roots;
    const auto make_parser = [&] {
      return std::make_unique<JsonLinesParser>(roots.Add(std::make_unique<JsonKey>()), true);
    };
    const std::vector<ColumnPlan> no_plans;
    const ValueRules rules{MissingValues({}), false};
    ReadProgress progress(SilentProgress(), 0);
    NoPieces sink;
    const ReadPass pass{no_plans, rules, threads, 0, false, progress};
    const Result<PassEnd> end = ReadText(*file_, blocks, make_parser, pass, sink);
    for (const std::unique_ptr<JsonKey>& root : roots.keys) keys_.Merge(*root);
    if (!end.ok()) return ExplainFailure(*file_, end.error());
    names_ = NameJsonColumns(keys_);
    if (names_.empty()) {
      return file_->Invalid("no object has a key").Expected("an object with a key for each column");
    }
    return CheckNames(names_, *file_, 0);
  }

  const ByteSource& source() const override { return *file_; }
  const std::vector<std::string>& names() const override { return names_; }

  Status Sample(const ValueRules& rules, const std::vector<ColumnPlan>& plans,
                std::vector<Evidence>& evidence) const override {
    constexpr int64_t kPlaces = 8;
    constexpr size_t kBytes = size_t{128} << 10U;
    const ValueRules own{rules.missing, false};
    const std::unique_ptr<JsonKey> root = KeysFor(plans);
    JsonLineReader reader(*root, false);
    JsonEvidence values(own, evidence);
    std::string bytes(kBytes, '\0');
    const int64_t places = file_->IsSeekable() ? kPlaces : 1;
    for (int64_t place = 0; place < places; ++place) {
      const int64_t offset = place == 0 ? begin_ : *file_->size() / kPlaces * place;
      SLIPWAY_ASSIGN_OR_RETURN(const size_t count, file_->ReadAt(offset, bytes.data(), kBytes));
      std::string_view text(bytes.data(), count);
      if (place > 0) text.remove_prefix(std::min(text.find('\n'), text.size()));
      if (count == kBytes) text = text.substr(0, text.rfind('\n') + 1);
      EachLine(text, [&](std::string_view line) { return !reader.Read(line, &values); });
    }
    return {};
  }

  Result<PassEnd> Read(const ReadPass& pass, PieceSink& sink) const override {
    TextBlocks blocks(*file_, CutLines(), begin_, tuning_);
    // Numbers have points in JSON, and so have those in its texts.
    const ValueRules rules{pass.rules.missing, false};
    const ReadPass own{pass.plans, rules, pass.threads, pass.first_index, true, pass.progress};
    KeysOfThreads roots;
    const auto make_parser = [&] {
      return std::make_unique<JsonLinesReader>(roots.Add(KeysFor(pass.plans)), own);
    };
    return ReadText(*file_, blocks, make_parser, own, sink);
  }

 private:
  Status FindBeginning() {
    std::array<char, 4096> head{};
    SLIPWAY_ASSIGN_OR_RETURN(const size_t count, file_->ReadAt(0, head.data(), head.size()));
    std::string_view text(head.data(), count);
    if (text.starts_with(kByteOrderMark)) begin_ = static_cast<int64_t>(kByteOrderMark.size());
    text.remove_prefix(static_cast<size_t>(begin_));
    if (TrimValue(text).starts_with('[')) {
      return file_->Invalid("the file is one JSON array, or its lines are")
          .Expected("JSON Lines: one object a line")
          .Try(fmt::format("jq -c '.[]' {} > table.jsonl", file_->path()));
    }
    return {};
  }

  // The keys, each with its place among `plans`.
  std::unique_ptr<JsonKey> KeysFor(const std::vector<ColumnPlan>& plans) const {
    std::vector<int> places(names_.size(), -1);
    for (size_t i = 0; i < plans.size(); ++i) {
      places[static_cast<size_t>(plans[i].source)] = static_cast<int>(i);
    }
    std::unique_ptr<JsonKey> root = keys_.Clone();
    Place(*root, places);
    return root;
  }

  static void Place(JsonKey& key, const std::vector<int>& places) {
    if (key.column >= 0) key.column = places[static_cast<size_t>(key.column)];
    for (const std::unique_ptr<JsonKey>& child : key.children) Place(*child, places);
  }

  const std::unique_ptr<ByteSource> file_;
  const ReadTuning tuning_;
  int64_t begin_ = 0;  // Of the first line.
  JsonKey keys_;       // Each with its column.
  std::vector<std::string> names_;
};

}  // namespace

Result<std::unique_ptr<TableFile>> OpenJsonLines(std::unique_ptr<ByteSource> file, int threads,
                                                 const ReadTuning& tuning) {
  auto table = std::make_unique<JsonLinesTable>(std::move(file), tuning);
  SLIPWAY_RETURN_IF_ERROR(table->Discover(threads));
  return table;
}

}  // namespace slipway::data

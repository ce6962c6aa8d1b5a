#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "config/node_internal.h"
#include "core/text.h"

namespace slipway::config {
namespace {

// No key of a configuration is deeper than ten; yaml-cpp goes down recursively.
constexpr size_t kMaxDepth = 100;

// Stops yaml-cpp's parser, which an event handler can't do in another way.
class LimitExceeded : public YAML::Exception {
 public:
  LimitExceeded(const YAML::Mark& at, const std::string& message, std::string most)
      : YAML::Exception(at, message), most_(std::move(most)) {}
  const std::string& most() const { return most_; }

 private:
  std::string most_;
};

size_t CountNodes(const YamlNode& node) {
  size_t count = 1;
  for (const YamlNode& item : node.items) count += CountNodes(item);
  for (const Entry& entry : node.entries) count += CountNodes(entry.value);
  return count;
}

// Builds the tree from yaml-cpp's events. (Its own tree drops duplicate keys and the position of
// keys.)
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const std::string& file, size_t max_nodes, Problems* problems)
      : file_(file), max_nodes_(max_nodes), problems_(problems) {}

  void OnDocumentStart(const YAML::Mark& mark) override { document_at_ = At(mark); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node;
    // A missing value has no place of its own: yaml-cpp gives that of the next token.
    node.at = !open_.empty() && open_.back().key ? open_.back().key_at : At(mark);
    Count(mark);
    Complete(std::move(node), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    CheckTag(mark, tag);
    Open(YamlNode::Kind::kList, mark, anchor);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    CheckTag(mark, tag);
    Open(YamlNode::Kind::kMap, mark, anchor);
  }
  void OnMapEnd() override { Close(); }

  YamlNode TakeRoot() { return std::move(root_); }
  const Position& document_at() const { return document_at_; }

 private:
  struct Frame {
    YamlNode node;
    YAML::anchor_t anchor = 0;
    std::optional<std::string> key;  // Set while a map's value is awaited.
    Position key_at;
    std::map<std::string, int64_t> lines;  // Of the keys so far.
    bool merge = false;                    // The awaited value belongs to `<<`.
    std::vector<YamlNode> merges;          // Values of `<<`.
  };

  Position At(const YAML::Mark& mark) const { return {file_, mark.line + 1, mark.column + 1}; }
  void Tell(const Position& at, std::string message, std::string expected) {
    problems_->Add(Error(ErrorCode::kInvalidInput, std::move(message))
                       .At(LocationAt(at))
                       .Expected(std::move(expected)));
  }
  void Count(const YAML::Mark& mark) {
    if (++nodes_ > max_nodes_) throw LimitExceeded(mark, "the file is too large", Most());
  }
  std::string Most() const {
    return fmt::format("at most {} keys and values", FormatCount(static_cast<int64_t>(max_nodes_)));
  }
  void CheckTag(const YAML::Mark& mark, const std::string& tag);
  void Open(YamlNode::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor);
  void Close();
  void Complete(YamlNode node, YAML::anchor_t anchor);
  void TakeKey(Frame* frame, YamlNode node);
  void TakeValue(Frame* frame, YamlNode node);
  void Merge(YamlNode* map, YamlNode from);

  std::string file_;
  size_t max_nodes_;
  Problems* problems_;
  Position document_at_;
  YamlNode root_;
  std::vector<Frame> open_;
  std::map<YAML::anchor_t, YamlNode> anchors_;
  size_t nodes_ = 0;
};

void TreeBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  YamlNode node;
  node.at = At(mark);
  const auto named = anchors_.find(anchor);
  if (named == anchors_.end()) {
    Tell(node.at, "an alias inside the value that it names", "an alias of a finished value");
  } else if (nodes_ + CountNodes(named->second) > max_nodes_) {
    throw LimitExceeded(mark, "aliases make the file too large", Most());
  } else {
    node = named->second;
    nodes_ += CountNodes(node);
  }
  Complete(std::move(node), 0);
}

void TreeBuilder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                           const std::string& value) {
  YamlNode node;
  node.kind = YamlNode::Kind::kScalar;
  node.at = At(mark);
  node.text = value;
  Count(mark);
  CheckTag(mark, tag);
  node.plain = tag != "!" && tag != "tag:yaml.org,2002:str";
  Complete(std::move(node), anchor);
}

// Others ask for types that a configuration does not have (https://yaml.org/spec/1.2.2, 10.3).
void TreeBuilder::CheckTag(const YAML::Mark& mark, const std::string& tag) {
  constexpr std::string_view kCore = "tag:yaml.org,2002:";
  if (tag.empty() || tag == "?" || tag == "!") return;
  const bool core = tag.starts_with(kCore);
  const std::string name = core ? "!!" + tag.substr(kCore.size()) : tag;
  static const std::vector<std::string> known = {"!!str",  "!!int", "!!float", "!!bool",
                                                 "!!null", "!!seq", "!!map"};
  if (std::ranges::find(known, name) != known.end()) return;
  Tell(At(mark), fmt::format("the tag {} has no meaning here", name),
       "no tag, or " + JoinOr(known));
}

void TreeBuilder::Open(YamlNode::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
  Count(mark);
  if (open_.size() >= kMaxDepth) {
    throw LimitExceeded(mark, "nested too deep", fmt::format("at most {} levels", kMaxDepth));
  }
  Frame frame;
  frame.node.kind = kind;
  frame.node.at = At(mark);
  frame.anchor = anchor;
  open_.push_back(std::move(frame));
}

void TreeBuilder::Close() {
  Frame frame = std::move(open_.back());
  open_.pop_back();
  for (YamlNode& from : frame.merges) Merge(&frame.node, std::move(from));
  Complete(std::move(frame.node), frame.anchor);
}

void TreeBuilder::Complete(YamlNode node, YAML::anchor_t anchor) {
  if (anchor != 0) anchors_[anchor] = node;
  if (open_.empty()) {
    root_ = std::move(node);
    return;
  }
  Frame& frame = open_.back();
  if (frame.node.kind == YamlNode::Kind::kList) {
    frame.node.items.push_back(std::move(node));
  } else if (!frame.key) {
    TakeKey(&frame, std::move(node));
  } else {
    TakeValue(&frame, std::move(node));
  }
}

void TreeBuilder::TakeKey(Frame* frame, YamlNode node) {
  frame->key_at = node.at;
  if (node.kind != YamlNode::Kind::kScalar) {
    Tell(node.at, "a key that is no text", "a name before the colon");
  }
  frame->merge = node.plain && node.text == "<<";
  frame->key = std::move(node.text);
}

void TreeBuilder::TakeValue(Frame* frame, YamlNode node) {
  const std::string key = *std::move(frame->key);
  frame->key.reset();
  if (frame->merge) {
    frame->merge = false;
    if (node.kind == YamlNode::Kind::kList) {
      for (YamlNode& item : node.items) frame->merges.push_back(std::move(item));
    } else {
      frame->merges.push_back(std::move(node));
    }
    return;
  }
  const auto [first, fresh] = frame->lines.emplace(key, frame->key_at.line);
  if (!fresh) {
    Tell(frame->key_at,
         fmt::format("duplicate key \"{}\", given first in line {}", key, first->second),
         "each key once");
    return;
  }
  frame->node.entries.push_back({key, frame->key_at, std::move(node)});
}

// A key of the map itself goes before a merged one, an earlier merge before a later one.
void TreeBuilder::Merge(YamlNode* map, YamlNode from) {
  if (from.kind != YamlNode::Kind::kMap) {
    Tell(from.at, "\"<<\" merges what is no mapping", "an alias of a mapping, or a list of them");
    return;
  }
  for (Entry& entry : from.entries) {
    if (map->Find(entry.key) == nullptr) map->entries.push_back(std::move(entry));
  }
}

// The length of the UTF-8 sequence at `at` (RFC 3629), 0 where there is none.
size_t SequenceLength(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return first < 0x20 && first != '\t' && first != '\n' && first != '\r' ? 0 : 1;
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return 0;
  }
  if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F)) return 0;
  if ((first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F)) return 0;
  return length;
}

// The place of the first byte that no text has, nullopt for text.
std::optional<Position> FindBinary(std::string_view text, const std::string& file) {
  Position at = {file, 1, 1};
  for (size_t i = 0; i < text.size();) {
    const size_t length = SequenceLength(text, i);
    if (length == 0) return at;
    at.column += 1;
    if (text[i] == '\n') {
      at.line += 1;
      at.column = 1;
    }
    i += length;
  }
  return std::nullopt;
}

// yaml-cpp takes a quoted text that the end of the file cuts off, unless it ends right there: then
// it throws.
void CheckQuotesEnd(const std::string& text, size_t max_nodes) {
  Problems ignored;
  TreeBuilder builder("", max_nodes, &ignored);
  std::istringstream stream(text.substr(0, text.find_last_not_of(" \t\r\n") + 1));
  YAML::Parser(stream).HandleNextDocument(builder);
}

// With a hint for the two likeliest slips: tabs as indentation, and a "${" inside braces or
// brackets, which opens a mapping where it is not quoted.
Error SyntaxError(const std::string& message, const Position& at, const std::string& text) {
  Error error = Error(ErrorCode::kInvalidInput, "not valid YAML: " + message).At(LocationAt(at));
  size_t begin = 0;
  for (int64_t line = 1; line < at.line && begin != std::string::npos; ++line) {
    begin = text.find('\n', begin);
    if (begin != std::string::npos) ++begin;
  }
  if (begin == std::string::npos) return error;
  const std::string_view line =
      std::string_view(text).substr(begin, text.find('\n', begin) - begin);
  if (line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string_view::npos) {
    return std::move(error).Try("blanks in place of tabs");
  }
  if (line.find("${") == std::string_view::npos) return error;
  return std::move(error).Try("quotes around \"${…}\" inside { } and [ ]");
}

}  // namespace

std::optional<YamlNode> ParseYaml(const std::string& text, const std::string& file,
                                  Problems* problems, size_t max_nodes) {
  const auto fail = [&](const Position& at, std::string message) {
    problems->Add(Error(ErrorCode::kInvalidInput, std::move(message)).At(LocationAt(at)));
    return std::nullopt;
  };
  if (const auto binary = FindBinary(text, file)) return fail(*binary, "not a text file in UTF-8");
  TreeBuilder builder(file, max_nodes, problems);
  try {
    CheckQuotesEnd(text, max_nodes);
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    YamlNode root = builder.TakeRoot();
    if (parser.HandleNextDocument(builder)) {
      return fail(builder.document_at(), "a second YAML document in one file");
    }
    return root;
  } catch (const LimitExceeded& error) {
    problems->Add(Error(ErrorCode::kInvalidInput, error.msg)
                      .At(LocationAt({file, error.mark.line + 1, error.mark.column + 1}))
                      .Expected(error.most()));
    return std::nullopt;
  } catch (const YAML::Exception& error) {
    Position at = {file};
    if (!error.mark.is_null()) at = {file, error.mark.line + 1, error.mark.column + 1};
    const bool open = error.msg == YAML::ErrorMsg::EOF_IN_SCALAR;
    problems->Add(SyntaxError(open ? "a quoted text does not end" : error.msg, at, text));
    return std::nullopt;
  } catch (const std::exception& error) {
    return fail({file}, fmt::format("not valid YAML: {}", error.what()));
  }
}

}  // namespace slipway::config

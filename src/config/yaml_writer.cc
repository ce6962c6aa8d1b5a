#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "config/config.h"
#include "config/node_internal.h"
#include "config/yaml_lines_internal.h"
#include "core/text.h"

namespace slipway::config {
namespace {

bool IsWord(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// True where every reader, of YAML 1.1 too, takes the text unquoted for the same text. Errs on the
// side of quotes.
bool IsPlain(const std::string& text) {
  if (text.empty() || text.back() == ' ' || text.back() == ':') return false;
  const auto first = static_cast<unsigned char>(text.front());
  if (!IsWord(first) && first != '_' && first != '/' && first != '.') return false;
  if (first >= '0' && first <= '9') return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool inner_colon = c == ':' && text[i + 1] != ' ';
    if (!IsWord(c) && std::string_view("_-./+@= ").find(text[i]) == std::string_view::npos &&
        !inner_colon) {
      return false;
    }
  }
  if (!PlainValue(text).is_string()) return false;
  static const std::vector<std::string> words = {"y",    "n",     "yes",  "no",   "on",  "off",
                                                 "true", "false", "null", ".inf", ".nan"};
  return std::ranges::find(words, ToLower(text)) == words.end();
}

// Characters that YAML does not print, or that some readers take for a line end, by their code
// points.
bool NeedsEscape(char32_t point) {
  return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0x2028 || point == 0x2029 ||
         point == 0xFEFF;
}

std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const auto next = [&](size_t ahead) {
      return i + ahead < text.size() ? static_cast<unsigned char>(text[i + ahead]) : 0U;
    };
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += text[i];
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (c == '\t') {
      quoted += "\\t";
    } else if (c < 0x80) {
      quoted += NeedsEscape(c) ? fmt::format("\\x{:02x}", c) : std::string(1, text[i]);
    } else if (c == 0xC2 && NeedsEscape(next(1))) {
      quoted += fmt::format("\\x{:02x}", next(1));
      i += 1;
    } else if ((c & 0xF0U) == 0xE0 &&
               NeedsEscape(((c & 0x0FU) << 12U) | ((next(1) & 0x3FU) << 6U) | (next(2) & 0x3FU))) {
      quoted += fmt::format("\\u{:04x}",
                            ((c & 0x0FU) << 12U) | ((next(1) & 0x3FU) << 6U) | (next(2) & 0x3FU));
      i += 2;
    } else {
      quoted += text[i];
    }
  }
  return quoted + "\"";
}

std::string Text(const std::string& text) { return IsPlain(text) ? text : Quoted(text); }

std::string Scalar(const Json& value) {
  if (value.is_string()) return Text(value.get_ref<const std::string&>());
  if (value.is_object()) return "{}";
  if (value.is_array()) return "[]";
  if (!value.is_number_float()) return CompactJson(value);
  const double number = value.get<double>();
  if (std::isnan(number)) return ".nan";
  if (std::isinf(number)) return number < 0 ? "-.inf" : ".inf";
  std::string text = fmt::format("{}", number);
  // YAML 1.1 wants a dot in every float, also before an exponent.
  if (text.find('.') == std::string::npos) {
    text.insert(std::min(text.find('e'), text.size()), ".0");
  }
  return text;
}

bool IsBlock(const Json& value) { return value.is_structured() && !value.empty(); }

std::string Indent(int depth) { return std::string(2 * static_cast<size_t>(depth), ' '); }

class Writer {
 public:
  std::vector<YamlLine> Take() { return std::move(lines_); }

  void Write(const Json& value, int depth, const std::string& key) {
    if (!IsBlock(value)) {
      lines_.push_back({Indent(depth) + Scalar(value), key});
    } else if (value.is_array()) {
      WriteList(value, depth);
    } else {
      WriteMap(value, depth, key);
    }
  }

 private:
  void WriteMap(const Json& map, int depth, const std::string& key) {
    for (const auto& [name, value] : map.items()) {
      std::string path = inside_list_ > 0 ? "" : key.empty() ? name : key + "." + name;
      const std::string head = Indent(depth) + Text(name) + ":";
      if (!IsBlock(value)) {
        lines_.push_back({head + " " + Scalar(value), std::move(path)});
        continue;
      }
      lines_.push_back({head, value.is_array() ? path : ""});
      Write(value, depth + 1, path);
    }
  }

  // The first line of an item stands after its dash.
  void WriteList(const Json& list, int depth) {
    ++inside_list_;
    for (const Json& item : list) {
      const size_t first = lines_.size();
      Write(item, depth + 1, "");
      lines_[first].text.replace(2 * static_cast<size_t>(depth), 2, "- ");
    }
    --inside_list_;
  }

  std::vector<YamlLine> lines_;
  int inside_list_ = 0;
};

}  // namespace

std::vector<YamlLine> YamlLines(const Json& value) {
  Writer writer;
  writer.Write(value, 0, "");
  return writer.Take();
}

std::string JsonToYaml(const Json& value) {
  std::string text;
  for (const YamlLine& line : YamlLines(value)) text += line.text + "\n";
  return text;
}

std::string ToYaml(const Config& config) {
  return JsonToYaml(Json{{config.environment, config.resolved}});
}

}  // namespace slipway::config

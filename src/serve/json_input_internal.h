// The body of a request as a document of simdjson's On-Demand: read once, from front to back, each
// value checked as it is taken. What is passed over must be walked, or mistakes in it go unseen.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "serve/types.h"

namespace slipway::serve {

namespace ondemand = simdjson::ondemand;

class JsonInput {
 public:
  // The document and all texts out of it live until the next call.
  simdjson::error_code Open(std::string_view body);
  // Ends the use of the document; gives back what an unusually large one took.
  void Close();
  ondemand::document& document() { return document_; }

  // Whether the key that begins at `raw`, behind its quote, is `name`, which needs no escapes.
  bool IsKey(ondemand::raw_json_string raw, std::string_view name) const {
    const char* text = raw.raw();
    const auto rest = static_cast<size_t>(buffer_.data() + buffer_.size() - text);
    return rest > name.size() && text[name.size()] == '"' &&
           std::memcmp(text, name.data(), name.size()) == 0;
  }

  // What is wrong with the body that `error` ended the reading of.
  Rejection Broken(simdjson::error_code error);

 private:
  std::string_view Behind(size_t offset) const;

  std::vector<char> buffer_;  // The body, and the zeros that simdjson may read behind it.
  size_t size_ = 0;           // Of the body.
  ondemand::parser parser_;
  ondemand::document document_;
  bool opened_ = false;
};

// Reads a value that nobody wants, with all that it holds. `depth` counts the lists and mappings
// around it; JSON that is nested deeper than kMostDepth is refused.
inline constexpr int kMostDepth = 32;
simdjson::error_code Walk(ondemand::value value, int depth);

// "a number", "a list", …; what is not JSON has none.
simdjson::simdjson_result<const char*> KindOf(ondemand::value& value);

// The beginning of a text, for a message.
std::string Excerpt(std::string_view text);

}  // namespace slipway::serve

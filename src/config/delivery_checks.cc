// How requests find a version: names and values that a splitter takes, told before it refuses them.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "config/resolve_internal.h"
#include "core/byte_set.h"
#include "core/json.h"

namespace slipway::config {
namespace {

// Blanks at its ends are no part of a header's value, and line ends can't be in it.
bool CanBeValue(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  return !blank(text.front()) && !blank(text.back()) && kValueBytes.HasAll(text);
}

class DeliveryCheck {
 public:
  DeliveryCheck(const Resolved& resolved, Problems* problems)
      : resolved_(resolved), problems_(problems) {}

  void Run() {
    CheckName("sticky.header", "header");
    CheckName("sticky.cookie", "cookie");
    if (!Text("sticky.header").empty() && !Text("sticky.cookie").empty())
      Tell("sticky", "header and cookie are both given", "one of the two");
    CheckName("header.name", "header");
    CheckHeader();
  }

 private:
  // Keys are those below deployment.canary. "" of one that is absent, or wrong by itself.
  static std::string TextIn(const Json& environment, std::string key) {
    std::ranges::replace(key, '.', '/');
    const Json text = environment.value(Json::json_pointer("/deployment/canary/" + key), Json());
    return text.is_string() ? text.get<std::string>() : "";
  }
  std::string Text(const std::string& key) const {
    return TextIn(resolved_.environment.expanded, key);
  }
  // As it may be shown.
  std::string Written(const std::string& key) const {
    return CompactJson(TextIn(resolved_.environment.written, key));
  }
  void Tell(const std::string& key, std::string message, std::string expected) {
    const std::string full = "deployment.canary." + key;
    problems_->Add(Error(ErrorCode::kInvalidInput, std::move(message))
                       .At(LocationAt(resolved_.PositionOf(full), full))
                       .Expected(std::move(expected)));
  }

  void CheckName(const std::string& key, const char* what) {
    const std::string name = Text(key);
    // Names of cookies are of the same bytes (RFC 6265, 4.1.1).
    if (kTokenBytes.HasAll(name)) return;
    Tell(key, fmt::format("{} is no name of a {}", Written(key), what),
         "letters, digits and hyphens, such as X-Customer");
  }

  void CheckHeader() {
    const std::string name = Text("header.name");
    const std::string value = Text("header.value");
    if (name.empty() != value.empty()) {
      Tell("header",
           name.empty() ? "a value, and no name of the header that is to have it"
                        : "a header, and no value that it is to have",
           "both: {name: X-Version, value: new}");
    }
    if (value.empty() || CanBeValue(value)) return;
    Tell("header.value", Written("header.value") + " is no value that a request can bring",
         "printable characters, no blank at either end");
  }

  const Resolved& resolved_;
  Problems* problems_;
};

}  // namespace

void CheckDelivery(const Resolved& resolved, Problems* problems) {
  DeliveryCheck(resolved, problems).Run();
}

}  // namespace slipway::config

#include "serve/page.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <string>
#include <vector>

#include "core/base64.h"
#include "core/hash.h"

namespace slipway::serve {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Page() { return std::string(TryPage()); }

std::string Between(const std::string& text, const std::string& begin, const std::string& end) {
  const size_t from = text.find(begin) + begin.size();
  return text.substr(from, text.find(end, from) - from);
}

std::vector<std::string> Matches(const std::string& text, const char* pattern) {
  const std::regex regex(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), regex), end; at != end; ++at)
    found.push_back((*at)[1]);
  return found;
}

// The digest that a policy allows for `what`.
std::string Allowed(const std::string& what) {
  const std::string base64 = Between(std::string(PagePolicy()), what + " 'sha256-", "';");
  const Result<std::string> bytes = FromBase64(base64);
  EXPECT_TRUE(bytes.ok()) << base64;
  std::string digest = "sha256:";
  for (const char byte : bytes.ok() ? *bytes : "")
    digest += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return digest;
}

TEST(PageTest, ThePolicyAllowsItsOwnStyleAndScriptOnly) {
  const std::string policy(PagePolicy());
  EXPECT_THAT(policy, HasSubstr("default-src 'none'; "));
  EXPECT_EQ(Allowed("style-src"), DigestOf(Between(Page(), "<style>", "</style>")));
  EXPECT_EQ(Allowed("script-src"), DigestOf(Between(Page(), "<script>", "</script>")));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  EXPECT_EQ(Matches(Page(), "(<script)").size(), 1);
  EXPECT_EQ(Matches(Page(), "(<style)").size(), 1);
}

TEST(PageTest, NothingComesFromOutsideAndTextsAreNoMarkup) {
  // In the order: resources, styles and handlers that the policy would stop, and texts as markup.
  for (const char* word : {"http:", "https:", "src=", "@import", " url(", "style=", "onclick",
                           "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write",
                           "eval(", "localStorage", "sessionStorage", "cookie"}) {
    EXPECT_FALSE(Page().contains(word)) << word;
  }
  constexpr size_t kLargest = 16 << 10;
  EXPECT_LT(Page().size(), kLargest);
}

TEST(PageTest, TheScriptFindsWhatItAsksFor) {
  const std::vector<std::string> ids = Matches(Page(), " id=\"([^\"]+)\"");
  const std::set<std::string> distinct(ids.begin(), ids.end());
  EXPECT_EQ(distinct.size(), ids.size());
  const std::vector<std::string> asked = Matches(Page(), "\\bat\\(\"([^\"]+)\"\\)");
  EXPECT_GT(asked.size(), 10);
  for (const std::string& id : asked) EXPECT_TRUE(distinct.contains(id)) << id;
}

// All fields are made by the script.
TEST(PageTest, EachFieldHasALabel) {
  EXPECT_EQ(Matches(Page(), "(<input|<select|<textarea)").size(), 0);
  const size_t fields = Matches(Page(), "make\\((\"input\"|\"select\")").size();
  EXPECT_EQ(fields, 3) << "of a model's input, the token and the choice of the model";
  EXPECT_EQ(Matches(Page(), "(make\\(\"label\"[^\n]*\\)\\.htmlFor = )").size(), fields);
  EXPECT_THAT(Page(), HasSubstr("<html lang=\"en\">"));
}

}  // namespace
}  // namespace slipway::serve

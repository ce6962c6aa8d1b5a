// Characters are generalised into classes, run by run, where all samples have the same runs.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "core/pattern.h"
#include "data/schema_inference.h"

namespace slipway::data {
namespace {

constexpr size_t kFewestSamples = 20;
constexpr size_t kMostRuns = 16;
// Fewer letters that never change are a class all the same: a country, a product line.
constexpr size_t kFewestLetters = 3;

// Shapes that no row of runs describes well; the first that fits all.
constexpr const char* kKnown[] = {
    "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",  // UUID
    R"(^[^@\s]+@[^@\s]+\.[^@\s]+$)",                         // E-mail
    R"(^https?://\S+$)",
    R"(^([0-9]{1,3}\.){3}[0-9]{1,3}$)",  // IPv4
};
// Tried last, because dates and codes of one shape are better told by it.
constexpr const char* kPhone = R"(^\+?\(?[0-9][0-9 ()./-]{4,18}[0-9]$)";

enum class Class : uint8_t { kUpper, kLower, kDigit, kOther };

Class ClassOf(char c) {
  if (c >= 'A' && c <= 'Z') return Class::kUpper;
  if (c >= 'a' && c <= 'z') return Class::kLower;
  return c >= '0' && c <= '9' ? Class::kDigit : Class::kOther;
}

const char* SetOf(Class of) {
  return of == Class::kUpper ? "[A-Z]" : of == Class::kLower ? "[a-z]" : "[0-9]";
}

// Characters of one class; others stand alone.
struct Run {
  Class of = Class::kOther;
  std::string text;
  size_t shortest = 0;
  size_t longest = 0;
  bool constant = true;

  bool IsLetters() const { return of == Class::kUpper || of == Class::kLower; }
};

// nullopt for what has blanks, other alphabets or too many runs: prose and names.
std::optional<std::vector<Run>> RunsOf(const std::string& text) {
  std::vector<Run> runs;
  for (const char c : text) {
    if (c <= ' ' || c > '~') return std::nullopt;
    const Class of = ClassOf(c);
    if (runs.empty() || of == Class::kOther || runs.back().of != of) {
      if (runs.size() == kMostRuns) return std::nullopt;
      runs.emplace_back().of = of;
    }
    runs.back().text += c;
  }
  for (Run& run : runs) run.shortest = run.longest = run.text.size();
  return runs;
}

// Takes `other` into `runs`; false where they are of another shape.
bool Take(const std::vector<Run>& other, std::vector<Run>* runs) {
  if (other.size() != runs->size()) return false;
  for (size_t i = 0; i < other.size(); ++i) {
    Run& run = (*runs)[i];
    if (run.of != other[i].of) return false;
    run.constant = run.constant && run.text == other[i].text;
    if (run.of == Class::kOther && !run.constant) return false;
    run.shortest = std::min(run.shortest, other[i].shortest);
    run.longest = std::max(run.longest, other[i].longest);
  }
  return true;
}

// Words have runs too: only what has digits, or capitals of one length, is a code.
bool IsCode(const std::vector<Run>& runs) {
  const bool digits =
      std::ranges::any_of(runs, [](const Run& run) { return run.of == Class::kDigit; });
  return digits || std::ranges::all_of(runs, [](const Run& run) {
           return run.of != Class::kLower && run.shortest == run.longest;
         });
}

std::string Generalised(const Run& run) {
  if (run.of == Class::kOther) return EscapePattern(run.text);
  if (run.shortest != run.longest) return fmt::format("{}+", SetOf(run.of));
  return run.longest == 1 ? SetOf(run.of) : fmt::format("{}{{{}}}", SetOf(run.of), run.longest);
}

std::string PatternOf(const std::vector<Run>& runs) {
  std::string pattern = "^";
  for (size_t i = 0; i < runs.size();) {
    // Letters that never change, "SKU" or "User", are a word and stay.
    std::string word;
    size_t end = i;
    while (end < runs.size() && runs[end].IsLetters() && runs[end].constant)
      word += runs[end++].text;
    if (word.size() >= kFewestLetters) {
      pattern += word;
      i = end;
    } else {
      pattern += Generalised(runs[i++]);
    }
  }
  return pattern + "$";
}

std::string FromRuns(const std::vector<std::string>& samples) {
  auto runs = RunsOf(samples.front());
  if (!runs || runs->empty()) return "";
  for (const std::string& sample : samples) {
    const auto other = RunsOf(sample);
    if (!other || !Take(*other, &*runs)) return "";
  }
  return IsCode(*runs) ? PatternOf(*runs) : "";
}

// Digits and letters at random places: keys and digests of one length.
std::string FromAlphabet(const std::vector<std::string>& samples) {
  constexpr size_t kShortest = 6;
  const size_t length = samples.front().size();
  const auto has = [&](Class of) {
    return std::ranges::any_of(samples, [&](const std::string& sample) {
      return std::ranges::any_of(sample, [&](char c) { return ClassOf(c) == of; });
    });
  };
  if (length < kShortest || !has(Class::kDigit) || has(Class::kOther)) return "";
  for (const char* set : {"[0-9a-f]", "[0-9A-F]", "[0-9A-Z]", "[0-9a-z]", "[0-9A-Za-z]"}) {
    const std::string pattern = fmt::format("^{}{{{}}}$", set, length);
    const auto compiled = Pattern::Make(pattern);
    if (compiled.ok() && std::ranges::all_of(samples, [&](const std::string& sample) {
          return compiled->Matches(sample);
        })) {
      return pattern;
    }
  }
  return "";
}

bool MatchAll(const std::vector<std::string>& samples, const std::string& pattern) {
  const auto compiled = Pattern::Make(pattern);
  return compiled.ok() && std::ranges::all_of(samples, [&](const std::string& sample) {
           return compiled->Matches(sample);
         });
}

}  // namespace

std::string InferPattern(const std::vector<std::string>& samples) {
  if (samples.size() < kFewestSamples) return "";
  for (const char* known : kKnown) {
    if (MatchAll(samples, known)) return known;
  }
  for (const std::string& pattern : {FromRuns(samples), FromAlphabet(samples)}) {
    if (!pattern.empty() && MatchAll(samples, pattern)) return pattern;
  }
  return MatchAll(samples, kPhone) ? kPhone : "";
}

}  // namespace slipway::data

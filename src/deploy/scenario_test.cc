// tests/scenarios/*.test: the behaviour of rollouts as data. docs of the form are in
// tests/scenarios/README.md.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "core/source_folder.h"
#include "core/text.h"
#include "deploy/simulated_service.h"

namespace slipway::deploy {
namespace {

// Documents that are written and read at each step take most of the time where each access is
// checked; there it is done less often.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr int kKeepDocuments = 10;
#else
constexpr int kKeepDocuments = 1;
#endif
#else
constexpr int kKeepDocuments = 1;
#endif

struct Line {
  int number = 0;
  double at = 0;  // Seconds.
  std::vector<std::string> words;
};

struct Scenario {
  std::string name;
  Json deployment = Json::object();
  double tick = 1;
  std::vector<Line> lines = {};
};

std::vector<std::string> WordsOf(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  std::string word;
  while (stream >> word) words.push_back(word);
  return words;
}

Json::json_pointer PointerTo(const std::string& key) {
  std::string pointer = "/" + key;
  std::ranges::replace(pointer, '.', '/');
  return Json::json_pointer(pointer);
}

// `KEY JSON` sets deployment.KEY, dots lead into sections; `tick SECONDS`; `TIMEs COMMAND …`.
Scenario Read(const std::filesystem::path& path) {
  Scenario scenario{.name = path.stem().string()};
  std::ifstream file(path);
  std::string text;
  int number = 0;
  while (std::getline(file, text)) {
    ++number;
    text = text.substr(0, text.find('#'));
    const std::vector<std::string> words = WordsOf(text);
    if (words.empty()) continue;
    if (words[0].back() == 's' && std::isdigit(static_cast<unsigned char>(words[0][0])) != 0) {
      scenario.lines.push_back(
          {number, std::stod(words[0]), std::vector(words.begin() + 1, words.end())});
      continue;
    }
    const std::string value(Trim(text.substr(text.find(words[0]) + words[0].size())));
    if (words[0] == "tick") {
      scenario.tick = std::stod(value);
      continue;
    }
    scenario.deployment[PointerTo(words[0])] = Json::parse(value, nullptr, false);
  }
  return scenario;
}

std::vector<std::filesystem::path> Files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(SourceFolder()) + "/tests/scenarios"))
    if (entry.path().extension() == ".test") files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

double Percent(const std::string& word) { return std::stod(word) / 100; }
int64_t VersionOf(const std::string& word) { return std::stoll(word.substr(1)); }

class Play {
 public:
  explicit Play(const Scenario& scenario) : scenario_(scenario), world_(scenario.deployment) {
    world_.keep_documents = kKeepDocuments;
  }

  void Run() {
    double now = 0;
    for (const Line& line : scenario_.lines) {
      SCOPED_TRACE(fmt::format("{}.test:{}: {:g}s {}", scenario_.name, line.number, line.at,
                               Join(line.words, " ")));
      while (now + scenario_.tick <= line.at + 1e-9) {
        now += scenario_.tick;
        const Status stepped = world_.Step(scenario_.tick, controls_);
        ASSERT_TRUE(stepped.ok()) << stepped.error().ToString();
        CheckAlways(now);
        if (::testing::Test::HasFatalFailure()) return;
      }
      Do(line);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }

 private:
  // What holds at all times, whatever happens.
  void CheckAlways(double now) {
    double sum = 0;
    for (const Share& share : world_.traffic().shares) sum += share.weight;
    if (!world_.traffic().shares.empty()) {
      EXPECT_NEAR(sum, 100, 1e-6) << "at " << now;
    }
    if (!lost_is_fine_) {
      ASSERT_EQ(world_.lost(), 0) << "requests met no replica at " << now << " s";
    }
  }

  void Do(const Line& line) {
    const std::vector<std::string>& words = line.words;
    const bool refused = words.back() == "refused";
    const Status said = Command(words);
    if (refused) {
      ASSERT_FALSE(said.ok()) << "was taken";
      EXPECT_TRUE(said.error().code() == ErrorCode::kConflict ||
                  said.error().code() == ErrorCode::kNotFound ||
                  said.error().code() == ErrorCode::kInvalidInput)
          << said.error().ToString();
      return;
    }
    ASSERT_TRUE(said.ok()) << said.error().ToString();
  }

  Status Command(const std::vector<std::string>& words) {
    const std::string& verb = words[0];
    if (verb == "expect") {
      Expect(words);
      return {};
    }
    if (verb[0] == 'v' && words.size() > 1) return Behave(words);
    if (verb == "traffic") {
      world_.requests_per_second = std::stod(words[1]);
    } else if (verb == "cores") {
      world_.utilization = std::stod(words[1]);
    } else if (verb == "lost") {
      lost_is_fine_ = true;
    } else if (verb == "splitter") {
      if (words[1] == "restarts") world_.RestartSplitter();
      world_.splitter_answers = words[1] != "dies";
      world_.splitter_refuses =
          words[1] == "refuses" ? Join(std::vector(words.begin() + 2, words.end()), " ") : "";
    } else if (verb == "controller") {
      controls_ = words[1] != "dies";
    } else {
      return Say(words);
    }
    return {};
  }

  Status Behave(const std::vector<std::string>& words) {
    Behaviour& version = world_.versions[VersionOf(words[0])];
    const std::string& what = words[1];
    if (what == "errors") version.error_rate = Percent(words[2]);
    if (what == "dies-of") version.dies_of = Percent(words[2]);
    if (what == "latency") version.latency_ms = std::stod(words[2]);
    if (what == "starts") version.starts_seconds = std::stod(words[2]);
    if (what == "fails-to-start") version.comes_up = false;
    if (what == "recovers") version = Behaviour{};
    if (what == "predicts-wrongly") version.predicts_rightly = false;
    if (what == "disagrees") version.disagrees = Percent(words[2]);
    if (what == "positives") version.second_class = Percent(words[2]);
    if (what == "labelled") version.labelled = Percent(words[2]);
    if (what == "right-after") version.right_after_seconds = std::stod(words[2]);
    if (what == "wrong-after") version.wrong_after_seconds = std::stod(words[2]);
    if (what == "accuracy") version.accuracy = Percent(words[2]);
    if (what == "converts") version.converts = Percent(words[2]);
    if (what == "off-by") version.off_by = std::stod(words[2]);
    if (what == "bound") version.bound = std::stod(words[2]);
    if (what == "loses-a-replica")
      world_.KillReplica(VersionOf(words[0]), words.size() > 2 ? std::stoll(words[2]) : 0);
    return {};
  }

  Status Say(const std::vector<std::string>& words) {
    const std::string& verb = words[0];
    const std::string option = words.size() > 1 && words[1] != "refused" ? words[1] : "";
    if (verb == "experiment") {
      std::vector<int64_t> versions;
      for (size_t i = 1; i < words.size() && words[i] != "refused"; ++i)
        versions.push_back(VersionOf(words[i]));
      return world_.DeployVersion(versions[0], {{"deployment_strategy", "experiment"}},
                                  std::vector(versions.begin() + 1, versions.end()));
    }
    if (verb == "deploy") {
      Json overrides = Json::object();
      for (size_t i = 2; i < words.size() && words[i] != "refused"; ++i) {
        const size_t equals = words[i].find('=');
        if (equals == std::string::npos) {
          overrides["deployment_strategy"] = words[i];
        } else {
          overrides[PointerTo(words[i].substr(0, equals))] =
              Json::parse(words[i].substr(equals + 1), nullptr, false);
        }
      }
      return world_.DeployVersion(VersionOf(words[1]), overrides);
    }
    return world_.Say([&](const Service& service, const VerbContext& context) -> Result<Decision> {
      if (verb == "promote")
        return Promote(service, option == "full", context,
                       option.starts_with('v') ? VersionOf(option) : 0);
      if (verb == "pause") return PauseRollout(service, "", context);
      if (verb == "resume") return Resume(service, context);
      if (verb == "abort") return Abort(service, option, context);
      if (verb == "retry") return Retry(service, context);
      if (verb == "set-weight") return SetWeight(service, std::stod(option), context);
      if (verb == "undo") {
        const bool to = !option.empty() && std::isdigit(static_cast<unsigned char>(option[0])) != 0;
        return Undo(service, to ? std::optional(std::stoll(option)) : std::nullopt, context,
                    to ? "" : option);
      }
      if (verb == "down") return TakeDown(service, context);
      if (verb == "up") return BringUp(service, context);
      return Error(ErrorCode::kInternal, "no such command: " + verb);
    });
  }

  void Expect(const std::vector<std::string>& words) {
    const std::string& what = words[1];
    const std::string rest = Join(std::vector(words.begin() + 2, words.end()), " ");
    const Service& service = world_.service();
    const Rollout& rollout = *service.rollout;
    if (what == "phase") {
      EXPECT_EQ(ToString(rollout.phase), rest) << Story();
    } else if (what == "stable") {
      const std::string stable =
          service.stable ? "v" + std::to_string(service.stable->version) : "none";
      EXPECT_EQ(stable, rest) << Story();
    } else if (what == "weight") {
      EXPECT_NEAR(world_.weight_of(VersionOf(words[2])), std::stod(words[3]), 1e-6) << Story();
    } else if (what == "replicas") {
      EXPECT_EQ(world_.replicas_of(VersionOf(words[2])), std::stoi(words[3])) << Story();
    } else if (what == "stage") {
      EXPECT_EQ(rollout.stage + 1, std::stoi(rest)) << Story();
    } else if (what == "paused") {
      ASSERT_TRUE(rollout.pause.has_value()) << Story();
      EXPECT_NE(rollout.pause->reason.find(rest), std::string::npos) << rollout.pause->reason;
    } else if (what == "running") {
      EXPECT_FALSE(rollout.pause.has_value()) << rollout.pause->reason;
    } else if (what == "reason") {
      EXPECT_NE(rollout.reason.find(rest), std::string::npos) << rollout.reason << Story();
    } else if (what == "note") {
      EXPECT_TRUE(HasNote(rest)) << "no note has \"" << rest << "\"" << Story();
    } else if (what == "no-note") {
      EXPECT_FALSE(HasNote(rest)) << Story();
    } else if (what == "outside") {
      EXPECT_TRUE(HasOutside(words)) << Story();
    } else if (what == "mirror") {
      EXPECT_EQ("v" + std::to_string(world_.version_of_set(world_.traffic().mirror_set)), rest);
    } else if (what == "header") {
      EXPECT_EQ("v" + std::to_string(world_.version_of_set(world_.traffic().header_set)), rest);
    } else if (what == "requests-below") {
      EXPECT_LT(world_.requests_of(VersionOf(words[2])), std::stoll(words[3])) << Story();
    } else {
      ADD_FAILURE() << "no such expectation: " << what;
    }
  }

  bool HasNote(const std::string& text) const {
    return std::ranges::any_of(world_.notes(), [&](const Note& note) {
      return note.text.find(text) != std::string::npos;
    });
  }

  // `expect outside KIND VERSION`
  bool HasOutside(const std::vector<std::string>& words) const {
    return std::ranges::any_of(world_.outside(), [&](const Outside& one) {
      return one.kind == words[2] && GetInteger(one.detail, "version") == VersionOf(words[3]) &&
             (words.size() < 5 || GetString(one.detail, "key") == words[4]);
    });
  }

  std::string Story() const {
    std::string story = "\nwhat happened:";
    for (const Note& note : world_.notes()) story += "\n  " + note.kind + ": " + note.text;
    return story;
  }

  const Scenario& scenario_;
  SimulatedService world_;
  bool controls_ = true;
  bool lost_is_fine_ = false;
};

class ScenarioTest : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(ScenarioTest, GoesAsTold) {
  const Scenario scenario = Read(GetParam());
  ASSERT_FALSE(scenario.lines.empty());
  Play(scenario).Run();
}

INSTANTIATE_TEST_SUITE_P(Scenarios, ScenarioTest, ::testing::ValuesIn(Files()),
                         [](const auto& one) {
                           std::string name = one.param.stem().string();
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(Scenarios, AreMany) { EXPECT_GE(Files().size(), 40U); }

}  // namespace
}  // namespace slipway::deploy

#include "serve/access_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/file_system.h"
#include "core/json.h"
#include "core/testing.h"

namespace slipway::serve {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kMillisecondNs = 1'000'000;
constexpr size_t kPatience = 2000;  // Waits of 10 ms: what takes longer does not come.

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::string BytesOf(const std::string& path) { return LocalFileSystem().ReadFile(path).value(); }

std::vector<Json> ReadLog(const std::string& path) {
  std::vector<Json> lines;
  for (const std::string& line : LinesOf(BytesOf(path)))
    lines.push_back(ParseJson(line, path).value());
  return lines;
}

class AccessLogTest : public ::testing::Test {
 protected:
  std::unique_ptr<AccessLog> Opened(AccessLogOptions options = {}) {
    if (options.path.empty()) options.path = path_;
    auto opened = AccessLog::Open(options, clock_);
    EXPECT_TRUE(opened.ok()) << opened.error().ToString();
    return *std::move(opened);
  }
  // A request that has its answer at once.
  static void Log(AccessLog* log, const AccessEntry& entry, int loop = 0) {
    log->Finish(Answered(200, 0, loop), log->Begin(loop, entry), kMillisecondNs);
  }
  static http::Delivery Answered(int status, int64_t begun_ns = 0, int loop = 0) {
    return {
        .loop = loop, .note = 0, .status = status, .begun_ns = begun_ns, .bytes = 0, .sent = true};
  }
  static http::Delivery Lost(int status) {
    http::Delivery lost = Answered(status);
    lost.sent = false;
    return lost;
  }
  static AccessEntry Plain(std::string_view id) {
    AccessEntry entry;
    entry.method = "POST";
    entry.path = "/predict";
    entry.request_id = id;
    return entry;
  }
  std::vector<std::string> IdsOf(const std::string& path) {
    std::vector<std::string> ids;
    for (const Json& line : ReadLog(path)) ids.push_back(GetString(line, "request_id"));
    return ids;
  }

  testing::TemporaryDirectory folder_;
  const std::string path_ = folder_.File("access.log");
  // 2026-11-23T06:41:07.123Z.
  testing::FakeClock clock_{Clock::WallTime(milliseconds(1'795'416'067'123))};
};

TEST_F(AccessLogTest, ALineHasAllThatIsKnown) {
  AccessEntry entry = Plain("mine-1");
  entry.peer = "10.0.0.7";
  entry.user_agent = "curl/8.5.0";
  entry.model = "churn";
  entry.version = "3";
  entry.trace = {.trace_high = 0x0af7651916cd43dd,
                 .trace_low = 0x8448eb211c80319c,
                 .parent_id = 0xb7ad6b7169203331,
                 .span_id = 0x00f067aa0ba902b7,
                 .flags = 1,
                 .was_sent = true};
  entry.rows = 20;
  {
    const auto log = Opened();
    const uint32_t ticket = log->Begin(0, entry);
    EXPECT_NE(ticket, 0U);
    // A quarter of a second before the clock's now.
    http::Delivery delivery = Answered(200, -250 * kMillisecondNs);
    delivery.bytes = 1130;
    log->Finish(delivery, ticket, -240 * kMillisecondNs + 5'499);
  }
  EXPECT_EQ(BytesOf(path_),
            R"({"time":"2026-11-23T06:41:06.873Z","method":"POST","path":"/predict","status":200,)"
            R"("bytes":1130,"duration_ms":10.005,"request_id":"mine-1",)"
            R"("trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"00f067aa0ba902b7",)"
            R"("parent_id":"b7ad6b7169203331","peer":"10.0.0.7","user_agent":"curl/8.5.0",)"
            R"("model":"churn","version":"3","rows":20})"
            "\n");
}

TEST_F(AccessLogTest, WhatThereIsNoneOfIsLeftOut) {
  AccessEntry shed;
  shed.method = "GET";
  shed.path = "/";
  shed.shed = true;
  shed.rows = 5;
  {
    const auto log = Opened();
    log->Finish(Answered(503), log->Begin(0, shed), 0);
    log->Finish(Answered(400), 0, 5);
    log->Finish(Lost(0), log->Begin(0, Plain("")), 0);
  }
  EXPECT_EQ(BytesOf(path_),
            R"({"time":"2026-11-23T06:41:07.123Z","method":"GET","path":"/","status":503,)"
            R"("bytes":0,"duration_ms":0.000,"shed":true})"
            "\n"
            R"({"time":"2026-11-23T06:41:07.123Z","method":null,"path":null,"status":400,)"
            R"("bytes":0,"duration_ms":0.000})"
            "\n"
            R"({"time":"2026-11-23T06:41:07.123Z","method":"POST","path":"/predict",)"
            R"("status":null,"bytes":0,"duration_ms":0.000,"sent":false})"
            "\n");
}

TEST_F(AccessLogTest, TimesOfManySecondsAreEachTheirOwn) {
  {
    const auto log = Opened();
    for (const int64_t before_ms : {86'400'000, 1'124, 1'123, 124, 123, 0})
      log->Finish(Answered(400, -before_ms * kMillisecondNs), 0, 0);
  }
  std::vector<std::string> times;
  for (const Json& line : ReadLog(path_)) times.push_back(line["time"]);
  EXPECT_THAT(times, ElementsAre("2026-11-22T06:41:07.123Z", "2026-11-23T06:41:05.999Z",
                                 "2026-11-23T06:41:06.000Z", "2026-11-23T06:41:06.999Z",
                                 "2026-11-23T06:41:07.000Z", "2026-11-23T06:41:07.123Z"));
}

TEST_F(AccessLogTest, NoTextCanEndItsLineOrSteerATerminal) {
  const std::vector<std::string> texts = {"\"}\n{\"time\":\"forged\"}",
                                          "a\\\"b\\",
                                          "\r\n",
                                          std::string("nul\0in it", 9),
                                          "\x1b[2J\x07",
                                          "\x7f\xc2\x9b",
                                          "\xff\xfe broken \xc3",
                                          "\xe2\x80\xa8 and \xe2\x80\xa9",
                                          "Zürich 東京 🚢"};
  {
    const auto log = Opened();
    for (const std::string& text : texts) {
      AccessEntry entry;
      entry.method = entry.path = entry.request_id = entry.peer = text;
      entry.user_agent = entry.model = entry.version = text;
      Log(log.get(), entry);
    }
  }
  const std::string bytes = BytesOf(path_);
  EXPECT_TRUE(
      std::ranges::all_of(bytes, [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
  const std::vector<Json> lines = ReadLog(path_);
  ASSERT_EQ(lines.size(), texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    const std::string told = lines[i]["user_agent"];
    EXPECT_EQ(told, i == 6 ? "\uFFFD\uFFFD broken \uFFFD" : texts[i]);
    for (const char* name : {"method", "path", "request_id", "peer", "model", "version"})
      EXPECT_EQ(lines[i][name], told) << name;
    EXPECT_EQ(lines[i].size(), 11U);
  }
}

TEST_F(AccessLogTest, LongTextsAreCut) {
  const std::string lengthy(100'000, 'x');
  {
    const auto log = Opened();
    AccessEntry entry;
    entry.method = "GET";
    entry.path = lengthy;
    entry.user_agent = lengthy;
    Log(log.get(), entry);
  }
  const Json line = ReadLog(path_).at(0);
  EXPECT_EQ(line["path"], std::string(1021, 'x') + "...");
  EXPECT_EQ(line["user_agent"], std::string(253, 'x') + "...");
}

TEST_F(AccessLogTest, LinesAreInTheOrderInWhichAnswersEnded) {
  {
    const auto log = Opened();
    const uint32_t slow = log->Begin(0, Plain("slow"));
    const uint32_t lost = log->Begin(0, Plain("lost"));
    EXPECT_NE(slow, lost);
    Log(log.get(), Plain("quick"));
    log->Finish(Lost(200), lost, 1);
    log->Finish(Answered(200), slow, 1);
    Log(log.get(), Plain("last"));
  }
  EXPECT_THAT(IdsOf(path_), ElementsAre("quick", "lost", "slow", "last"));
}

TEST_F(AccessLogTest, AllLoopsAreWrittenEachInItsOrder) {
  constexpr int kLoops = 4, kRequests = 4000;
  {
    const auto log = Opened({.path = path_, .loops = kLoops});
    std::vector<std::thread> loops;
    for (int loop = 0; loop < kLoops; ++loop) {
      loops.emplace_back([&log, loop] {
        for (int i = 0; i < kRequests; ++i)
          Log(log.get(), Plain(fmt::format("{} {}", loop, i)), loop);
      });
    }
    for (std::thread& loop : loops) loop.join();
    EXPECT_EQ(log->dropped(), 0);
  }
  std::map<std::string, int> next;
  for (const std::string& id : IdsOf(path_)) {
    const std::string loop = id.substr(0, 1);
    ASSERT_EQ(id, fmt::format("{} {}", loop, next[loop]));
    ++next[loop];
  }
  EXPECT_EQ(next, (std::map<std::string, int>{
                      {"0", kRequests}, {"1", kRequests}, {"2", kRequests}, {"3", kRequests}}));
}

TEST_F(AccessLogTest, WhatDoesNotFitIsDroppedAndCounted) {
  const std::string lengthy(1000, 'x');
  {
    const auto log = Opened({.path = path_, .queue_bytes = 1024});
    AccessEntry entry = Plain("big");
    entry.path = lengthy;
    Log(log.get(), entry);
    Log(log.get(), Plain("small"));
    Log(log.get(), entry);
    EXPECT_EQ(log->dropped(), 2);
  }
  const std::vector<Json> lines = ReadLog(path_);
  int64_t told = 0;
  for (const Json& line : lines) told += GetInteger(line, "dropped");
  EXPECT_EQ(told, 2);
  EXPECT_EQ(lines.at(0).contains("dropped") ? 0 : 1,
            GetString(lines.at(0), "request_id") == "small");
}

// Nobody is held up: not by a full queue, and not by a pipe that nobody reads.
TEST_F(AccessLogTest, WhoDoesNotReadThePipeIsToldLaterHowMuchWasDropped) {
  const std::string pipe = folder_.File("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  auto log = Opened({.path = pipe, .queue_bytes = 64 << 10});
  int pushed = 0;
  while (log->dropped() < 10) {
    Log(log.get(), Plain(std::to_string(pushed)));
    ++pushed;
  }
  std::string read;
  ASSERT_EQ(::fcntl(reader, F_SETFL, 0), 0);
  std::thread reading([&] {
    std::array<char, 4096> bytes{};
    while (true) {
      const ssize_t count = ::read(reader, bytes.data(), bytes.size());
      if (count <= 0) return;
      read.append(bytes.data(), static_cast<size_t>(count));
    }
  });
  log.reset();
  reading.join();
  ::close(reader);
  int64_t requests = 0, dropped = 0, last = -1;
  for (const std::string& text : LinesOf(read)) {
    const Json line = ParseJson(text, pipe).value();
    dropped += GetInteger(line, "dropped");
    if (!line.contains("request_id")) continue;
    ++requests;
    const int64_t number = std::stoll(GetString(line, "request_id"));
    EXPECT_GT(number, last);
    last = number;
  }
  EXPECT_GE(dropped, 10);
  EXPECT_EQ(requests + dropped, pushed);
}

TEST_F(AccessLogTest, AfterReopeningANewFileIsWritten) {
  const auto log = Opened();
  for (const char* id : {"1", "2"}) Log(log.get(), Plain(id));
  for (size_t wait = 0; BytesOf(path_).empty() && wait < kPatience; ++wait)
    std::this_thread::sleep_for(milliseconds(10));
  const std::string old = folder_.File("access.log.1");
  std::filesystem::rename(path_, old);
  ASSERT_TRUE(log->Reopen().ok());
  Log(log.get(), Plain("3"));
  for (size_t wait = 0; BytesOf(path_).empty() && wait < kPatience; ++wait)
    std::this_thread::sleep_for(milliseconds(10));
  EXPECT_THAT(IdsOf(old), ElementsAre("1", "2"));
  EXPECT_THAT(IdsOf(path_), ElementsAre("3"));
}

TEST_F(AccessLogTest, AFailedReopeningKeepsTheOldFile) {
  const std::string folder = folder_.File("logs");
  std::filesystem::create_directory(folder);
  const std::string moved = folder_.File("moved");
  {
    const auto log = Opened({.path = folder + "/access.log"});
    std::filesystem::rename(folder, moved);
    const Status reopened = log->Reopen();
    ASSERT_FALSE(reopened.ok());
    EXPECT_THAT(reopened.error().ToString(), HasSubstr(folder));
    Log(log.get(), Plain("1"));
  }
  EXPECT_THAT(IdsOf(moved + "/access.log"), ElementsAre("1"));
}

TEST_F(AccessLogTest, AppendsToWhatIsThereAndIsNotForOthers) {
  std::ofstream(path_) << "{\"request_id\":\"before\"}\n";
  Log(Opened().get(), Plain("behind"));
  EXPECT_THAT(IdsOf(path_), ElementsAre("before", "behind"));
  std::filesystem::remove(path_);
  Log(Opened().get(), Plain("new"));
  struct stat info{};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0137, 0U);
}

TEST_F(AccessLogTest, AFullDiskIsToldOnceAndItsLinesAreCounted) {
  const auto log = Opened({.path = "/dev/full"});
  std::optional<Error> failure;
  int pushed = 0;
  for (size_t wait = 0; !failure && wait < kPatience; ++wait) {
    Log(log.get(), Plain("1"));
    ++pushed;
    std::this_thread::sleep_for(milliseconds(10));
    failure = log->TakeFailure();
  }
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->code(), ErrorCode::kIo);
  EXPECT_THAT(failure->ToString(), HasSubstr("/dev/full"));
  for (size_t wait = 0; log->dropped() < pushed && wait < kPatience; ++wait)
    std::this_thread::sleep_for(milliseconds(10));
  EXPECT_EQ(log->dropped(), pushed);
  EXPECT_FALSE(log->TakeFailure());
}

TEST_F(AccessLogTest, WhatCanNotBeOpenedIsTold) {
  for (const std::string& path : {folder_.File("nowhere/access.log"), folder_.path()}) {
    const auto opened = AccessLog::Open({.path = path}, clock_);
    ASSERT_FALSE(opened.ok());
    EXPECT_THAT(opened.error().ToString(), HasSubstr(path));
  }
  const std::string pipe = folder_.File("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_FALSE(AccessLog::Open({.path = pipe}, clock_).ok());
}

}  // namespace
}  // namespace slipway::serve

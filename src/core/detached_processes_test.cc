#include "core/detached_processes.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <optional>
#include <thread>

#include "core/control_group_internal.h"
#include "core/file_system.h"
#include "core/testing.h"

namespace slipway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr int kPatience = 4000;

bool Eventually(const std::function<bool()>& holds) {
  for (int look = 0; look < kPatience; ++look) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

class DetachedTest : public ::testing::Test {
 protected:
  ~DetachedTest() override {
    const auto listed = processes_.List();
    for (const DetachedProcess& process : *listed) (void)processes_.Signal(process.id, SIGKILL);
    EXPECT_TRUE(Eventually([&] { return !AnyAlive(); }));
  }
  static DetachedSpec Shell(const std::string& id, const std::string& script) {
    return {.id = id, .arguments = {"sh", "-c", script}};
  }
  static DetachedSpec Sleeper(const std::string& id) {
    return {.id = id, .arguments = {"/bin/sleep", "600"}};
  }
  bool AnyAlive() {
    const auto listed = processes_.List();
    return std::ranges::any_of(*listed, &DetachedProcess::alive);
  }
  std::optional<DetachedProcess> Find(DetachedProcesses& processes, const std::string& id) {
    const auto listed = processes.List();
    EXPECT_TRUE(listed.ok()) << listed.error().Render();
    for (const DetachedProcess& process : *listed) {
      if (process.id == id) return process;
    }
    return std::nullopt;
  }
  bool Alive(const std::string& id) { return Find(processes_, id)->alive; }
  std::string Log(const std::string& id) { return *processes_.LogTail(id, 10'000); }
  std::string FileOf(const std::string& id, const std::string& name) const {
    return processes_.directory() + "/" + id + "/" + name;
  }

  testing::TemporaryDirectory folder_;
  DetachedProcesses processes_ = *DetachedProcesses::Open(folder_.File("run"));
};

TEST_F(DetachedTest, StartsAndFindsAgain) {
  DetachedSpec spec = Sleeper("replica-1");
  spec.facts = {{"port", 8081}, {"of", {"a", 1}}};
  const Status started = processes_.Start(spec);
  ASSERT_TRUE(started.ok()) << started.error().Render();
  DetachedProcesses others = *DetachedProcesses::Open(folder_.File("run"));
  const auto found = Find(others, "replica-1");
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->alive);
  EXPECT_GT(found->pid, 0);
  EXPECT_EQ(::getsid(found->pid), found->pid);
  EXPECT_EQ(found->facts, spec.facts);
  EXPECT_TRUE(Eventually([&] { return Find(others, "replica-1")->resident_bytes > 10'000; }));
  EXPECT_GT(found->started_ms, 1'600'000'000'000);
  EXPECT_THAT(found->notes, SizeIs(0));
  EXPECT_EQ(others.Start(Sleeper("replica-1")).error().code(), ErrorCode::kAlreadyExists);
  EXPECT_EQ(others.Remove("replica-1").error().code(), ErrorCode::kConflict);
  ASSERT_TRUE(others.Signal("replica-1", SIGTERM).ok());
  EXPECT_TRUE(Eventually([&] { return !Alive("replica-1"); }));
  EXPECT_EQ(Find(others, "replica-1")->pid, 0);
  EXPECT_EQ(others.Signal("replica-1", SIGTERM).error().code(), ErrorCode::kNotFound);
  ASSERT_TRUE(others.Remove("replica-1").ok());
  EXPECT_FALSE(Find(processes_, "replica-1"));
  EXPECT_EQ(processes_.Remove("replica-1").error().code(), ErrorCode::kNotFound);
}

TEST_F(DetachedTest, OutlivesWhoStartedIt) {
  const pid_t starter = ::fork();
  if (starter == 0) {
    auto own = DetachedProcesses::Open(folder_.File("run"));
    const bool started = own.ok() && own->Start(Sleeper("a")).ok();
    ::kill(::getpid(), started ? SIGKILL : SIGTERM);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(starter, &status, 0), starter);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  const auto found = Find(processes_, "a");
  ASSERT_TRUE(found && found->alive);
  EXPECT_EQ(::kill(found->pid, 0), 0);
  EXPECT_EQ(processes_.Start(Sleeper("a")).error().code(), ErrorCode::kAlreadyExists);
  ASSERT_TRUE(processes_.Signal("a", SIGKILL).ok());
  EXPECT_TRUE(Eventually([&] { return !Alive("a"); }));
}

// Killed at any instruction: what then lives is what is found, and what is found lives.
TEST_F(DetachedTest, StarterIsKilledAtAnyTime) {
  for (int round = 0; round < 60; ++round) {
    const std::string id = "r" + std::to_string(round);
    const std::string mark = folder_.File(id);
    const pid_t starter = ::fork();
    if (starter == 0) {
      auto own = DetachedProcesses::Open(folder_.File("run"));
      (void)own->Start(Shell(id, "echo $$ > '" + mark + "'; exec sleep 600"));
      ::_exit(0);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(round * 150));
    ::kill(starter, SIGKILL);
    ASSERT_EQ(::waitpid(starter, nullptr, 0), starter);
    const auto found = Find(processes_, id);
    if (!found || !found->alive) {
      // It never comes to be later.
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      EXPECT_FALSE(LocalFileSystem().Exists(mark)) << round;
      continue;
    }
    ASSERT_TRUE(Eventually([&] {
      const auto text = LocalFileSystem().ReadFile(mark);
      return text.ok() && text->ends_with('\n');
    }));
    EXPECT_EQ(*LocalFileSystem().ReadFile(mark), std::to_string(found->pid) + "\n");
    EXPECT_TRUE(processes_.Signal(id, SIGKILL).ok());
  }
}

TEST_F(DetachedTest, HasNothingOfOurs) {
  ::signal(SIGPIPE, SIG_IGN);
  const int leaked = ::open("/dev/null", O_RDONLY);
  // A shell blocks signals itself while it starts a program. Signals 32 and 33 are the C library's
  // own: it lets no program set them, and ignores them itself in what posix_spawn starts (make
  // does), so they may be ignored all the way down to here.
  const std::string script =
      "readlink /proc/$$/fd/0; echo err >&2; ls /proc/$$/fd; "
      "exec sed -En '/SigBlk|SigIgn/{s/[08]([0-9a-f]{7})$/-\\1/;s/[01]-/-/;p}' /proc/self/status";
  ASSERT_TRUE(processes_.Start(Shell("a", script)).ok());
  ::close(leaked);
  ASSERT_TRUE(Eventually([&] { return !Alive("a"); }));
  EXPECT_EQ(Log("a"),
            "/dev/null\nerr\n0\n1\n2\n3\n"
            "SigBlk:\t0000000-0000000\nSigIgn:\t0000000-0000000\n");
}

TEST_F(DetachedTest, EnvironmentDirectoryAndLog) {
  ::setenv("DETACHED_TEST_OURS", "ours", 1);
  DetachedSpec spec = Shell("a", "echo $DETACHED_TEST_OURS $NEW; pwd");
  spec.environment = {{"NEW", "a b"}};
  spec.directory = "/usr";
  ASSERT_TRUE(processes_.Start(spec).ok());
  ASSERT_TRUE(Eventually([&] { return !Alive("a"); }));
  EXPECT_EQ(Log("a"), "ours a b\n/usr\n");
  spec.environment = {{"NEW", "c"}, {"DETACHED_TEST_OURS", "its"}};
  ASSERT_TRUE(processes_.Start(spec).ok());
  ASSERT_TRUE(Eventually([&] { return !Alive("a"); }));
  EXPECT_EQ(Log("a"), "ours a b\n/usr\nits c\n/usr\n");
  EXPECT_EQ(*processes_.LogTail("a", 8), "/usr\n");
  EXPECT_EQ(*processes_.LogTail("a", 3), "sr\n");
  EXPECT_EQ(*processes_.LogTail("none", 3), "");
  struct stat info{};
  ASSERT_EQ(::stat(processes_.directory().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700U);
}

TEST_F(DetachedTest, LogsAreKeptShort) {
  const std::string script =
      "for part in 1 2 3 4; do echo begin $part; echo end $part; "
      "until [ -e '" +
      folder_.File("go") + "'$part ]; do sleep 0.01; done; done";
  ASSERT_TRUE(processes_.Start(Shell("a", script)).ok());
  for (int part = 1; part <= 4; ++part) {
    const std::string last = "end " + std::to_string(part) + "\n";
    ASSERT_TRUE(Eventually([&] { return Log("a").ends_with(last); }));
    ASSERT_TRUE(processes_.ShortenLog("a", 1000).ok());
    EXPECT_FALSE(LocalFileSystem().ReadFile(FileOf("a", "log"))->empty()) << "it is short yet";
    ASSERT_TRUE(processes_.ShortenLog("a", 10).ok());
    // It goes on where it has begun anew, and what was moved is still told.
    EXPECT_EQ(*LocalFileSystem().ReadFile(FileOf("a", "log")), "");
    EXPECT_TRUE(Log("a").ends_with(last));
    std::ofstream(folder_.File("go" + std::to_string(part))) << "go";
  }
  ASSERT_TRUE(Eventually([&] { return !Alive("a"); }));
  EXPECT_EQ(Log("a"), "begin 3\nend 3\nbegin 4\nend 4\n") << "two parts are kept";
  EXPECT_EQ(*processes_.LogTail("a", 20), "begin 4\nend 4\n");
  EXPECT_TRUE(processes_.ShortenLog("none").ok());
}

TEST_F(DetachedTest, LeavesNoZombies) {
  ASSERT_TRUE(processes_.Start(Shell("a", "exec sleep 0.2")).ok());
  const auto found = Find(processes_, "a");
  ASSERT_TRUE(found && found->alive);
  ASSERT_TRUE(Eventually([&] { return !Alive("a"); }));
  // By another object, too.
  DetachedProcesses others = *DetachedProcesses::Open(folder_.File("run"));
  EXPECT_TRUE(Eventually([&] { return others.List().ok() && ::kill(found->pid, 0) != 0; }));
}

TEST_F(DetachedTest, WhatCantBeStartedIsTold) {
  const Status none = processes_.Start({.id = "a", .arguments = {"/no/such/program"}});
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(none.error().ToString(), HasSubstr("/no/such/program"));
  EXPECT_THAT(processes_.Start({.id = "b", .arguments = {"no-such-program"}}).error().ToString(),
              HasSubstr("there is no program \"no-such-program\" on PATH"));
  DetachedSpec elsewhere = Sleeper("c");
  elsewhere.directory = "/no/such/folder";
  EXPECT_THAT(processes_.Start(elsewhere).error().ToString(), HasSubstr("/no/such/folder"));
  EXPECT_FALSE(AnyAlive());
  EXPECT_TRUE(processes_.Start(Sleeper("a")).ok());
  for (const char* const id : {"", ".a", "a/b", "..", "a b"})
    EXPECT_EQ(processes_.Start(Sleeper(id)).error().code(), ErrorCode::kInvalidInput) << id;
  EXPECT_EQ(processes_.Start({.id = "d", .arguments = {}}).error().code(),
            ErrorCode::kInvalidInput);
}

// The lock is free and the pid is somebody's.
TEST_F(DetachedTest, PidsOfOthersAreLeftAlone) {
  ASSERT_TRUE(processes_.Start(Shell("a", "true")).ok());
  ASSERT_TRUE(Eventually([&] { return !Alive("a"); }));
  ASSERT_TRUE(processes_.Start(Sleeper("victim")).ok());
  const pid_t victim = Find(processes_, "victim")->pid;
  std::ofstream(FileOf("a", "pid")) << victim << "\n";
  EXPECT_FALSE(Alive("a"));
  EXPECT_EQ(processes_.Signal("a", SIGKILL).error().code(), ErrorCode::kNotFound);
  // Even while somebody holds the lock: a start that has not come to its process, say.
  const int lock = ::open(FileOf("a", "lock").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(lock, LOCK_EX), 0);
  EXPECT_EQ(processes_.Signal("a", SIGKILL).error().code(), ErrorCode::kConflict);
  const auto held = Find(processes_, "a");
  EXPECT_TRUE(held->alive);
  EXPECT_EQ(held->pid, 0);
  EXPECT_THAT(held->notes, SizeIs(1));
  ::close(lock);
  EXPECT_TRUE(Alive("victim"));
}

TEST_F(DetachedTest, TellsItsEnd) {
  EXPECT_EQ(processes_.ExitWatch("a"), -1);
  ASSERT_TRUE(processes_.Start(Sleeper("a")).ok());
  pollfd watch{processes_.ExitWatch("a"), POLLIN, 0};
  ASSERT_GE(watch.fd, 0);
  EXPECT_EQ(::poll(&watch, 1, 0), 0);
  ASSERT_TRUE(processes_.Signal("a", SIGKILL).ok());
  EXPECT_EQ(::poll(&watch, 1, 20'000), 1);
  EXPECT_FALSE(Alive("a"));
  ::close(watch.fd);
}

TEST_F(DetachedTest, CountsItsTime) {
  ASSERT_TRUE(processes_.Start(Shell("(busy", "")).error().code() == ErrorCode::kInvalidInput);
  ASSERT_TRUE(processes_.Start(Shell("busy", "while :; do :; done")).ok());
  EXPECT_TRUE(Eventually([&] { return Find(processes_, "busy")->cpu_seconds > 0.05; }));
}

// Of many at once exactly one is started, and those who look do not stand in its way.
TEST_F(DetachedTest, StartsOnce) {
  constexpr int kStarters = 6;
  const int failures = testing::FailuresInProcesses(kStarters, [&](int number) -> Status {
    SLIPWAY_ASSIGN_OR_RETURN(DetachedProcesses own, DetachedProcesses::Open(folder_.File("run")));
    if (number == 0) {
      for (int look = 0; look < 200; ++look) SLIPWAY_RETURN_IF_ERROR(own.List());
      return {};
    }
    return own.Start(Sleeper("a"));
  });
  EXPECT_EQ(failures, kStarters - 2);
  EXPECT_TRUE(Alive("a"));
}

TEST_F(DetachedTest, LimitsThatCantBeKeptAreTold) {
  DetachedSpec spec = Sleeper("a");
  spec.memory_bytes = int64_t{1} << 30U;
  spec.cpu_cores = 0.5;
  ASSERT_TRUE(processes_.Start(spec).ok());
  const auto found = Find(processes_, "a");
  ASSERT_TRUE(found && found->alive);
  const auto group = ReadJsonFile(LocalFileSystem(), FileOf("a", "spec.json"));
  const std::string made = GetString(*group, "control_group");
  if (made.empty()) {
    ASSERT_THAT(found->notes, SizeIs(1));
    EXPECT_THAT(found->notes[0], HasSubstr("it runs without its limits: "));
  } else {
    EXPECT_TRUE(InControlGroup(found->pid, made) || found->notes.size() == 1);
  }
}

TEST(ControlGroup, Places) {
  const std::string mounts =
      "tmpfs /run tmpfs rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n";
  EXPECT_THAT(ControlGroupPlaces("0::/user.slice/a.scope\n", mounts),
              ElementsAre("/sys/fs/cgroup/user.slice", "/sys/fs/cgroup/user.slice/a.scope"));
  EXPECT_THAT(ControlGroupPlaces("4:memory:/x\n0::/\n", mounts), ElementsAre("/sys/fs/cgroup"));
  EXPECT_THAT(ControlGroupPlaces("4:memory:/x\n", mounts), SizeIs(0));
  EXPECT_THAT(ControlGroupPlaces("0::/a\n", "tmpfs /run tmpfs rw 0 0\n"), SizeIs(0));
}

}  // namespace
}  // namespace slipway

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <stop_token>
#include <string>

#include "core/testing.h"
#include "serve/append_file_internal.h"

namespace slipway::serve {
namespace {

// The pipe takes a page of the line; the rest is lost, and the next line is whole all the same.
TEST(AppendFileTest, ALineThatWasCutOffSpoilsNoOther) {
  const testing::TemporaryDirectory folder;
  const std::string pipe = folder.File("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  const int capacity = ::fcntl(reader, F_SETPIPE_SZ, 4096);
  ASSERT_GE(capacity, 4096);
  auto opened = AppendFile::Open(pipe);
  ASSERT_TRUE(opened.ok());
  std::stop_source stop;
  stop.request_stop();
  const std::string lengthy(static_cast<size_t>(capacity) + 10, 'x');
  const AppendFile::Outcome cut = opened->Write(lengthy + "\n", stop.get_token());
  EXPECT_EQ(cut.written, static_cast<size_t>(capacity));
  EXPECT_NE(cut.error_number, 0);
  std::string read(2 * lengthy.size(), ' ');
  ASSERT_EQ(::read(reader, read.data(), read.size()), capacity);
  const AppendFile::Outcome next = opened->Write("next\nlast\n", stop.get_token());
  EXPECT_EQ(next.written, 10U);
  EXPECT_EQ(next.error_number, 0);
  const ssize_t count = ::read(reader, read.data(), read.size());
  EXPECT_EQ(read.substr(0, static_cast<size_t>(std::max<ssize_t>(count, 0))), "\nnext\nlast\n");
  ::close(reader);
}

}  // namespace
}  // namespace slipway::serve

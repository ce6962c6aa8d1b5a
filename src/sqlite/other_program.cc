#include "sqlite/other_program.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdio>
#include <cstdlib>

namespace slipway::sqlite {
namespace {

constexpr const char* kUsualLayer = "unix";
constexpr const char* kLayerWithoutSharedMemory = "unix-dotfile";

int AddLine(void* lines, int /*columns*/, char** values, char** /*names*/) {
  auto& text = *static_cast<std::string*>(lines);
  if (!text.empty()) text += '\n';
  if (*values != nullptr) text += *values;
  return 0;
}

}  // namespace

void OtherProgram::Close::operator()(sqlite3* connection) const { sqlite3_close(connection); }

OtherProgram::OtherProgram(const std::string& path) {
  sqlite3* connection = nullptr;
  const int code = sqlite3_open(path.c_str(), &connection);
  connection_.reset(connection);
  if (code == SQLITE_OK) return;
  std::fprintf(stderr, "%s: %s\n", path.c_str(), sqlite3_errstr(code));
  std::abort();
}

bool OtherProgram::Run(const std::string& sql) {
  const int code = sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  EXPECT_EQ(code, SQLITE_OK) << sql << ": " << sqlite3_errmsg(connection_.get());
  return code == SQLITE_OK;
}

std::string OtherProgram::Query(const std::string& sql) {
  std::string lines;
  const int code = sqlite3_exec(connection_.get(), sql.c_str(), AddLine, &lines, nullptr);
  EXPECT_EQ(code, SQLITE_OK) << sql << ": " << sqlite3_errmsg(connection_.get());
  return lines;
}

WithoutSharedMemory::WithoutSharedMemory() {
  sqlite3_vfs_register(sqlite3_vfs_find(kLayerWithoutSharedMemory), 1);
}

WithoutSharedMemory::~WithoutSharedMemory() {
  sqlite3_vfs_register(sqlite3_vfs_find(kUsualLayer), 1);
}

}  // namespace slipway::sqlite

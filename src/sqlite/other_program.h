// A database as another program has it open: for tests, which damage and lock what a store of ours
// uses, and check its files.
#pragma once

#include <memory>
#include <string>

struct sqlite3;

namespace slipway::sqlite {

class OtherProgram {
 public:
  // Makes the file if it is not there. Stops the test program where it can't.
  explicit OtherProgram(const std::string& path);
  // False, and a failure of the test, where SQLite refuses.
  bool Run(const std::string& sql);
  // The first column of all rows, a line each; a failure of the test as above.
  std::string Query(const std::string& sql);

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  std::unique_ptr<sqlite3, Close> connection_;
};

// While it lives, databases are opened without shared memory, as on some network file systems.
class WithoutSharedMemory {
 public:
  WithoutSharedMemory();
  ~WithoutSharedMemory();
  WithoutSharedMemory(const WithoutSharedMemory&) = delete;
  WithoutSharedMemory& operator=(const WithoutSharedMemory&) = delete;
};

}  // namespace slipway::sqlite

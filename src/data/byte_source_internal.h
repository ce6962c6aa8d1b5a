// The bytes that a table is read from: a local file, what a compressed one holds, an object in S3,
// the answer of a database.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/result.h"

namespace slipway::data {

// Reading is safe from several threads.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  // As the user names it, without secrets.
  const std::string& path() const { return path_; }
  // How many bytes there are to read; nothing where only reading to the end tells. Such a source
  // is read forwards: going back begins anew.
  virtual std::optional<int64_t> size() const = 0;
  bool IsSeekable() const { return size().has_value(); }
  // Bytes as they are stored, which progress goes by; 0 where nobody knows.
  virtual int64_t stored_size() const = 0;
  // How many of these were read by whoever has read on to `offset`.
  virtual int64_t StoredUntil(int64_t offset) const = 0;

  // Fills `out` with `count` bytes from `offset` on; fewer only at the end. Returns how many.
  virtual Result<size_t> ReadAt(int64_t offset, char* out, size_t count) const = 0;
  // kConflict if this is no longer what was opened.
  virtual Status CheckUnchanged() const = 0;
  // "sha256:…" of all bytes once they were read to the end, of a source that no file holds; else
  // "".
  virtual std::string digest() const { return ""; }
  // What a mistake in what was read may come from: kInvalidInput where the bytes are damaged.
  virtual Status CheckWhole() const { return {}; }
  // Gives back what is of use only while it is read; nobody may read meanwhile.
  virtual void Rest() const {}

  // The number, from 1, of the line that the byte at `offset` stands in. Reads all that is before
  // it.
  Result<int64_t> LineAt(int64_t offset) const;
  // An error about this source.
  Error Invalid(std::string message, int64_t line = 0, int64_t row = 0) const;

 protected:
  explicit ByteSource(std::string path) : path_(std::move(path)) {}

 private:
  const std::string path_;
};

// A regular file, read with plain reads: a mapped file that is truncated meanwhile would kill the
// process. kNotFound (naming a near name), kPermission, kInvalidInput for a directory, a device or
// an empty file.
Result<std::unique_ptr<ByteSource>> OpenLocalFile(const std::string& path);

// `stored` itself, or what it holds where it is gzip or zstd data by its first bytes, whatever its
// name: streams, one after another, uncompressed in bounded memory. Reading fails with
// kInvalidInput where they are damaged or end too early.
Result<std::unique_ptr<ByteSource>> Uncompress(std::unique_ptr<ByteSource> stored);

// A name without the ending of a compressed file: "a.csv" of "a.csv.gz".
std::string WithoutCompression(const std::string& path);

}  // namespace slipway::data

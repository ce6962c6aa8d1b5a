#include "core/hash.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <vector>

#include "core/interrupt.h"

namespace slipway {
namespace {

constexpr std::string_view kPrefix = "sha256:";
constexpr size_t kHexDigits = 64;

// A pipe or a device may have no end.
Status CheckRegular(const std::string& path, int fd) {
  struct stat info{};
  if (::fstat(fd, &info) != 0) return SystemError("read", path, errno);
  if (S_ISREG(info.st_mode)) return {};
  Location location;
  location.file = path;
  return Error(ErrorCode::kInvalidInput, S_ISDIR(info.st_mode)
                                             ? "is a directory, not a regular file"
                                             : "is a pipe or a device, not a regular file")
      .At(std::move(location));
}

Status HashAll(const std::string& path, int fd, Sha256* hash) {
  std::vector<char> buffer(1 << 20);
  while (true) {
    SLIPWAY_RETURN_IF_ERROR(CheckInterrupted());
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count == 0) return {};
    if (count > 0) {
      hash->Update(std::string_view(buffer.data(), static_cast<size_t>(count)));
    } else if (errno != EINTR) {
      return SystemError("read", path, errno);
    }
  }
}

// OpenSSL fails where memory ran out or its configuration forbids SHA-256. A digest that is wrong
// would be worse than no program.
void Require(bool done) {
  if (!done) std::abort();
}

std::string InHex(const unsigned char* bytes, unsigned int size) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(2UL * size);
  for (unsigned int i = 0; i < size; ++i) {
    hex += kDigits[bytes[i] >> 4U];
    hex += kDigits[bytes[i] & 15U];
  }
  return hex;
}

}  // namespace

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  Require(state_->context != nullptr &&
          EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() = default;

void Sha256::Update(std::string_view bytes) {
  Require(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}

void Sha256::UpdateField(std::string_view field) {
  std::array<char, 8> length{};
  for (size_t i = 0; i < length.size(); ++i) {
    length[i] = static_cast<char>((field.size() >> (8 * i)) & 0xff);
  }
  Update(std::string_view(length.data(), length.size()));
  Update(field);
}

std::string Sha256::FinishHex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int size = 0;
  Require(EVP_DigestFinal_ex(state_->context, bytes.data(), &size) == 1);
  return InHex(bytes.data(), size);
}

std::string HmacSha256Hex(std::string_view key, std::string_view message) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int size = 0;
  // Of an empty key OpenSSL asks for a pointer all the same.
  const char* key_bytes = key.empty() ? "" : key.data();
  Require(HMAC(EVP_sha256(), key_bytes, static_cast<int>(key.size()),
               reinterpret_cast<const unsigned char*>(message.data()), message.size(), bytes.data(),
               &size) != nullptr);
  return InHex(bytes.data(), size);
}

std::string DigestOf(std::string_view bytes) {
  Sha256 hash;
  hash.Update(bytes);
  return std::string(kPrefix) + hash.FinishHex();
}

Result<std::string> DigestOfFile(const std::string& path) {
  // Without O_NONBLOCK, opening a pipe that nobody writes to would hang.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return SystemError("open", path, errno);
  Sha256 hash;
  Status status = CheckRegular(path, fd);
  if (status.ok()) status = HashAll(path, fd, &hash);
  ::close(fd);
  if (!status.ok()) return std::move(status).error();
  return std::string(kPrefix) + hash.FinishHex();
}

bool IsDigest(std::string_view text) {
  if (!text.starts_with(kPrefix) || text.size() != kPrefix.size() + kHexDigits) return false;
  return std::ranges::all_of(
      HexOf(text), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string_view HexOf(std::string_view digest) { return digest.substr(kPrefix.size()); }

}  // namespace slipway

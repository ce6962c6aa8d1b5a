#include "core/secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <cstdlib>
#include <memory>

namespace slipway {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeDigest {
  void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }
};

// Looked up once: by name, OpenSSL 3 takes longer to find it than to compute it.
const EVP_MD* Sha256Algorithm() {
  static const std::unique_ptr<EVP_MD, FreeDigest> algorithm(
      EVP_MD_fetch(nullptr, "SHA256", nullptr));
  if (algorithm == nullptr) std::abort();
  return algorithm.get();
}

}  // namespace

SecretDigest::SecretDigest(std::string_view secret) {
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  const bool done = context != nullptr &&
                    EVP_DigestInit_ex2(context.get(), Sha256Algorithm(), nullptr) == 1 &&
                    EVP_DigestUpdate(context.get(), secret.data(), secret.size()) == 1 &&
                    EVP_DigestFinal_ex(context.get(), bytes_.data(), nullptr) == 1;
  if (!done) std::abort();
}

bool SecretDigest::Equals(const SecretDigest& other) const {
  return CRYPTO_memcmp(bytes_.data(), other.bytes_.data(), bytes_.size()) == 0;
}

}  // namespace slipway

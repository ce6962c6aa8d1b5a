// Who may ask the server: bearer tokens, and the names that it may be called by.
//
// Tokens are those of http/bearer.h. Names are compared with Host, so that a page that was brought
// to call this address by a name of its own (DNS rebinding) is refused.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/secret.h"
#include "http/types.h"
#include "serve/types.h"

namespace slipway::serve {

class AllowedHosts;

// What a page is for.
enum class Scope {
  kOpen,     // Whether it lives and is ready, and the page at /, which holds nothing: for anybody.
  kPredict,  // Predictions, metrics, descriptions: a token, where there are any.
  kAdmin,    // /admin/…: an admin token; nobody, where there are none.
};
// `path` as a request has it. Compares bytes, as the routes do.
Scope ScopeOf(std::string_view path);

inline constexpr const char* kTokensVariable = "SLIPWAY_SERVE_TOKENS";
inline constexpr const char* kAdminTokensVariable = "SLIPWAY_SERVE_ADMIN_TOKENS";

struct AccessOptions {
  // A token a line; blank lines and those that begin with # are left out. "" for no file.
  std::string tokens_path = {}, admin_tokens_path = {};
  // What the variables of the environment hold, with commas between; nothing where they are not
  // set.
  std::optional<std::string> tokens = {}, admin_tokens = {};
  std::vector<std::string> hosts = {};  // As AllowedHosts takes them; none for any.

  // Takes `tokens` and `admin_tokens` from the environment.
  void ReadEnvironment();
};

// One reading of the tokens. Never changes; const calls from all threads.
class Access {
 public:
  // Anybody may ask by any name; admin pages are closed.
  Access();
  // kInvalidInput, with file and line, for a token that is short or has bytes that a header can't
  // carry, for a file or variable without any (which must not open the server), and for a name that
  // is none; what reading a file fails with.
  static Result<Access> Make(const AccessOptions& options);

  // Nothing where the request may be answered. 403 where it calls the server by another name, and
  // for a token that does not open admin pages; 401 without a token that is known, which Service
  // answers with http::kBearerChallenge.
  std::optional<Rejection> Check(const http::Request& request, Scope scope) const;

  // What the operator should know, such as a file that others may read.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  using Tokens = std::vector<SecretDigest>;

  static bool Holds(const Tokens& tokens, const SecretDigest& digest);
  std::optional<Rejection> CheckToken(const http::Request& request, Scope scope) const;

  Tokens tokens_, admin_tokens_;
  std::shared_ptr<const AllowedHosts> hosts_;
  std::vector<std::string> warnings_;
};

// The reading that counts, replaced while requests are checked. As ModelHost: who keeps one looks
// whether it is still of the newest generation.
class AccessHost {
 public:
  explicit AccessHost(AccessOptions options) : options_(std::move(options)) {}

  // Reads the files anew; where that fails the old reading goes on.
  Status Load();

  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
  // Before the first Load that of a default Access.
  std::shared_ptr<const Access> current() const;

 private:
  const AccessOptions options_;
  mutable std::mutex mutex_;  // Guards current_.
  std::shared_ptr<const Access> current_ = std::make_shared<const Access>();
  std::atomic<uint64_t> generation_{1};
};

}  // namespace slipway::serve

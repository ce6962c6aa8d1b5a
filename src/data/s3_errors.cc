#include <arrow/filesystem/path_util.h>
#include <arrow/util/io_util.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "core/text.h"
#include "data/s3_errors_internal.h"

namespace slipway::data {
namespace {

constexpr const char* kCredentialsHint =
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE";

struct ServiceAnswer {
  std::string code;  // "NO_SUCH_BUCKET", "" where the text has none.
  int http = 0;      // 0 where it is not told.
  std::string words;
};

ServiceAnswer Parse(const std::string& text) {
  constexpr std::string_view kBegin = "AWS Error ";
  constexpr std::string_view kHttp = " (HTTP status ";
  constexpr std::string_view kWords = " operation: ";
  ServiceAnswer answer;
  const size_t begin = text.find(kBegin);
  if (begin == std::string::npos) return answer;
  const std::string_view rest = std::string_view(text).substr(begin + kBegin.size());
  answer.code = rest.substr(0, rest.find(' '));
  if (rest.substr(answer.code.size()).starts_with(kHttp)) {
    const std::string code(rest.substr(answer.code.size() + kHttp.size(), 3));
    answer.http = static_cast<int>(std::strtol(code.c_str(), nullptr, 10));
  }
  const size_t words = rest.find(kWords);
  if (words == std::string_view::npos) return answer;
  answer.words = rest.substr(words + kWords.size());
  answer.words = answer.words.substr(0, answer.words.find(" (Request ID"));
  answer.words = Trim(answer.words);
  if (answer.words == "No response body.") answer.words.clear();
  return answer;
}

bool IsOneOf(std::string_view code, std::initializer_list<std::string_view> codes) {
  return std::ranges::find(codes, code) != codes.end();
}

// "Could not connect to server" of "curlCode: 7, Could not connect to server; Details: …".
std::string NetworkWords(std::string_view words) {
  const size_t comma = words.find(", ");
  if (!words.starts_with("curlCode") || comma == std::string_view::npos) return std::string(words);
  words.remove_prefix(comma + 2);
  return std::string(words.substr(0, words.find(';')));
}

}  // namespace

S3Problem Classify(const arrow::Status& status) {
  if (arrow::internal::ErrnoFromStatus(status) == ENOENT) return S3Problem::kNoKey;
  const ServiceAnswer answer = Parse(status.message());
  const std::string_view code = answer.code;
  if (IsOneOf(code, {"NO_SUCH_KEY", "RESOURCE_NOT_FOUND"})) return S3Problem::kNoKey;
  if (code == "NO_SUCH_BUCKET") return S3Problem::kNoBucket;
  if (IsOneOf(code, {"INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH", "INVALID_CLIENT_TOKEN_ID",
                     "INVALID_SIGNATURE", "UNRECOGNIZED_CLIENT", "EXPIRED_TOKEN", "REQUEST_EXPIRED",
                     "REQUEST_TIME_TOO_SKEWED"})) {
    return S3Problem::kCredentials;
  }
  if (IsOneOf(code, {"ACCESS_DENIED", "MISSING_AUTHENTICATION_TOKEN", "OPT_IN_REQUIRED"}) ||
      answer.http == 401 || answer.http == 403) {
    return S3Problem::kDenied;
  }
  if (IsOneOf(code, {"NETWORK_CONNECTION", "SERVICE_UNAVAILABLE", "SLOW_DOWN", "THROTTLING",
                     "REQUEST_TIMEOUT", "INTERNAL_FAILURE"}) ||
      answer.http >= 500) {
    return S3Problem::kUnreachable;
  }
  return S3Problem::kOther;
}

std::string ServiceWords(const arrow::Status& status) { return Parse(status.message()).words; }

Error S3Error(const arrow::Status& status, const S3Location& location, const std::string& key,
              const std::string& action, bool signed_in) {
  Location at;
  at.file = location.UriOf(key);
  const std::string service = location.Service();
  const ServiceAnswer answer = Parse(status.message());
  const S3Problem problem = Classify(status);
  // Some servers answer who does not sign with 500.
  const bool failed = answer.http == 500 || answer.code == "INTERNAL_FAILURE";
  if (!signed_in &&
      (problem == S3Problem::kDenied || problem == S3Problem::kCredentials || failed)) {
    return Error(
               ErrorCode::kPermission,
               fmt::format("{} did not let us {}, and no credentials were found", service, action))
        .At(std::move(at))
        .Try(kCredentialsHint);
  }
  switch (problem) {
    case S3Problem::kNoKey:
      return Error(ErrorCode::kNotFound, fmt::format("no such object at {}", service))
          .At(std::move(at));
    case S3Problem::kNoBucket:
      at.file = fmt::format("s3://{}", location.bucket);
      return Error(ErrorCode::kNotFound, fmt::format("no such bucket at {}", service))
          .At(std::move(at));
    case S3Problem::kCredentials:
      return Error(ErrorCode::kPermission, fmt::format("{} does not accept the credentials: {}",
                                                       service, Printable(answer.words)))
          .At(std::move(at))
          .Try(fmt::format("others in {}", kCredentialsHint));
    case S3Problem::kDenied:
      return Error(ErrorCode::kPermission, fmt::format("{} denies us to {}", service, action))
          .At(std::move(at))
          .Try(fmt::format("credentials that may {}, in {}", action, kCredentialsHint));
    case S3Problem::kUnreachable: {
      std::string why = NetworkWords(answer.words);
      if (why.empty() && answer.http > 0) why = fmt::format("it answers {}", answer.http);
      if (why.empty()) why = "it says that it failed";
      return Error(ErrorCode::kUnavailable,
                   fmt::format("can't {}: {} gives no answer: {}", action, service, Printable(why)))
          .At(std::move(at))
          .Try(location.endpoint.empty()
                   ? "whether there is a network, or AWS_ENDPOINT_URL for another server"
                   : "starting the server, or its right address in AWS_ENDPOINT_URL or "
                     "endpoint_override");
    }
    case S3Problem::kOther: break;
  }
  const std::string words = answer.words.empty() ? status.message() : answer.words;
  return Error(ErrorCode::kIo, fmt::format("can't {} at {}: {}", action, service, Printable(words)))
      .At(std::move(at));
}

}  // namespace slipway::data

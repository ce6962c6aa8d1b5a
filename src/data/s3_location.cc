#include <fmt/format.h>

#include <cstdlib>
#include <sstream>
#include <utility>
#include <vector>

#include "core/file_system.h"
#include "core/text.h"
#include "data/object_store.h"
#include "data/s3_location_internal.h"

namespace slipway::data {
namespace {

constexpr std::string_view kScheme = "s3://";
constexpr const char* kForm =
    "s3://BUCKET/PREFIX, with ?endpoint_override=HOST:PORT&scheme=http&region=NAME where needed";

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : std::string(Trim(value));
}

std::string FirstVariable(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (std::string value = Variable(name); !value.empty()) return value;
  }
  return "";
}

Error BadUri(std::string message) {
  return Error(ErrorCode::kInvalidInput, std::move(message)).Expected(kForm);
}

// "http://host:9000" or "host:9000". `what` names where it was written.
Status SetEndpoint(std::string_view text, const std::string& what, S3Location* location) {
  const size_t colon = text.find("://");
  if (colon != std::string_view::npos) {
    location->scheme = text.substr(0, colon);
    text.remove_prefix(colon + 3);
  }
  while (text.ends_with('/')) text.remove_suffix(1);
  if (location->scheme != "http" && location->scheme != "https") {
    return BadUri(fmt::format("{}: an endpoint is reached by http or https", what));
  }
  if (text.empty() || text.find_first_of("/@?# \t") != std::string_view::npos) {
    return BadUri(fmt::format("{}: this is no endpoint", what)).Expected("HOST:PORT");
  }
  location->endpoint = text;
  return {};
}

Status SetOption(std::string_view option, std::string* endpoint, S3Location* location,
                 std::string* scheme) {
  const size_t equals = option.find('=');
  const std::string name(option.substr(0, equals));
  const std::string value(equals == std::string_view::npos ? "" : option.substr(equals + 1));
  const std::vector<std::string> known = {"endpoint_override", "region", "scheme"};
  if (name == "endpoint_override") {
    *endpoint = value;
  } else if (name == "region") {
    location->region = value;
  } else if (name == "scheme") {
    *scheme = value;
  } else {
    // Keys may be given this way elsewhere: the value is not repeated, nor a name that may be one.
    Error error(ErrorCode::kInvalidInput, "an unknown option in the s3:// URI");
    const std::string nearest = NearestName(name, known);
    if (!nearest.empty()) error = std::move(error).Try(nearest);
    return std::move(error).Expected(JoinOr(known) +
                                     "; credentials come from the AWS variables or profile");
  }
  return {};
}

Status SetFromOutside(S3Location* location) {
  for (const char* name : {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}) {
    if (!location->endpoint.empty()) break;
    const std::string url = Variable(name);
    if (!url.empty()) SLIPWAY_RETURN_IF_ERROR(SetEndpoint(url, name, location));
  }
  if (location->endpoint.empty()) {
    const std::string url = FromAwsProfile("endpoint_url");
    if (!url.empty()) {
      SLIPWAY_RETURN_IF_ERROR(SetEndpoint(url, "endpoint_url of the AWS profile", location));
    }
  }
  if (location->region.empty())
    location->region = FirstVariable({"AWS_REGION", "AWS_DEFAULT_REGION"});
  if (location->region.empty()) location->region = FromAwsProfile("region");
  return {};
}

// What is wrong with a bucket's name, or "".
std::string BucketProblem(std::string_view bucket) {
  if (bucket.empty()) return "no bucket is named";
  const std::string_view allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
  if (bucket.find_first_not_of(allowed) == std::string_view::npos) return "";
  if (bucket.find('@') != std::string_view::npos) {
    return "credentials don't belong in a URI; they come from the AWS variables or profile";
  }
  if (bucket.find(':') != std::string_view::npos) {
    return "a bucket's name has no colon; a host and port go into endpoint_override";
  }
  return "a bucket's name holds letters, digits, '.', '-' and '_' only";
}

// Of one of the two AWS files: in config a profile's section is "profile NAME", but "default".
std::string FromSection(const std::string& path, const std::string& section, std::string_view key) {
  const Result<std::string> text = LocalFileSystem().ReadFile(path);
  if (!text.ok()) return "";
  std::istringstream lines(*text);
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    const std::string_view trimmed = Trim(line);
    if (trimmed.empty() || trimmed.front() == '#' || trimmed.front() == ';') continue;
    if (trimmed.front() == '[') {
      inside = Trim(trimmed.substr(1, trimmed.find(']') - 1)) == section;
      continue;
    }
    const size_t equals = trimmed.find('=');
    // A nested section's keys are indented.
    if (!inside || equals == std::string_view::npos || line.front() == ' ') continue;
    if (Trim(trimmed.substr(0, equals)) == key)
      return std::string(Trim(trimmed.substr(equals + 1)));
  }
  return "";
}

}  // namespace

std::string S3Location::Uri() const {
  return prefix.empty() ? fmt::format("s3://{}", bucket)
                        : fmt::format("s3://{}/{}", bucket, prefix);
}

std::string S3Location::KeyInBucket(const std::string& key) const {
  if (prefix.empty()) return key;
  return key.empty() ? prefix : fmt::format("{}/{}", prefix, key);
}

std::string S3Location::Service() const {
  return endpoint.empty() ? "Amazon S3" : fmt::format("{}://{}", scheme, endpoint);
}

std::string S3Location::Describe() const { return fmt::format("{} at {}", Uri(), Service()); }

std::string S3Location::UriOf(const std::string& key) const {
  const std::string in_bucket = KeyInBucket(key);
  return in_bucket.empty() ? fmt::format("s3://{}", bucket)
                           : fmt::format("s3://{}/{}", bucket, in_bucket);
}

std::string FromAwsProfile(std::string_view key) {
  std::string profile = FirstVariable({"AWS_PROFILE", "AWS_DEFAULT_PROFILE"});
  if (profile.empty()) profile = "default";
  const std::string home = Variable("HOME") + "/.aws/";
  std::string config = Variable("AWS_CONFIG_FILE");
  if (config.empty()) config = home + "config";
  std::string credentials = Variable("AWS_SHARED_CREDENTIALS_FILE");
  if (credentials.empty()) credentials = home + "credentials";
  std::string value =
      FromSection(config, profile == "default" ? profile : "profile " + profile, key);
  return value.empty() ? FromSection(credentials, profile, key) : value;
}

Result<S3Location> ResolveS3Location(std::string_view uri) {
  if (!uri.starts_with(kScheme)) return BadUri("this is no s3:// URI");
  std::string_view rest = uri.substr(kScheme.size());
  const size_t question = rest.find('?');
  std::string_view options = question == std::string_view::npos ? "" : rest.substr(question + 1);
  std::string_view place = rest.substr(0, question);
  S3Location location;
  const size_t slash = place.find('/');
  location.bucket = place.substr(0, slash);
  if (const std::string problem = BucketProblem(location.bucket); !problem.empty()) {
    return BadUri("s3://: " + problem);
  }
  std::string_view prefix = slash == std::string_view::npos ? "" : place.substr(slash + 1);
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  location.prefix = prefix;
  if (!prefix.empty()) SLIPWAY_RETURN_IF_ERROR(CheckObjectKey(prefix));

  std::string endpoint;
  std::string scheme;
  while (!options.empty()) {
    const size_t end = options.find('&');
    SLIPWAY_RETURN_IF_ERROR(SetOption(options.substr(0, end), &endpoint, &location, &scheme));
    options = end == std::string_view::npos ? "" : options.substr(end + 1);
  }
  if (!scheme.empty()) location.scheme = scheme;
  if (!endpoint.empty()) {
    SLIPWAY_RETURN_IF_ERROR(SetEndpoint(endpoint, "endpoint_override", &location));
  } else if (!scheme.empty() && scheme != "http" && scheme != "https") {
    return BadUri("scheme: an endpoint is reached by http or https");
  }
  SLIPWAY_RETURN_IF_ERROR(SetFromOutside(&location));
  return location;
}

}  // namespace slipway::data

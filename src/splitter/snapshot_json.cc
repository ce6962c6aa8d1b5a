// Counts in JSON.
#include <fmt/format.h>

#include <array>
#include <utility>

#include "core/counting.h"
#include "splitter/types.h"

namespace slipway::splitter {
namespace {

constexpr double kNanosecondsAMillisecond = 1e6;
constexpr std::array<const char*, kStatusClasses> kClassNames = {"2xx", "3xx", "4xx", "5xx"};

Json LatencyToJson(const VersionSnapshot& version) {
  Json buckets = Json::array();
  for (size_t i = 0; i < version.latencies.size(); ++i) {
    if (version.latencies[i] != 0)
      buckets.push_back({LatencyBuckets::LowOf(i), version.latencies[i]});
  }
  return {{"sum_ns", version.nanoseconds},
          {"sum_ms", static_cast<double>(version.nanoseconds) / kNanosecondsAMillisecond},
          {"p50_ms", version.Percentile(0.5)},
          {"p95_ms", version.Percentile(0.95)},
          {"p99_ms", version.Percentile(0.99)},
          {"buckets", std::move(buckets)}};
}

Json MirrorToJson(const MirrorSnapshot& mirror) {
  return {{"sent", mirror.sent},
          {"equal", mirror.equal},
          {"status_differs", mirror.status_differs},
          {"prediction_differs", mirror.prediction_differs},
          {"failed", mirror.failed},
          {"skipped", mirror.skipped}};
}

Json FeedbackToJson(const FeedbackSnapshot& feedback) {
  return {{"sent", feedback.sent}, {"failed", feedback.failed}, {"dropped", feedback.dropped}};
}

Json ReplicaToJson(const ReplicaSnapshot& replica) {
  return {{"host", replica.host},
          {"port", replica.port},
          {"routed", replica.routed},
          {"left_out", replica.left_out},
          {"in_flight", replica.in_flight}};
}

Json VersionToJson(const VersionSnapshot& version) {
  Json replicas = Json::array();
  for (const ReplicaSnapshot& replica : version.replicas)
    replicas.push_back(ReplicaToJson(replica));
  Json answers;
  for (size_t i = 0; i < kStatusClasses; ++i) answers[kClassNames[i]] = version.answers[i];
  return {{"id", version.id},
          {"weight", version.weight},
          {"routed", version.routed},
          {"drained", version.drained},
          {"in_flight", version.in_flight},
          {"requests", version.requests},
          {"answers", std::move(answers)},
          {"errors", version.errors()},
          {"error_run_squares", version.error_run_squares},
          {"others", {{"requests", version.others.requests}, {"errors", version.others.errors}}},
          {"unanswered", version.unanswered},
          {"failed", version.failed},
          {"retried", version.retried},
          {"abandoned", version.abandoned},
          {"latency", LatencyToJson(version)},
          {"mirror", MirrorToJson(version.mirror)},
          {"feedback", FeedbackToJson(version.feedback)},
          {"replicas", std::move(replicas)}};
}

// The member if it is of that kind; else one without members, which reads as nothing.
const Json& MemberOf(const Json& json, const char* name, Json::value_t kind) {
  static const Json object = Json::object();
  static const Json array = Json::array();
  const auto found = json.find(name);
  if (found != json.end() && found->type() == kind) return *found;
  return kind == Json::value_t::array ? array : object;
}

bool ReadBuckets(const Json& buckets, std::vector<int64_t>* latencies) {
  latencies->assign(LatencyBuckets::kCount, 0);
  for (const Json& bucket : buckets) {
    const bool valid = bucket.is_array() && bucket.size() == 2 && bucket[0].is_number_integer() &&
                       bucket[1].is_number_integer();
    if (!valid) return false;
    (*latencies)[LatencyBuckets::IndexOf(bucket[0].get<int64_t>())] += bucket[1].get<int64_t>();
  }
  return true;
}

MirrorSnapshot ReadMirror(const Json& json) {
  MirrorSnapshot mirror;
  mirror.sent = GetInteger(json, "sent");
  mirror.equal = GetInteger(json, "equal");
  mirror.status_differs = GetInteger(json, "status_differs");
  mirror.prediction_differs = GetInteger(json, "prediction_differs");
  mirror.failed = GetInteger(json, "failed");
  mirror.skipped = GetInteger(json, "skipped");
  return mirror;
}

FeedbackSnapshot ReadFeedback(const Json& json) {
  FeedbackSnapshot feedback;
  feedback.sent = GetInteger(json, "sent");
  feedback.failed = GetInteger(json, "failed");
  feedback.dropped = GetInteger(json, "dropped");
  return feedback;
}

ReplicaSnapshot ReadReplica(const Json& json) {
  ReplicaSnapshot replica;
  replica.host = GetString(json, "host");
  replica.port = static_cast<int>(GetInteger(json, "port"));
  replica.routed = GetBool(json, "routed", true);
  replica.left_out = GetBool(json, "left_out");
  replica.in_flight = GetInteger(json, "in_flight");
  return replica;
}

bool ReadVersion(const Json& json, VersionSnapshot* version) {
  version->id = json.is_object() ? GetString(json, "id") : "";
  if (version->id.empty()) return false;
  version->weight = GetNumber(json, "weight");
  version->routed = GetBool(json, "routed", true);
  version->drained = GetBool(json, "drained");
  version->in_flight = GetInteger(json, "in_flight");
  version->requests = GetInteger(json, "requests");
  version->error_run_squares = GetInteger(json, "error_run_squares");
  const Json& others = MemberOf(json, "others", Json::value_t::object);
  version->others = {GetInteger(others, "requests"), GetInteger(others, "errors")};
  version->unanswered = GetInteger(json, "unanswered");
  version->failed = GetInteger(json, "failed");
  version->retried = GetInteger(json, "retried");
  version->abandoned = GetInteger(json, "abandoned");
  const Json& answers = MemberOf(json, "answers", Json::value_t::object);
  for (size_t i = 0; i < kStatusClasses; ++i)
    version->answers[i] = GetInteger(answers, kClassNames[i]);
  const Json& latency = MemberOf(json, "latency", Json::value_t::object);
  version->nanoseconds = GetInteger(latency, "sum_ns");
  version->mirror = ReadMirror(MemberOf(json, "mirror", Json::value_t::object));
  version->feedback = ReadFeedback(MemberOf(json, "feedback", Json::value_t::object));
  for (const Json& replica : MemberOf(json, "replicas", Json::value_t::array)) {
    if (!replica.is_object()) return false;
    version->replicas.push_back(ReadReplica(replica));
  }
  return ReadBuckets(MemberOf(latency, "buckets", Json::value_t::array), &version->latencies);
}

}  // namespace

Json ToJson(const SplitterSnapshot& snapshot) {
  Json versions = Json::array();
  for (const VersionSnapshot& version : snapshot.versions)
    versions.push_back(VersionToJson(version));
  return {{"connections", snapshot.connections},
          {"in_flight", snapshot.in_flight},
          {"refused", snapshot.refused},
          {"unrouted", snapshot.unrouted},
          {"versions", std::move(versions)}};
}

Result<SplitterSnapshot> SplitterSnapshotFromJson(const Json& json, const std::string& source) {
  const auto none = [&source](const std::string& field) {
    Location location;
    location.file = source;
    location.field = field;
    return Error(ErrorCode::kInvalidInput, "these are no counts of a splitter")
        .At(std::move(location));
  };
  if (!json.is_object()) return none("");
  const auto versions = json.find("versions");
  if (versions == json.end() || !versions->is_array()) return none("versions");
  SplitterSnapshot snapshot;
  snapshot.connections = GetInteger(json, "connections");
  snapshot.in_flight = GetInteger(json, "in_flight");
  snapshot.refused = GetInteger(json, "refused");
  snapshot.unrouted = GetInteger(json, "unrouted");
  for (const Json& version : *versions) {
    if (!ReadVersion(version, &snapshot.versions.emplace_back()))
      return none(fmt::format("versions[{}]", snapshot.versions.size() - 1));
  }
  return snapshot;
}

}  // namespace slipway::splitter

// Routes in JSON.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/text.h"
#include "splitter/routes.h"

namespace slipway::splitter {
namespace {

// Reads members of one object, and holds on to the first mistake: the JSON is made by programs, and
// what a wrong type would have meant can't be guessed.
class ObjectReader {
 public:
  ObjectReader(const Json& json, std::string source, std::string field)
      : json_(json), source_(std::move(source)), field_(std::move(field)) {}

  Status Only(const std::vector<std::string>& known) const {
    if (!json_.is_object()) return Wrong("", "an object");
    for (const auto& [name, value] : json_.items()) {
      if (std::ranges::find(known, name) != known.end()) continue;
      Error error = At(Error(ErrorCode::kInvalidInput,
                             fmt::format("there is no member \"{}\"", Printable(name))),
                       "")
                        .Expected(JoinOr(known));
      const std::string nearest = NearestName(name, known);
      if (!nearest.empty()) return std::move(error).Try("\"" + nearest + "\"");
      return error;
    }
    return {};
  }
  Status Read(const char* name, std::string* value) const {
    const auto found = json_.find(name);
    if (found == json_.end()) return {};
    if (!found->is_string()) return Wrong(name, "a text");
    *value = found->get<std::string>();
    return {};
  }
  Status Read(const char* name, double* value) const {
    const auto found = json_.find(name);
    if (found == json_.end()) return {};
    if (!found->is_number()) return Wrong(name, "a number");
    *value = found->get<double>();
    return {};
  }
  Status Read(const char* name, int* value) const {
    const auto found = json_.find(name);
    if (found == json_.end()) return {};
    if (!found->is_number_integer()) return Wrong(name, "a whole number");
    const auto number = found->get<int64_t>();
    if (!std::in_range<int>(number)) return Wrong(name, "a smaller number");
    *value = static_cast<int>(number);
    return {};
  }
  Status Read(const char* name, bool* value) const {
    const auto found = json_.find(name);
    if (found == json_.end()) return {};
    if (!found->is_boolean()) return Wrong(name, "true or false");
    *value = found->get<bool>();
    return {};
  }
  // `read` takes a reader of the object.
  template <typename Function>
  Status ReadObject(const char* name, const Function& read) const {
    const auto found = json_.find(name);
    if (found == json_.end() || found->is_null()) return {};
    return read(ObjectReader(*found, source_, FieldOf(name)));
  }
  // The same for each of a list.
  template <typename Function>
  Status ReadList(const char* name, const Function& read) const {
    const auto found = json_.find(name);
    if (found == json_.end()) return {};
    if (!found->is_array()) return Wrong(name, "a list");
    for (size_t i = 0; i < found->size(); ++i) {
      SLIPWAY_RETURN_IF_ERROR(
          read(ObjectReader((*found)[i], source_, fmt::format("{}[{}]", FieldOf(name), i))));
    }
    return {};
  }

 private:
  std::string FieldOf(const std::string& name) const {
    if (field_.empty() || name.empty()) return field_ + name;
    return field_ + "." + name;
  }
  Error At(Error error, const std::string& name) const {
    Location location;
    location.file = source_;
    location.field = FieldOf(name);
    return std::move(error).At(std::move(location));
  }
  Error Wrong(const std::string& name, const std::string& expected) const {
    return At(Error(ErrorCode::kInvalidInput, "the value is of the wrong kind"), name)
        .Expected(expected);
  }

  const Json& json_;
  std::string source_, field_;
};

Status ReadReplica(const ObjectReader& reader, ReplicaAddress* replica) {
  SLIPWAY_RETURN_IF_ERROR(reader.Only({"host", "port"}));
  SLIPWAY_RETURN_IF_ERROR(reader.Read("host", &replica->host));
  return reader.Read("port", &replica->port);
}

Status ReadVersion(const ObjectReader& reader, VersionRoute* version) {
  SLIPWAY_RETURN_IF_ERROR(reader.Only({"id", "weight", "replicas"}));
  SLIPWAY_RETURN_IF_ERROR(reader.Read("id", &version->id));
  SLIPWAY_RETURN_IF_ERROR(reader.Read("weight", &version->weight));
  return reader.ReadList("replicas", [version](const ObjectReader& each) {
    return ReadReplica(each, &version->replicas.emplace_back());
  });
}

Status ReadPart(const ObjectReader& reader, StickyPart* part) {
  SLIPWAY_RETURN_IF_ERROR(reader.Only({"version", "weight"}));
  SLIPWAY_RETURN_IF_ERROR(reader.Read("version", &part->version));
  return reader.Read("weight", &part->weight);
}

Status ReadStickiness(const ObjectReader& reader, Stickiness* sticky) {
  SLIPWAY_RETURN_IF_ERROR(reader.Only({"header", "cookie", "salt", "parts"}));
  SLIPWAY_RETURN_IF_ERROR(reader.Read("header", &sticky->header));
  SLIPWAY_RETURN_IF_ERROR(reader.Read("cookie", &sticky->cookie));
  SLIPWAY_RETURN_IF_ERROR(reader.Read("salt", &sticky->salt));
  return reader.ReadList("parts", [sticky](const ObjectReader& each) {
    return ReadPart(each, &sticky->parts.emplace_back());
  });
}

Status ReadHeaderRoute(const ObjectReader& reader, HeaderRoute* route) {
  SLIPWAY_RETURN_IF_ERROR(reader.Only({"name", "value", "version"}));
  SLIPWAY_RETURN_IF_ERROR(reader.Read("name", &route->name));
  SLIPWAY_RETURN_IF_ERROR(reader.Read("value", &route->value));
  return reader.Read("version", &route->version);
}

Status ReadMirror(const ObjectReader& reader, MirrorRoute* mirror) {
  SLIPWAY_RETURN_IF_ERROR(
      reader.Only({"version", "share", "relative_tolerance", "absolute_tolerance"}));
  SLIPWAY_RETURN_IF_ERROR(reader.Read("version", &mirror->version));
  SLIPWAY_RETURN_IF_ERROR(reader.Read("share", &mirror->share));
  SLIPWAY_RETURN_IF_ERROR(reader.Read("relative_tolerance", &mirror->tolerance.relative));
  return reader.Read("absolute_tolerance", &mirror->tolerance.absolute);
}

Json MirrorToJson(const MirrorRoute& mirror) {
  if (mirror.version.empty()) return nullptr;
  Json json = {{"version", mirror.version}, {"share", mirror.share}};
  // A splitter of an older version refuses members that it does not know.
  if (mirror.tolerance != NumberTolerance()) {
    json["relative_tolerance"] = mirror.tolerance.relative;
    json["absolute_tolerance"] = mirror.tolerance.absolute;
  }
  return json;
}

Status ReadRoutes(const ObjectReader& reader, Routes* routes) {
  SLIPWAY_RETURN_IF_ERROR(reader.Only({"versions", "sticky", "header_routes", "mirror", "fallback",
                                       "idempotent", "copy_feedback"}));
  SLIPWAY_RETURN_IF_ERROR(reader.ReadList("versions", [routes](const ObjectReader& each) {
    return ReadVersion(each, &routes->versions.emplace_back());
  }));
  SLIPWAY_RETURN_IF_ERROR(reader.ReadList("header_routes", [routes](const ObjectReader& each) {
    return ReadHeaderRoute(each, &routes->header_routes.emplace_back());
  }));
  SLIPWAY_RETURN_IF_ERROR(reader.ReadObject("sticky", [routes](const ObjectReader& each) {
    return ReadStickiness(each, &routes->sticky);
  }));
  SLIPWAY_RETURN_IF_ERROR(reader.ReadObject(
      "mirror", [routes](const ObjectReader& each) { return ReadMirror(each, &routes->mirror); }));
  SLIPWAY_RETURN_IF_ERROR(reader.Read("fallback", &routes->fallback));
  SLIPWAY_RETURN_IF_ERROR(reader.Read("idempotent", &routes->idempotent));
  return reader.Read("copy_feedback", &routes->copy_feedback);
}

Json StickinessToJson(const Stickiness& sticky) {
  if (!sticky.wanted()) return nullptr;
  Json json = Json::object();
  if (!sticky.header.empty()) json["header"] = sticky.header;
  if (!sticky.cookie.empty()) json["cookie"] = sticky.cookie;
  if (!sticky.salt.empty()) json["salt"] = sticky.salt;
  for (const StickyPart& part : sticky.parts)
    json["parts"].push_back({{"version", part.version}, {"weight", part.weight}});
  return json;
}

Json VersionToJson(const VersionRoute& version) {
  Json replicas = Json::array();
  for (const ReplicaAddress& replica : version.replicas)
    replicas.push_back({{"host", replica.host}, {"port", replica.port}});
  return {{"id", version.id}, {"weight", version.weight}, {"replicas", std::move(replicas)}};
}

}  // namespace

Result<Routes> ParseRoutes(std::string_view text, const std::string& source) {
  SLIPWAY_ASSIGN_OR_RETURN(const Json json, ParseJson(text, source));
  Routes routes;
  SLIPWAY_RETURN_IF_ERROR(ReadRoutes(ObjectReader(json, source, ""), &routes));
  SLIPWAY_RETURN_IF_ERROR(CheckRoutes(routes, source));
  return routes;
}

Json ToJson(const Routes& routes) {
  Json json;
  json["versions"] = Json::array();
  for (const VersionRoute& version : routes.versions)
    json["versions"].push_back(VersionToJson(version));
  json["sticky"] = StickinessToJson(routes.sticky);
  json["header_routes"] = Json::array();
  for (const HeaderRoute& route : routes.header_routes)
    json["header_routes"].push_back(
        {{"name", route.name}, {"value", route.value}, {"version", route.version}});
  json["mirror"] = MirrorToJson(routes.mirror);
  json["fallback"] = routes.fallback;
  json["idempotent"] = routes.idempotent;
  // A splitter of an older version refuses members that it does not know.
  if (!routes.copy_feedback) json["copy_feedback"] = false;
  return json;
}

}  // namespace slipway::splitter

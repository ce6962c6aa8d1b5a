// Where requests go: plain data that a controller makes and a Splitter follows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/result.h"

namespace slipway::splitter {

struct ReplicaAddress {
  std::string host;  // An address, or a name that is looked up once, when the routes are applied.
  int port = 0;
  bool operator==(const ReplicaAddress&) const = default;
};

struct VersionRoute {
  std::string id;     // "7", "fraud:7": what counts are kept by.
  double weight = 0;  // Its part of the sum of all; 0 for none.
  std::vector<ReplicaAddress> replicas;
};

// A version's next stretch of the keys' places.
struct StickyPart {
  std::string version;
  double weight = 0;  // Its part of the sum of all; 0 for none.
};

// Requests that bring a key go where requests of that key went, as far as weights allow. The key's
// hash is a number of [0, 1), and versions take that range by their weights in their order: with
// the new version first, raising it from 10 to 25 moves 15 of 100 keys, to it, and no other.
// `parts` tell another division; a version may have several: where one between two others goes, and
// its part becomes another's, no key of the two moves. A client that brings no cookie is given one
// with its answer, of a random key.
struct Stickiness {
  std::string header;  // One of the two has a name; neither for none.
  std::string cookie;
  std::string salt;               // Another one draws the keys anew, for an experiment of its own.
  std::vector<StickyPart> parts;  // In their order; none for the versions' weights.
  bool wanted() const { return !header.empty() || !cookie.empty(); }
};

// A request with that header and that very value goes to the version, whatever the weights. Where
// no replica of it takes it, `fallback` says what becomes of it, as of any other.
struct HeaderRoute {
  std::string name;
  std::string value;
  std::string version;
};

// By how much two numbers may differ and be the same: by that part of the larger one, or by that
// amount (as math.isclose of Python). The default is what the same sum in another order has, in
// single precision; with it whole numbers are labels, and differ by nothing.
struct NumberTolerance {
  double relative = 1e-5;
  double absolute = 0;
  bool operator==(const NumberTolerance&) const = default;
};

// This share of the predictions (POST to …/predict, …/invocations or …/infer) that go to others is
// also asked of the version, whose answers are compared and dropped.
struct MirrorRoute {
  std::string version;  // "" for none.
  double share = 1;     // From 0 to 1.
  NumberTolerance tolerance = {};
};

struct Routes {
  std::vector<VersionRoute> versions;
  Stickiness sticky;
  std::vector<HeaderRoute> header_routes;  // The first that matches counts.
  MirrorRoute mirror;
  // A request that no replica of its version takes goes to another version that has a weight.
  bool fallback = true;
  // A request may be asked again though a replica may have begun with it, whatever its method.
  bool idempotent = false;
  // A POST …/feedback also goes, as a copy, to all replicas that do not answer it.
  bool copy_feedback = true;
};

// kInvalidInput with all mistakes at once, each with the field that it is in.
Status CheckRoutes(const Routes& routes, const std::string& source = "routes");

// What ToJson makes, and what a person may write: members may be left out, unknown ones are
// refused. `source` names the text in errors.
Result<Routes> ParseRoutes(std::string_view text, const std::string& source = "routes");
Json ToJson(const Routes& routes);

}  // namespace slipway::splitter

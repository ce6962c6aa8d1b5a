#include <fmt/format.h>
#include <netdb.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <numeric>
#include <utility>

#include "http/timers.h"
#include "splitter/route_book_internal.h"

namespace slipway::splitter {
namespace {

// Versions that have ended are still told of, so many of them.
constexpr size_t kKeptVersions = 16;
constexpr double kLongestWaitSeconds = 1e8;

struct FreeAddresses {
  void operator()(addrinfo* addresses) const { ::freeaddrinfo(addresses); }
};

Result<std::unique_ptr<Replica>> Resolve(const ReplicaAddress& name, int loops) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failure =
      ::getaddrinfo(name.host.c_str(), std::to_string(name.port).c_str(), &wanted, &found);
  if (failure != 0)
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("there is no host \"{}\": {}", name.host, ::gai_strerror(failure)))
        .Try("an address, such as 127.0.0.1");
  const std::unique_ptr<addrinfo, FreeAddresses> addresses(found);
  auto replica = std::make_unique<Replica>(name, loops);
  std::memcpy(&replica->address, found->ai_addr, found->ai_addrlen);
  replica->address_size = found->ai_addrlen;
  return replica;
}

// A request would go round and round.
Error ItselfError(const ReplicaAddress& name, const std::string& field) {
  Location location;
  location.field = field;
  return Error(ErrorCode::kInvalidInput,
               fmt::format("{}:{} is the splitter's own address", name.host, name.port))
      .At(std::move(location))
      .Expected("the address of a model server");
}

template <typename Lanes>
int64_t InFlight(const Lanes& lanes, int loops) {
  int64_t sum = 0;
  for (int loop = 0; loop < loops; ++loop)
    sum += lanes[static_cast<size_t>(loop)].in_flight.value();
  return sum;
}

void FillShares(RouteTable* table) {
  double sum = 0;
  for (const VersionRoute& route : table->routes.versions) sum += route.weight;
  for (size_t i = 0; i < table->versions.size(); ++i) {
    TableVersion& version = table->versions[i];
    version.share = sum > 0 ? table->routes.versions[i].weight / sum : 0;
    if (version.share > 0) table->by_share.push_back(i);
  }
  std::ranges::sort(table->by_share, [table](size_t left, size_t right) {
    const double left_share = table->versions[left].share;
    const double right_share = table->versions[right].share;
    return left_share > right_share || (left_share == right_share && left < right);
  });
}

std::ptrdiff_t IndexOf(const Routes& routes, const std::string& id) {
  return std::ranges::find(routes.versions, id, &VersionRoute::id) - routes.versions.begin();
}

void FillKeyParts(RouteTable* table) {
  double end = 0;
  if (table->routes.sticky.parts.empty()) {
    for (size_t i = 0; i < table->versions.size(); ++i) {
      const double share = table->versions[i].share;
      if (share > 0) table->key_parts.push_back({.end = end += share, .version = i});
    }
    return;
  }
  double sum = 0;
  for (const StickyPart& part : table->routes.sticky.parts) sum += part.weight;
  for (const StickyPart& part : table->routes.sticky.parts) {
    if (part.weight <= 0) continue;
    const auto version = static_cast<size_t>(IndexOf(table->routes, part.version));
    table->key_parts.push_back({.end = end += part.weight / sum, .version = version});
  }
}

void FillTargets(RouteTable* table) {
  const Routes& routes = table->routes;
  for (const HeaderRoute& route : routes.header_routes)
    table->header_targets.push_back(static_cast<size_t>(IndexOf(routes, route.version)));
  if (!routes.mirror.version.empty()) table->mirror = IndexOf(routes, routes.mirror.version);
}

}  // namespace

RouteBook::RouteBook(int loops, DrainedCallback on_drained)
    : loops_(loops), on_drained_(std::move(on_drained)), adopted_(static_cast<size_t>(loops), 0) {}

std::shared_ptr<Version> RouteBook::TakeVersion(const std::string& id) {
  for (VersionEntry& entry : versions_) {
    if (entry.version->id != id) continue;
    entry.left_at = 0;
    entry.drained = false;
    return entry.version;
  }
  versions_.push_back({.version = std::make_shared<Version>(id, loops_)});
  return versions_.back().version;
}

std::shared_ptr<Replica> RouteBook::TakeReplica(const Version* version, const Replica& resolved) {
  for (ReplicaEntry& entry : replicas_) {
    // A name may mean another address by now.
    if (entry.version != version || entry.replica->name != resolved.name ||
        std::memcmp(&entry.replica->address, &resolved.address, sizeof(resolved.address)) != 0)
      continue;
    entry.left_at = 0;
    return entry.replica;
  }
  auto replica = std::make_shared<Replica>(resolved.name, loops_);
  replica->address = resolved.address;
  replica->address_size = resolved.address_size;
  replicas_.push_back({.replica = replica, .version = version});
  return replica;
}

Status RouteBook::Apply(const Routes& routes) {
  SLIPWAY_RETURN_IF_ERROR(CheckRoutes(routes));
  const std::lock_guard applying(applying_);
  std::vector<std::unique_ptr<Replica>> resolved;  // In the order of the routes.
  for (size_t i = 0; i < routes.versions.size(); ++i) {
    const std::vector<ReplicaAddress>& names = routes.versions[i].replicas;
    for (size_t place = 0; place < names.size(); ++place) {
      SLIPWAY_ASSIGN_OR_RETURN(resolved.emplace_back(), Resolve(names[place], loops_));
      if (own_ && own_->Is(resolved.back()->address))
        return ItselfError(names[place], fmt::format("versions[{}].replicas[{}]", i, place));
    }
  }
  auto table = std::make_shared<RouteTable>();
  table->routes = routes;
  const std::lock_guard lock(mutex_);
  table->generation = generation_.load(std::memory_order_relaxed) + 1;
  Retire(*table);
  size_t next = 0;
  for (const VersionRoute& route : routes.versions) {
    TableVersion& version = table->versions.emplace_back();
    version.version = TakeVersion(route.id);
    for (size_t count = 0; count < route.replicas.size(); ++count)
      version.replicas.push_back(TakeReplica(version.version.get(), *resolved[next++]));
  }
  FillShares(table.get());
  FillKeyParts(table.get());
  FillTargets(table.get());
  table_ = std::move(table);
  generation_.store(table_->generation, std::memory_order_release);
  return {};
}

// All that was routed until now, until it is taken again.
void RouteBook::Retire(const RouteTable& table) {
  for (VersionEntry& entry : versions_) {
    if (entry.left_at == 0) entry.left_at = table.generation;
  }
  for (ReplicaEntry& entry : replicas_) {
    if (entry.left_at == 0) entry.left_at = table.generation;
  }
}

std::shared_ptr<const RouteTable> RouteBook::table() const {
  const std::lock_guard lock(mutex_);
  return table_;
}

void RouteBook::Adopted(int loop, uint64_t generation) {
  {
    const std::lock_guard lock(mutex_);
    adopted_[static_cast<size_t>(loop)] = generation;
  }
  CheckDrained();
}

bool RouteBook::Ended(uint64_t left_at, int64_t in_flight) const {
  if (left_at == 0 || in_flight != 0) return false;
  return std::ranges::all_of(adopted_, [left_at](uint64_t adopted) { return adopted >= left_at; });
}

void RouteBook::CheckDrained() {
  std::vector<std::string> found;
  {
    const std::lock_guard lock(mutex_);
    found = FindDrained();
    Forget();
  }
  if (found.empty()) return;
  drained_.notify_all();
  if (!on_drained_) return;
  for (const std::string& version : found) on_drained_(version);
}

std::vector<std::string> RouteBook::FindDrained() {
  std::vector<std::string> found;
  for (VersionEntry& entry : versions_) {
    if (entry.drained || !Ended(entry.left_at, InFlight(entry.version->lanes, loops_))) continue;
    entry.drained = true;
    found.push_back(entry.version->id);
  }
  return found;
}

void RouteBook::Forget() {
  std::erase_if(replicas_, [this](const ReplicaEntry& entry) {
    return Ended(entry.left_at, InFlight(entry.replica->lanes, loops_));
  });
  auto drained = std::ranges::count_if(versions_, &VersionEntry::drained);
  std::erase_if(versions_, [&drained](const VersionEntry& entry) {
    const bool forgotten = entry.drained && std::cmp_greater(drained, kKeptVersions);
    if (forgotten) --drained;
    return forgotten;
  });
}

const RouteBook::VersionEntry* RouteBook::Find(const std::string& id) const {
  for (const VersionEntry& entry : versions_) {
    if (entry.version->id == id) return &entry;
  }
  return nullptr;
}

bool RouteBook::WaitDrained(const std::string& version, double seconds) {
  const std::chrono::duration<double> most(std::clamp(seconds, 0.0, kLongestWaitSeconds));
  std::unique_lock lock(mutex_);
  const auto drained = [&] {
    const VersionEntry* const entry = Find(version);
    return entry == nullptr || entry->drained;
  };
  const VersionEntry* const entry = Find(version);
  if (entry != nullptr && entry->left_at == 0) return false;
  return drained_.wait_for(lock, most, drained);
}

std::vector<VersionSnapshot> RouteBook::Snapshot() const {
  const int64_t now_ns = http::MonotonicNow();
  const std::lock_guard lock(mutex_);
  std::vector<VersionSnapshot> snapshots;
  for (const VersionEntry& entry : versions_) snapshots.push_back(SnapshotOf(entry, now_ns));
  return snapshots;
}

VersionSnapshot RouteBook::SnapshotOf(const VersionEntry& entry, int64_t now_ns) const {
  VersionSnapshot snapshot = SnapshotLanes(*entry.version, loops_);
  snapshot.routed = entry.left_at == 0;
  snapshot.drained = entry.drained;
  for (const VersionRoute& route : table_->routes.versions) {
    if (route.id == snapshot.id) snapshot.weight = route.weight;
  }
  for (const ReplicaEntry& each : replicas_) {
    if (each.version != entry.version.get()) continue;
    ReplicaSnapshot& replica = snapshot.replicas.emplace_back();
    replica.host = each.replica->name.host;
    replica.port = each.replica->name.port;
    replica.routed = each.left_at == 0;
    replica.in_flight = InFlight(each.replica->lanes, loops_);
    for (int loop = 0; loop < loops_; ++loop)
      replica.left_out |=
          each.replica->lanes[static_cast<size_t>(loop)].left_out_until_ns.value() > now_ns;
  }
  return snapshot;
}

}  // namespace slipway::splitter

#include "registry/fake_registry_store.h"

#include <algorithm>
#include <ranges>
#include <set>

#include "registry/rules_internal.h"

namespace slipway::registry {

std::vector<std::string> FakeRegistryStore::Names() const {
  std::set<std::string> names;
  for (const ModelVersion& version : versions_) names.insert(version.name);
  return {names.begin(), names.end()};
}

ModelVersion FakeRegistryStore::Complete(ModelVersion version) const {
  version.aliases.clear();
  for (const auto& [key, number] : aliases_) {
    if (key.first == version.name && number == version.registry_version)
      version.aliases.push_back(key.second);
  }
  return version;
}

Result<ModelVersion*> FakeRegistryStore::Find(const std::string& name, int64_t number) {
  std::vector<int64_t> numbers;
  for (ModelVersion& version : versions_ | std::views::reverse) {
    if (version.name != name) continue;
    if (version.registry_version == number) return &version;
    numbers.push_back(version.registry_version);
  }
  if (numbers.empty()) return NoSuchModel(name, Names());
  return NoSuchVersion(name, number, numbers);
}

Result<ModelVersion> FakeRegistryStore::FindAlias(const std::string& name,
                                                  const std::string& alias) {
  std::set<std::string> present;
  bool known = false;
  for (const ModelVersion& stored : versions_ | std::views::reverse) {
    if (stored.name != name) continue;
    known = true;
    ModelVersion version = Complete(stored);
    if (version.status == alias ||
        std::ranges::find(version.aliases, alias) != version.aliases.end())
      return version;
    present.insert(version.status);
    present.insert(version.aliases.begin(), version.aliases.end());
  }
  if (!known) return NoSuchModel(name, Names());
  return NoSuchAlias(name, alias, {present.begin(), present.end()});
}

Result<ModelVersion> FakeRegistryStore::FindDigest(const std::string& digest) {
  const ModelVersion* newest = nullptr;
  std::set<std::string> digests;
  for (const ModelVersion& version : versions_) {
    if (!version.digest.starts_with(digest)) continue;
    newest = &version;
    digests.insert(version.digest);
  }
  if (newest == nullptr) return NoSuchDigest(digest);
  if (digests.size() > 1) return AmbiguousDigest(digest, {digests.begin(), digests.end()});
  return Complete(*newest);
}

void FakeRegistryStore::Record(const std::string& actor, const std::string& action,
                               const std::string& name, int64_t version, Json detail) {
  audit_.push_back(
      {FormatTimestamp(clock_.Now()), actor, action, name, version, std::move(detail)});
}

Result<ModelVersion> FakeRegistryStore::Register(const ModelVersion& given) {
  SLIPWAY_RETURN_IF_ERROR(CheckNewVersion(given));
  const std::scoped_lock lock(mutex_);
  for (const ModelVersion& present : versions_) {
    if (present.name == given.name && present.digest == given.digest &&
        present.verdict == given.verdict && present.version == given.version) {
      return Complete(present);
    }
  }
  ModelVersion version = NewVersion(given, clock_);
  version.registry_version = ++last_numbers_[version.name];
  versions_.push_back(version);
  Record(version.created_by, "register", version.name, version.registry_version,
         RegisterDetail(version));
  return version;
}

Result<ModelVersion> FakeRegistryStore::Get(const ModelReference& reference) {
  const std::scoped_lock lock(mutex_);
  switch (reference.kind) {
    case ModelReference::Kind::kNewest:
      for (const ModelVersion& version : versions_ | std::views::reverse) {
        if (version.name == reference.name) return Complete(version);
      }
      return NoSuchModel(reference.name, Names());
    case ModelReference::Kind::kVersion: {
      SLIPWAY_ASSIGN_OR_RETURN(const ModelVersion* version,
                               Find(reference.name, reference.version));
      return Complete(*version);
    }
    case ModelReference::Kind::kAlias: return FindAlias(reference.name, reference.alias);
    case ModelReference::Kind::kDigest: return FindDigest(reference.digest);
    case ModelReference::Kind::kPath: break;
  }
  return PathIsNoVersion(reference.path);
}

Result<std::vector<std::string>> FakeRegistryStore::ListNames() {
  const std::scoped_lock lock(mutex_);
  return Names();
}

Result<std::vector<ModelVersion>> FakeRegistryStore::List(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  std::vector<ModelVersion> listed;
  for (const ModelVersion& version : versions_ | std::views::reverse) {
    if (name.empty() || version.name == name) listed.push_back(Complete(version));
  }
  return listed;
}

Result<ModelVersion> FakeRegistryStore::SetStatus(const std::string& name, int64_t number,
                                                  const std::string& status,
                                                  const std::string& actor, const Json& detail) {
  SLIPWAY_RETURN_IF_ERROR(CheckStage(status));
  const std::scoped_lock lock(mutex_);
  SLIPWAY_ASSIGN_OR_RETURN(ModelVersion * version, Find(name, number));
  if (version->status == status) return Complete(*version);
  for (ModelVersion& other : versions_) {
    if (!IsExclusiveStage(status) || other.name != name || other.status != status) continue;
    other.status = "archived";
    Record(actor, "promote", name, other.registry_version, DisplacedDetail(status, number));
  }
  Record(actor, "promote", name, number, PromoteDetail(version->status, status, detail));
  version->status = status;
  return Complete(*version);
}

Status FakeRegistryStore::SetAlias(const std::string& name, const std::string& alias,
                                   int64_t number, const std::string& actor) {
  SLIPWAY_RETURN_IF_ERROR(CheckAlias(alias));
  const std::scoped_lock lock(mutex_);
  if (number == 0) {
    SLIPWAY_ASSIGN_OR_RETURN(const ModelVersion holder, FindAlias(name, alias));
    aliases_.erase({name, alias});
    Record(actor, "remove_alias", name, holder.registry_version, Json{{"alias", alias}});
    return {};
  }
  SLIPWAY_RETURN_IF_ERROR(Find(name, number));
  aliases_[{name, alias}] = number;
  Record(actor, "alias", name, number, Json{{"alias", alias}});
  return {};
}

Status FakeRegistryStore::SetTag(const std::string& name, int64_t number, const std::string& key,
                                 const std::string& value, const std::string& actor) {
  SLIPWAY_RETURN_IF_ERROR(CheckTag(key, value));
  const std::scoped_lock lock(mutex_);
  SLIPWAY_ASSIGN_OR_RETURN(ModelVersion * version, Find(name, number));
  if (!value.empty()) {
    version->tags[key] = value;
    Record(actor, "tag", name, number, Json{{"key", key}, {"value", value}});
    return {};
  }
  if (version->tags.erase(key) == 0) return NoSuchTag(*version, key);
  Record(actor, "remove_tag", name, number, Json{{"key", key}});
  return {};
}

Status FakeRegistryStore::Delete(const std::string& name, int64_t number,
                                 const std::string& actor) {
  const std::scoped_lock lock(mutex_);
  SLIPWAY_ASSIGN_OR_RETURN(ModelVersion * found, Find(name, number));
  const ModelVersion version = Complete(*found);
  if (IsExclusiveStage(version.status)) return StillInUse(version);
  versions_.erase(versions_.begin() + (found - versions_.data()));
  for (const std::string& alias : version.aliases) aliases_.erase({name, alias});
  Record(actor, "delete", name, number, DeleteDetail(version));
  return {};
}

Result<std::vector<AuditEntry>> FakeRegistryStore::Audit(const std::string& name, int limit) {
  const std::scoped_lock lock(mutex_);
  std::vector<AuditEntry> entries;
  for (const AuditEntry& entry : audit_ | std::views::reverse) {
    if (static_cast<int>(entries.size()) >= limit) break;
    if (name.empty() || entry.name == name) entries.push_back(entry);
  }
  return entries;
}

}  // namespace slipway::registry

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "train/hyperparameters_internal.h"

namespace slipway::train {

bool ReadInteger(const Json& value, int64_t least, int64_t most, int64_t* result) {
  if (!value.is_number_integer()) return false;
  if (value.is_number_unsigned() && value.get<uint64_t>() > static_cast<uint64_t>(most))
    return false;
  const auto number = value.get<int64_t>();
  if (number < least || number > most) return false;
  *result = number;
  return true;
}

bool ReadIntegerOrNull(const Json& value, int64_t least, int64_t most, int64_t* result) {
  if (!value.is_null()) return ReadInteger(value, least, most, result);
  *result = 0;
  return true;
}

bool ReadNumber(const Json& value, double least, double most, double* result) {
  if (!value.is_number()) return false;
  const auto number = value.get<double>();
  if (!(number >= least && number <= most)) return false;
  *result = number;
  return true;
}

bool ReadBool(const Json& value, bool* result) {
  if (!value.is_boolean()) return false;
  *result = value.get<bool>();
  return true;
}

bool ReadAmount(const Json& value, int64_t least, Amount* result) {
  if (!value.is_number_float()) {
    result->share.reset();
    return ReadInteger(value, least, kLargestCount, &result->count);
  }
  const auto share = value.get<double>();
  if (!(share > 0 && share <= 1)) return false;
  result->share = share;
  return true;
}

bool ReadAmountOrNull(const Json& value, int64_t least, std::optional<Amount>* result) {
  if (value.is_null()) {
    result->reset();
    return true;
  }
  Amount amount;
  if (!ReadAmount(value, least, &amount)) return false;
  *result = amount;
  return true;
}

bool ReadSeed(const Json& value, std::optional<uint32_t>* result) {
  if (value.is_null()) {
    result->reset();
    return true;
  }
  int64_t seed = 0;
  if (!ReadInteger(value, 0, std::numeric_limits<uint32_t>::max(), &seed)) return false;
  *result = static_cast<uint32_t>(seed);
  return true;
}

bool ReadJobs(const Json& value, int64_t* result) {
  if (value.is_null()) {
    *result = -1;
    return true;
  }
  return ReadInteger(value, -kLargestCount, kLargestCount, result) && *result != 0;
}

bool IsClassWeight(const Json& value) {
  if (value.is_null() || value == "balanced") return true;
  if (!value.is_object() || value.empty()) return false;
  return std::ranges::all_of(value, [](const Json& weight) {
    double number = 0;
    return ReadNumber(weight, 0, std::numeric_limits<float>::max(), &number);
  });
}

int64_t CountOf(const Amount& amount, int64_t all, int64_t least) {
  if (!amount.share) return amount.count;
  const double count = std::ceil(*amount.share * static_cast<double>(all));
  return std::max(least, static_cast<int64_t>(count));
}

int ThreadsFor(int64_t n_jobs, int threads) {
  const int64_t allowed = n_jobs > 0 ? n_jobs : threads + 1 + n_jobs;
  return static_cast<int>(std::clamp<int64_t>(allowed, 1, std::max(threads, 1)));
}

Location HyperparameterLocation(const std::string& name) {
  Location location;
  location.field = name.empty() ? "model.hyperparameters" : "model.hyperparameters." + name;
  return location;
}

Error NotAMap(const Json& hyperparameters) {
  return Error(ErrorCode::kInvalidInput,
               fmt::format("{} can't be used", CompactJson(hyperparameters)))
      .At(HyperparameterLocation(""))
      .Expected("a map from name to value");
}

Error UnknownHyperparameter(const std::string& trainer, const std::string& name,
                            const std::vector<HyperparameterDoc>& docs) {
  std::vector<std::string> names;
  for (const HyperparameterDoc& doc : docs) names.push_back(doc.name);
  return Error(ErrorCode::kInvalidInput, trainer + " has no such hyper-parameter")
      .At(HyperparameterLocation(name))
      .Expected("one of " + Join(names, ", "))
      .Try(NearestName(name, names));
}

Error UnusableHyperparameter(const std::string& name, const Json& value, const char* expected,
                             bool null_works) {
  Error error = Error(ErrorCode::kInvalidInput, fmt::format("{} can't be used", CompactJson(value)))
                    .At(HyperparameterLocation(name))
                    .Expected(expected);
  // What a Python user writes by habit; YAML reads it as text.
  return value == "None" && null_works ? std::move(error).Try("null, which is YAML's None") : error;
}

Status AllOf(std::vector<Error> errors) {
  if (errors.empty()) return {};
  Error all = std::move(errors.front());
  for (size_t i = 1; i < errors.size(); ++i) all = std::move(all).Also(std::move(errors[i]));
  return all;
}

}  // namespace slipway::train

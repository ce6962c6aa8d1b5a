// Reading our own JSON strictly: what is missing or has the wrong type is named, nothing throws.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "data/types.h"

namespace slipway::data {

// A number as JSON: whole ones without a fraction, what JSON can't hold (NaN, infinities) as null.
Json NumberToJson(double value);

// Collects the first mistake while members of one object are read, so that reading stays a list of
// assignments.
class JsonReader {
 public:
  // `what` names the object in messages: "profile". `object` must outlive the reader.
  JsonReader(const Json& object, std::string what);

  std::string String(const char* key);
  bool Bool(const char* key);
  int64_t Integer(const char* key);
  // null is NaN.
  double Number(const char* key);
  std::vector<double> Numbers(const char* key);
  std::vector<int64_t> Integers(const char* key);
  std::vector<std::string> Strings(const char* key);
  // An array of objects; empty where the key is absent or wrong.
  const Json& Array(const char* key);
  bool Has(const char* key) const;
  ColumnType Type(const char* key);

  void Fail(const std::string& message);
  Status status() const;

 private:
  const Json* Member(const char* key, const char* expected, bool (*fits)(const Json&));

  const Json& object_;
  std::string what_;
  std::string failure_;
};

}  // namespace slipway::data

// The artifact directory: an immutable model version, addressed by the SHA-256 of its manifest.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/file_system.h"
#include "core/json.h"
#include "core/result.h"
#include "model/predictor.h"
#include "model/types.h"

namespace slipway::model {

struct ManifestEntry {
  std::string path;
  int64_t size = 0;
  std::string sha256;  // "sha256:…"
};

// Files inside the digest, sorted by path.
struct Manifest {
  std::vector<ManifestEntry> files;
};

// Files of an artifact by name, in memory. `MLmodel` and `manifest.json` are added by Seal.
using ArtifactFiles = std::map<std::string, std::string>;

// Names of the files that the digest covers.
const std::vector<std::string>& DigestedFiles();

std::string WriteManifest(const Manifest& manifest);
// Refuses names with "/", "..", NUL or backslash, and doubles.
Result<Manifest> ReadManifest(std::string_view text, const std::string& file);

// Computes the manifest of `files`, adds manifest.json and MLmodel; returns the artifact's digest,
// "sha256:…" of manifest.json's bytes.
std::string Seal(ArtifactFiles* files, const ModelSchema& schema);

// MLflow's descriptor for the directory (flavors onnx and python_function, signature).
std::string WriteMlModel(const ModelSchema& schema, const std::string& model_digest);

// Checks each file of `directory` against its manifest. Returns the digest; kIntegrity names the
// first file that differs, is missing or is not listed.
Result<std::string> VerifyArtifact(FileSystem& files, const std::string& directory);

// A verified model, ready to predict.
struct Model {
  std::string directory;
  std::string digest;
  ModelSchema schema;
  std::unique_ptr<Predictor> predictor;
};

// Verifies, then loads, with the native kernel or, for a graph that it can't run, ONNX Runtime.
// `expected_digest` "" accepts any. A path to a single ONNX file is taken too: then the graph tells
// the schema, `features` the columns of a matrix that it does not name, and the digest is the
// file's. kInvalidInput for a graph that neither can run, kUnavailable where ONNX Runtime is
// missing.
Result<Model> LoadModel(FileSystem& files, const std::string& directory,
                        const std::string& expected_digest = "",
                        const std::vector<std::string>& features = {});

// golden.jsonl: {"input":{…},"label":…,"probabilities":{…}} a line, of a regression
// {"input":{…},"prediction":…}.
std::string WriteGolden(const data::Table& rows, const std::vector<InputField>& inputs,
                        const Predictions& predictions, const ModelSchema& schema);
struct ParityReport {
  int64_t rows = 0;
  int64_t label_mismatches = 0;
  // Of any score; of a regression of any estimate, as a share of the largest golden one.
  double largest_difference = 0;
  int64_t worst_row =
      0;  // From 1: the first with another label, else the one with that difference; 0 for none.
};
// Predicts golden's inputs with `predictor` and compares.
Result<ParityReport> CheckGolden(std::string_view golden, const ModelSchema& schema,
                                 const Predictor& predictor);

}  // namespace slipway::model

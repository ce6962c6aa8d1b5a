// Models that a program of the user's trains (`model_type: command`): it gets tables as Parquet and
// writes an ONNX graph.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "config/types.h"
#include "core/file_system.h"
#include "core/process.h"
#include "core/result.h"
#include "data/target.h"
#include "data/types.h"

namespace slipway::train {

// What one fit is told. References outlive the call.
struct CommandFit {
  const config::Config& config;
  const data::Table& table;
  const std::vector<std::string>& features;
  const data::Target& target;
  std::span<const int64_t> train_rows;
  std::span<const int64_t> validation_rows;  // May be empty.
  std::string work;  // A folder of this fit alone: emptied before it, and gone after it.
  uint64_t seed = 0;
  int threads = 1;
};

// The bytes of the model.onnx that the program wrote. Rows are handed over as they were read, with
// features and target alone; of the test part nothing is. kInvalidInput where the program fails or
// writes no graph, kTimeout where it takes too long. `say` gets each line of what it writes.
Result<std::string> FitByCommand(const CommandFit& fit, ProcessRunner& runner, FileSystem& files,
                                 const std::function<void(std::string_view line)>& say);

// The folder of the program, as `model.command` names it or by the first file of the project that
// its command line names. kInvalidInput where there is none, or where it is the whole project.
Result<std::string> CommandFolder(const config::Config& config, FileSystem& files);

// "sha256:…" of the names and bytes of all files below `folder`, but for hidden ones and what
// Python compiled.
Result<std::string> DigestOfFolder(const std::string& folder, FileSystem& files);

}  // namespace slipway::train

// JSON Lines: the same on any number of threads, in blocks of any size.
#include "data/table_fuzzing_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes = slipway::testing::TextOf(data, size);
  slipway::data::CheckReading(bytes, slipway::data::ChosenOptions(bytes, "jsonl"));
  return 0;
}

// Arrow's files and streams.
#include "data/table_fuzzing_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes = slipway::testing::TextOf(data, size);
  slipway::data::CheckReading(bytes, slipway::data::ChosenOptions(bytes, "arrow"));
  return 0;
}

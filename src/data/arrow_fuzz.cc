// Arrow's files and streams.
#include "data/table_fuzzing_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace slipway::data;
  const std::string_view bytes = slipway::testing::TextOf(data, size);
  CheckReading(bytes, ChosenOptions(bytes, "arrow"));
  return 0;
}

// Arrow's files and streams.
#include "data/table_fuzzing_internal.h"

// Before Arrow looks: its own allocator would hide from AddressSanitizer what is read past an end.
extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  ::setenv("ARROW_DEFAULT_MEMORY_POOL", "system", 1);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace slipway::data;
  const std::string_view bytes = slipway::testing::TextOf(data, size);
  CheckReading(bytes, ChosenOptions(bytes, "arrow"));
  return 0;
}

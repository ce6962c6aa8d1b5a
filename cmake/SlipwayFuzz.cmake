# slipway_fuzz(name SOURCES a_fuzz.cc … [DEPENDS target …])
# A program <name>_fuzz that hands bytes to a reader of ours, and its test: the inputs kept in tests/fuzz/corpus/<name>
# are read once more. Where the build has AddressSanitizer of clang, libFuzzer drives it, and the test tries some thousands
# of mutations of them, a number and a seed that never change; elsewhere the kept inputs are all. tools/fuzz goes on for longer.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND SLIPWAY_SANITIZE MATCHES "address")
  set(SLIPWAY_LIBFUZZER ON)
endif()
set(SLIPWAY_FUZZ_RUNS 2000 CACHE STRING "How many inputs a test of slipway_fuzz tries")

function(slipway_fuzz name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  set(program ${name}_fuzz)
  set(kept ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
  add_executable(${program} ${ARG_SOURCES})
  target_link_libraries(${program} PRIVATE slipway_settings ${ARG_DEPENDS})
  if(SLIPWAY_LIBFUZZER)
    target_compile_options(${program} PRIVATE -fsanitize=fuzzer)
    target_link_options(${program} PRIVATE -fsanitize=fuzzer)
    # Named one by one: libFuzzer would write what it finds into a folder.
    file(GLOB inputs CONFIGURE_DEPENDS ${kept}/*)
    list(JOIN inputs "," inputs)
    set(scratch ${CMAKE_BINARY_DIR}/fuzz/${name})
    file(WRITE ${scratch}/inputs "${inputs}")
    file(STRINGS ${CMAKE_SOURCE_DIR}/tests/fuzz/options options)
    add_test(NAME ${program}
      COMMAND ${program} ${options} -seed=1 -runs=${SLIPWAY_FUZZ_RUNS} -seed_inputs=@${scratch}/inputs -artifact_prefix=${scratch}/)
  else()
    target_sources(${program} PRIVATE ${CMAKE_SOURCE_DIR}/src/core/fuzz_replay.cc)
    add_test(NAME ${program} COMMAND ${program} ${kept})
  endif()
  set_tests_properties(${program} PROPERTIES TIMEOUT 300 LABELS "unit;fuzz")
endfunction()

# Headers of others that most files include, parsed once a kind of target instead of once a file: half of what a build
# takes. Every file still includes what it uses: tools/tidy reads each without them.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  set(precompiled module plugin test)
  # The same bytes in every clone, so that ccache knows them and what was compiled with them.
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp" "SHELL:-Xclang -fno-validate-pch")
else()
  # GCC 12 forgets of a precompiled std::string that it is a system's, and tells false alarms in it.
  set(precompiled test)
endif()
set(SLIPWAY_PRECOMPILE ${precompiled} CACHE STRING "Kinds of targets whose headers are precompiled")

# Tests are compiled more often than they run.
set(SLIPWAY_TEST_OPTIONS $<$<CONFIG:Release>:-O1>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  list(APPEND SLIPWAY_TEST_OPTIONS -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
endif()

set(headers
  <algorithm> <array> <atomic> <charconv> <chrono> <cmath> <cstdint> <expected> <filesystem> <functional> <limits> <map>
  <memory> <mutex> <numeric> <optional> <set> <span> <sstream> <string> <string_view> <thread> <unordered_map> <utility>
  <variant> <vector>
  <fmt/format.h> <nlohmann/json.hpp>)

# slipway_header_kind(kind [HIDDEN] [DEPENDS target …] [HEADERS <h> …] [OPTIONS option …])
function(slipway_header_kind kind)
  cmake_parse_arguments(ARG "HIDDEN" "" "DEPENDS;HEADERS;OPTIONS" ${ARGN})
  if(NOT kind IN_LIST SLIPWAY_PRECOMPILE)
    return()
  endif()
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/headers.cc CONTENT "")
  add_library(slipway_headers_${kind} OBJECT ${CMAKE_BINARY_DIR}/generated/headers.cc)
  target_link_libraries(slipway_headers_${kind} PRIVATE slipway_settings fmt::fmt nlohmann_json::nlohmann_json ${ARG_DEPENDS})
  target_precompile_headers(slipway_headers_${kind} PRIVATE ${headers} ${ARG_HEADERS})
  target_compile_options(slipway_headers_${kind} PRIVATE ${ARG_OPTIONS})
  if(ARG_HIDDEN)
    set_target_properties(slipway_headers_${kind} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  endif()
endfunction()

# slipway_use_headers(target kind): `target` compiles with the options that headers of that kind have.
function(slipway_use_headers target kind)
  if(kind IN_LIST SLIPWAY_PRECOMPILE)
    target_precompile_headers(${target} REUSE_FROM slipway_headers_${kind})
  endif()
endfunction()

slipway_header_kind(module)
slipway_header_kind(plugin HIDDEN)
if(SLIPWAY_BUILD_TESTS)
  # As an executable compiles.
  slipway_header_kind(test DEPENDS GTest::gmock HEADERS <gmock/gmock.h> <gtest/gtest.h> OPTIONS -fPIE ${SLIPWAY_TEST_OPTIONS})
endif()

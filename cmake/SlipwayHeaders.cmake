# Headers of others that most files include, parsed once a kind of target instead of once a file: half of what a build
# takes. Every file still includes what it uses: tools/tidy reads each without them.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  set(precompiled module plugin test)
  # Of clang's file even the bytes say where it was made. So that ccache knows what another checkout compiled with the same
  # headers, it is given a sum of them instead (scripts/common.sh).
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

# slipway_sum_headers(variable text…): a sum of the texts, of the compiler, and of the libraries whose headers they are, whose
# version is in these files.
function(slipway_sum_headers variable)
  set(texts ${ARGN} ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION})
  foreach(header bits/c++config.h fmt/core.h nlohmann/json.hpp gtest/gtest.h gmock/gmock.h)
    find_file(found ${header} PATHS ${CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES} NO_CACHE)
    if(found)  # GoogleTest is not there where no tests are built.
      file(SHA256 ${found} of_file)
      list(APPEND texts ${of_file})
    endif()
    unset(found)
  endforeach()
  string(SHA256 sum "${texts}")
  set(${variable} ${sum} PARENT_SCOPE)
endfunction()

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
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    slipway_sum_headers(sum ${kind} ${headers} ${ARG_HEADERS})
    file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/CMakeFiles/slipway_headers_${kind}.dir/cmake_pch.hxx.pch.sum CONTENT "${sum}")
  endif()
  if(ARG_HIDDEN)
    set_target_properties(slipway_headers_${kind} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  endif()
endfunction()

# slipway_use_headers(target kind): `target` compiles with the options that headers of that kind have.
function(slipway_use_headers target kind)
  if(NOT kind IN_LIST SLIPWAY_PRECOMPILE)
    return()
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # As REUSE_FROM does, but by a path that is the same in every checkout; clang finds the .pch beside it.
    target_compile_options(${target} PRIVATE "SHELL:-include CMakeFiles/slipway_headers_${kind}.dir/cmake_pch.hxx")
    add_dependencies(${target} slipway_headers_${kind})
  else()
    target_precompile_headers(${target} REUSE_FROM slipway_headers_${kind})
  endif()
endfunction()

slipway_header_kind(module)
slipway_header_kind(plugin HIDDEN)
if(SLIPWAY_BUILD_TESTS)
  # As an executable compiles.
  slipway_header_kind(test DEPENDS GTest::gmock HEADERS <gmock/gmock.h> <gtest/gtest.h> OPTIONS -fPIE ${SLIPWAY_TEST_OPTIONS})
endif()

# Where the checkout is, for tests: in one file, so that ccache knows all others from another checkout.
if(SLIPWAY_BUILD_TESTS)
  add_library(slipway_source_folder STATIC ${CMAKE_SOURCE_DIR}/src/core/source_folder.cc)
  target_link_libraries(slipway_source_folder PRIVATE slipway_settings fmt::fmt)
  target_compile_definitions(slipway_source_folder PRIVATE SLIPWAY_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
endif()

# slipway_module(name SOURCES a.cc … [DEPENDS target …] [TESTS a_test.cc …] [TEST_DEPENDS target …] [TESTS_WAIT])
# One static library a folder of src/, named slipway_<name>, and one test program, <name>_test. TESTS_WAIT is for tests that
# wait for processes, sockets or timers: no others run beside them.
function(slipway_module name)
  cmake_parse_arguments(ARG "TESTS_WAIT" "" "SOURCES;DEPENDS;TESTS;TEST_DEPENDS" ${ARGN})
  add_library(slipway_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(slipway_${name} PUBLIC slipway_settings ${ARG_DEPENDS})
  slipway_use_headers(slipway_${name} module)
  if(SLIPWAY_BUILD_TESTS AND ARG_TESTS)
    add_executable(${name}_test ${ARG_TESTS})
    target_link_libraries(${name}_test PRIVATE slipway_${name} slipway_source_folder ${ARG_TEST_DEPENDS} GTest::gmock GTest::gtest_main)
    slipway_use_headers(${name}_test test)
    target_compile_options(${name}_test PRIVATE ${SLIPWAY_TEST_OPTIONS})
    add_test(NAME ${name} COMMAND ${name}_test)
    set_tests_properties(${name} PROPERTIES TIMEOUT 1200 LABELS unit RUN_SERIAL ${ARG_TESTS_WAIT})
  endif()
endfunction()

# slipway_plugin(name SOURCES a.cc … [DEPENDS target …])
# A library lib/slipway/libslipway_<name>.so that core/plugin.h opens. Whatever it links statically stays its own.
function(slipway_plugin name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(slipway_${name} MODULE ${ARG_SOURCES})
  target_link_libraries(slipway_${name} PRIVATE slipway_settings slipway_core ${ARG_DEPENDS})
  target_link_options(slipway_${name} PRIVATE -Wl,--exclude-libs,ALL)
  if(NOT SLIPWAY_SANITIZE)
    # A sanitizer's functions are those of the program that opens the plug-in.
    target_link_options(slipway_${name} PRIVATE -Wl,--no-undefined)
  endif()
  set_target_properties(slipway_${name} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  slipway_use_headers(slipway_${name} plugin)
endfunction()

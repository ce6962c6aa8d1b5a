# Libraries of others. Debian packages carry most; Arrow and ONNX Runtime come from the wheels that scripts/fetch-wheels
# unpacked under SLIPWAY_DEPS (an installed Arrow goes first). docs/design/0002-libraries.md says why each was chosen.
set(SLIPWAY_DEPS "$ENV{SLIPWAY_DEPS}" CACHE PATH "Folder that scripts/fetch-wheels filled")

# Static where Debian has an archive: the program starts faster and the serving archive carries only what is called.
set(OPENSSL_USE_STATIC_LIBS ON)
set(Protobuf_USE_STATIC_LIBS ON)

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(Protobuf REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(SQLite3 REQUIRED)
set(PostgreSQL_ADDITIONAL_VERSIONS 15)
find_package(PostgreSQL REQUIRED)
find_package(CLI11 REQUIRED)
# Boost.Math, Boost.Asio and Boost.Beast, headers only.
find_package(Boost 1.74 REQUIRED)

# Points an imported target at its archive, if there is one.
function(slipway_prefer_static target archive)
  find_library(${archive}_ARCHIVE ${archive})
  mark_as_advanced(${archive}_ARCHIVE)
  if(${archive}_ARCHIVE)
    get_target_property(configurations ${target} IMPORTED_CONFIGURATIONS)
    foreach(configuration IN LISTS configurations)
      set_target_properties(${target} PROPERTIES IMPORTED_LOCATION_${configuration} ${${archive}_ARCHIVE})
    endforeach()
    set_target_properties(${target} PROPERTIES IMPORTED_LOCATION ${${archive}_ARCHIVE})
  endif()
endfunction()
slipway_prefer_static(yaml-cpp libyaml-cpp.a)
slipway_prefer_static(SQLite::SQLite3 libsqlite3.a)
target_link_libraries(SQLite::SQLite3 INTERFACE Threads::Threads ${CMAKE_DL_LIBS} m)

# RE2: Debian has no CMake package of it.
find_path(RE2_INCLUDE_DIR re2/re2.h REQUIRED)
find_library(RE2_LIBRARY NAMES libre2.a re2 REQUIRED)
mark_as_advanced(RE2_INCLUDE_DIR RE2_LIBRARY)
add_library(slipway_re2 INTERFACE)
target_include_directories(slipway_re2 SYSTEM INTERFACE ${RE2_INCLUDE_DIR})
target_link_libraries(slipway_re2 INTERFACE ${RE2_LIBRARY} Threads::Threads)

# Eigen, headers only; its parts under another licence than MPL2 stay out.
find_path(EIGEN_INCLUDE_DIR Eigen/Cholesky PATH_SUFFIXES eigen3 REQUIRED)
mark_as_advanced(EIGEN_INCLUDE_DIR)
add_library(slipway_eigen INTERFACE)
target_include_directories(slipway_eigen SYSTEM INTERFACE ${EIGEN_INCLUDE_DIR})
target_compile_definitions(slipway_eigen INTERFACE EIGEN_MPL2_ONLY)

# libLBFGS, an archive without a CMake package.
find_path(LBFGS_INCLUDE_DIR lbfgs.h REQUIRED)
find_library(LBFGS_LIBRARY NAMES liblbfgs.a lbfgs REQUIRED)
mark_as_advanced(LBFGS_INCLUDE_DIR LBFGS_LIBRARY)
add_library(slipway_lbfgs INTERFACE)
target_include_directories(slipway_lbfgs SYSTEM INTERFACE ${LBFGS_INCLUDE_DIR})
target_link_libraries(slipway_lbfgs INTERFACE ${LBFGS_LIBRARY})

# Arrow: slipway_arrow is the target that reads tables, slipway_arrow_s3 the one that reaches S3. An installed Arrow
# without S3 is passed over.
set(SLIPWAY_ARROW_VERSION 2600)
find_package(Arrow 20 QUIET)
add_library(slipway_arrow INTERFACE)
add_library(slipway_arrow_s3 INTERFACE)
if(Arrow_FOUND AND ARROW_S3)
  find_package(Parquet REQUIRED)
  target_link_libraries(slipway_arrow INTERFACE Parquet::parquet_shared Arrow::arrow_shared)
  # In some releases a library of its own, in others inside libarrow.
  target_link_libraries(slipway_arrow_s3 INTERFACE $<TARGET_NAME_IF_EXISTS:Arrow::arrow_s3_shared> Arrow::arrow_shared)
else()
  if(NOT EXISTS "${SLIPWAY_DEPS}/arrow/include/arrow/api.h")
    message(FATAL_ERROR "Arrow is not installed and SLIPWAY_DEPS='${SLIPWAY_DEPS}' does not hold it; run 'make setup' first")
  endif()
  target_include_directories(slipway_arrow SYSTEM INTERFACE ${SLIPWAY_DEPS}/arrow/include)
  # Only what is called: the loader maps each of these before `slipway --version` answers.
  foreach(library arrow parquet)
    target_link_libraries(slipway_arrow INTERFACE ${SLIPWAY_DEPS}/arrow/lib/lib${library}.so.${SLIPWAY_ARROW_VERSION})
  endforeach()
  target_include_directories(slipway_arrow_s3 SYSTEM INTERFACE ${SLIPWAY_DEPS}/arrow/include)
  foreach(library arrow_s3 arrow)
    target_link_libraries(slipway_arrow_s3 INTERFACE ${SLIPWAY_DEPS}/arrow/lib/lib${library}.so.${SLIPWAY_ARROW_VERSION})
  endforeach()
endif()

# ONNX Runtime is no dependency of the build: it is opened by name, beside the plug-ins, where a graph needs it.
if(EXISTS "${SLIPWAY_DEPS}/onnxruntime/lib/libonnxruntime.so.1")
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/lib/slipway)
  file(CREATE_LINK ${SLIPWAY_DEPS}/onnxruntime/lib/libonnxruntime.so.1 ${CMAKE_BINARY_DIR}/lib/slipway/libonnxruntime.so.1 SYMBOLIC)
endif()

# ONNX messages: generated from the schema that libonnx-dev ships, against static protobuf, so that the program
# carries no ONNX library.
set(onnx_dir ${CMAKE_BINARY_DIR}/generated/onnx)
file(MAKE_DIRECTORY ${onnx_dir})
add_custom_command(
  OUTPUT ${onnx_dir}/onnx.pb.cc ${onnx_dir}/onnx.pb.h
  COMMAND protobuf::protoc --cpp_out=${onnx_dir} -I/usr/include/onnx /usr/include/onnx/onnx.proto
  DEPENDS /usr/include/onnx/onnx.proto
  VERBATIM)
add_library(slipway_onnx_proto STATIC ${onnx_dir}/onnx.pb.cc)
target_include_directories(slipway_onnx_proto SYSTEM PUBLIC ${CMAKE_BINARY_DIR}/generated)
target_link_libraries(slipway_onnx_proto PUBLIC protobuf::libprotobuf)

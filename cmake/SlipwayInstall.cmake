# What is installed: the program (component "program") and its plug-ins, those of src/train as component "trainers",
# so that what only serves can leave them out. The libraries of others are added by scripts/install.
set_target_properties(slipway PROPERTIES INSTALL_RPATH "$ORIGIN/../lib/slipway")
install(TARGETS slipway RUNTIME DESTINATION bin COMPONENT program)

set(slipway_plugins)
get_property(modules DIRECTORY ${CMAKE_SOURCE_DIR} PROPERTY SUBDIRECTORIES)
foreach(module IN LISTS modules)
  get_property(targets DIRECTORY ${module} PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(type ${target} TYPE)
    if(NOT type STREQUAL "MODULE_LIBRARY" AND NOT type STREQUAL "SHARED_LIBRARY")
      continue()
    endif()
    set(component program)
    if(module STREQUAL "${CMAKE_SOURCE_DIR}/src/train")
      set(component trainers)
    endif()
    set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN")
    install(TARGETS ${target} LIBRARY DESTINATION lib/slipway COMPONENT ${component})
    list(APPEND slipway_plugins ${target})
  endforeach()
endforeach()

# All that users get, without the tests.
add_custom_target(program DEPENDS slipway ${slipway_plugins})

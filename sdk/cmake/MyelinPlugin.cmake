# SPDX-License-Identifier: Apache-2.0
#
# myelin_add_plugin(): how a plugin is built so that nothing of it can be seen or replaced from outside. Part of the
# package myelin-sdk.

set(MYELIN_PLUGIN_MAP ${CMAKE_CURRENT_LIST_DIR}/myelin-plugin.map)

# myelin_add_plugin(NAME source...)
# Adds the target NAME, which builds the plugin `myelin_NAME.so`. C is C11 and C++ is C++17 unless CMAKE_C_STANDARD or
# CMAKE_CXX_STANDARD say otherwise. Only the entry is exported, so two generations of a plugin, or two plugins with
# the same class names, live in one process without seeing each other.
function(myelin_add_plugin NAME)
  add_library(${NAME} MODULE ${ARGN})
  target_link_libraries(${NAME} PRIVATE myelin::sdk)
  set_target_properties(${NAME} PROPERTIES
    PREFIX "" OUTPUT_NAME myelin_${NAME} SUFFIX .so
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LINK_DEPENDS ${MYELIN_PLUGIN_MAP})
  if(NOT CMAKE_C_STANDARD)
    set_target_properties(${NAME} PROPERTIES C_STANDARD 11 C_STANDARD_REQUIRED ON)
  endif()
  if(NOT CMAKE_CXX_STANDARD)
    set_target_properties(${NAME} PROPERTIES CXX_STANDARD 17 CXX_STANDARD_REQUIRED ON)
  endif()
  target_link_options(${NAME} PRIVATE LINKER:--version-script=${MYELIN_PLUGIN_MAP} LINKER:--exclude-libs,ALL)
  # A missing symbol is found here and not when the proxy loads the plugin; sanitizers leave theirs open.
  if(NOT "${CMAKE_C_FLAGS} ${CMAKE_CXX_FLAGS} ${CMAKE_MODULE_LINKER_FLAGS}" MATCHES "-fsanitize")
    target_link_options(${NAME} PRIVATE LINKER:--no-undefined)
  endif()
endfunction()

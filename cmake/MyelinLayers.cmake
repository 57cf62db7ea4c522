# SPDX-License-Identifier: Apache-2.0
#
# One static library per folder of host/, one module per folder of plugins/, one test program per folder
# of tests/. A folder's sources are all the files in it, so that a new file needs no edit here.

# myelin_layer(NAME [DEPENDS layer...] [LIBRARIES lib...])
# The library `myelin_NAME` of the folder that calls. DEPENDS are the layers it may include, handed on to
# those that depend on it. LIBRARIES are third-party; they stay private, so nobody else can include them.
function(myelin_layer NAME)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  add_library(myelin_${NAME} STATIC ${sources})
  target_include_directories(myelin_${NAME} PUBLIC ${PROJECT_SOURCE_DIR}/host)
  list(TRANSFORM ARG_DEPENDS PREPEND myelin_)
  target_link_libraries(myelin_${NAME} PUBLIC ${ARG_DEPENDS} PRIVATE myelin_warnings ${ARG_LIBRARIES})
endfunction()

# myelin_plugin_folder(NAME)
# The algorithm as `myelin_NAME_policy` (static, for tests without dlopen) and the plugin `myelin_NAME.so`.
function(myelin_plugin_folder NAME)
  file(GLOB algorithm CONFIGURE_DEPENDS *.cc)
  list(FILTER algorithm EXCLUDE REGEX "/plugin\\.cc$")
  add_library(myelin_${NAME}_policy STATIC ${algorithm})
  target_include_directories(myelin_${NAME}_policy PUBLIC ${PROJECT_SOURCE_DIR}/plugins)
  target_link_libraries(myelin_${NAME}_policy PUBLIC myelin::sdk PRIVATE myelin_warnings)
  add_library(myelin_plugin_${NAME} MODULE plugin.cc)
  target_link_libraries(myelin_plugin_${NAME} PRIVATE myelin_${NAME}_policy myelin_warnings)
  target_link_options(myelin_plugin_${NAME} PRIVATE -Wl,--no-undefined -Wl,--exclude-libs,ALL
    -Wl,--version-script=${PROJECT_SOURCE_DIR}/sdk/cmake/myelin-plugin.map)
  if(MYELIN_SANITIZE)
    target_link_options(myelin_plugin_${NAME} PRIVATE -Wl,-z,undefs)
  endif()
  set_target_properties(myelin_plugin_${NAME} PROPERTIES
    PREFIX "" OUTPUT_NAME myelin_${NAME} LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/plugins)
  install(TARGETS myelin_plugin_${NAME} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/myelin/plugins)
endfunction()

# Read by programs built with ThreadSanitizer only.
set(MYELIN_TSAN_ENVIRONMENT
  "TSAN_OPTIONS=ignore_noninstrumented_modules=1 suppressions=${PROJECT_SOURCE_DIR}/tests/tsan.supp")

# myelin_test(NAME [LABELS label...] LIBRARIES lib...)
# The program `NAME_test` of all the *_test.cc files in the folder that calls. Mocks take the optimiser longer than it
# ever saves.
function(myelin_test NAME)
  cmake_parse_arguments(ARG "" "" "LIBRARIES;LABELS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  add_executable(${NAME}_test ${sources})
  target_include_directories(${NAME}_test PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${NAME}_test PRIVATE myelin_warnings ${ARG_LIBRARIES} GTest::gmock_main)
  target_compile_options(${NAME}_test PRIVATE $<$<CONFIG:RelWithDebInfo>:-O1> $<$<CONFIG:RelWithDebInfo>:-g1>)
  target_compile_definitions(${NAME}_test PRIVATE
    MYELIN_SOURCE_DIR="${PROJECT_SOURCE_DIR}" MYELIN_BUILD_DIR="${PROJECT_BINARY_DIR}")
  set_target_properties(${NAME}_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  gtest_discover_tests(${NAME}_test TEST_PREFIX "${NAME}." DISCOVERY_MODE PRE_TEST
    PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 120
    ENVIRONMENT "${MYELIN_TSAN_ENVIRONMENT}")
endfunction()

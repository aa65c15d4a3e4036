# quiver_layer(NAME [SEPARATE] [DEPENDS layer...] [PRIVATE target...] [SOURCES extra...])
#
# Makes one static library of the folder src/NAME. A layer sees its own headers, the public
# headers, and those of the layers it DEPENDS on (and theirs), nothing else: an include of a
# higher floor is "No such file". PRIVATE names vendor targets that must not show in the layer's
# headers. SOURCES names generated sources. Files named *_test.cc become the executable
# NAME_test, which links this layer alone, so an upward call does not link.
#
# With QUIVER_UNITY (the default) sources are compiled four at a time, which halves the time of a clean
# build; SEPARATE excepts a layer whose sources share names. The preset tidy compiles each source
# alone, so that a missing include shows.
function(quiver_layer name)
  cmake_parse_arguments(arg "SEPARATE" "" "DEPENDS;PRIVATE;SOURCES" ${ARGN})

  # The include root of a layer holds one link to its folder, so "NAME/x.h" resolves
  # through it and through no other root.
  set(root ${PROJECT_BINARY_DIR}/layers/${name})
  file(MAKE_DIRECTORY ${root})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR}/${name} ${root}/${name} SYMBOLIC)

  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${name}/*.h)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${name}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(TRANSFORM headers REPLACE "^${CMAKE_CURRENT_SOURCE_DIR}" "${root}")

  set(kind STATIC)
  set(scope PUBLIC)
  if(NOT sources)
    set(kind INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(quiver_${name} ${kind} ${sources} ${arg_SOURCES})
  add_library(quiver::layer_${name} ALIAS quiver_${name})
  target_sources(quiver_${name} ${scope} FILE_SET HEADERS BASE_DIRS ${root} FILES ${headers})
  list(TRANSFORM arg_DEPENDS PREPEND quiver::layer_)
  target_link_libraries(quiver_${name} ${scope} quiver::api ${arg_DEPENDS})
  if(QUIVER_UNITY AND NOT arg_SEPARATE)
    set_target_properties(quiver_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 4)
  endif()
  if(NOT kind STREQUAL INTERFACE)
    target_link_libraries(quiver_${name} PRIVATE quiver_warnings ${arg_PRIVATE})
    set_property(GLOBAL APPEND PROPERTY QUIVER_LAYER_OBJECTS $<TARGET_OBJECTS:quiver_${name}>)
  endif()

  # For the preset coverage: without exceptions g++ makes no branches of its own behind every call. Two
  # floors catch what callers' functions and the system's threads throw, and one source of base does.
  if(QUIVER_COVERAGE AND NOT name MATCHES "^(io|admin)$" AND NOT kind STREQUAL INTERFACE)
    target_compile_options(quiver_${name} PRIVATE -fno-exceptions)
  endif()

  if(tests AND QUIVER_BUILD_TESTS)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE quiver::layer_${name} quiver_warnings
                          quiver_test_support GTest::gtest GTest::gtest_main ${arg_PRIVATE})
    if(QUIVER_COVERAGE)
      target_compile_options(${name}_test PRIVATE -fno-exceptions)
    endif()
    add_test(NAME ${name} COMMAND ${name}_test)
    set_tests_properties(${name} PROPERTIES TIMEOUT 600)
  endif()
endfunction()

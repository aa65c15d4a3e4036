# quiver_flatbuffers_schema(TARGET SCHEMA.fbs)
#
# Makes SCHEMA_generated.h with flatc at build time. Only what names TARGET in its PRIVATE list
# can include it, so generated code shows in no other floor and in no installed header.
function(quiver_flatbuffers_schema target schema)
  cmake_path(GET schema STEM name)
  set(directory ${PROJECT_BINARY_DIR}/generated/${target})
  set(header ${directory}/${name}_generated.h)
  add_custom_command(OUTPUT ${header}
    COMMAND ${FLATC} --cpp --cpp-std c++17 --scoped-enums -o ${directory} ${schema}
    DEPENDS ${schema} VERBATIM COMMENT "Generating ${name}_generated.h")
  add_custom_target(${target}_generate DEPENDS ${header})
  add_library(${target} INTERFACE)
  add_dependencies(${target} ${target}_generate)
  target_include_directories(${target} SYSTEM INTERFACE $<BUILD_INTERFACE:${directory}>)
  target_link_libraries(${target} INTERFACE quiver_flatbuffers)
endfunction()

quiver_flatbuffers_schema(quiver_arrow_format
                          ${PROJECT_SOURCE_DIR}/src/arrow_ipc/arrow_format.fbs)

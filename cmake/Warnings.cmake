# Warnings are errors; sanitizers come in through QUIVER_SANITIZE, the schedule fuzzer through
# QUIVER_SCHEDULE_FUZZ.
add_library(quiver_warnings INTERFACE)
target_compile_options(quiver_warnings INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-align -Woverloaded-virtual
  -Wnull-dereference -Wvla -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(quiver_warnings INTERFACE -Wthread-safety -Wno-missing-field-initializers)
else()
  # g++ 12 reports these falsely inside libstdc++ once optimised.
  target_compile_options(quiver_warnings INTERFACE -Wno-null-dereference -Wno-restrict
    -Wno-maybe-uninitialized -Wno-missing-field-initializers)
endif()
if(QUIVER_SANITIZE)
  add_compile_options(-fsanitize=${QUIVER_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${QUIVER_SANITIZE})
endif()
if(QUIVER_BUILD_FUZZERS)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "the fuzz targets need clang's libFuzzer: configure with the preset fuzz")
  endif()
  # The coverage that libFuzzer steers by; the fuzzer itself is linked into the targets only.
  add_compile_options(-fsanitize=fuzzer-no-link
                      -fsanitize-coverage-ignorelist=${PROJECT_SOURCE_DIR}/fuzz/coverage_ignored.txt)
  add_compile_definitions(QUIVER_HUGE_PAGE_BYTES=65536)
endif()
if(QUIVER_SCHEDULE_FUZZ)
  add_compile_definitions(QUIVER_SCHEDULE_FUZZ)
endif()

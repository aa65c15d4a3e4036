# The installed package: one static library of all floors, the public headers, a CMake package and a
# pkg-config file.
include(CMakePackageConfigHelpers)

get_property(layer_objects GLOBAL PROPERTY QUIVER_LAYER_OBJECTS)
add_library(quiver STATIC ${layer_objects})
add_library(quiver::quiver ALIAS quiver)
set_target_properties(quiver PROPERTIES LINKER_LANGUAGE CXX)
target_include_directories(quiver INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_features(quiver INTERFACE cxx_std_23)
# By name, not by path: the package must not carry this machine's folders.
target_link_libraries(quiver PUBLIC lz4 zstd Threads::Threads)

install(TARGETS quiver EXPORT quiverTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${public_headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/quiver)
install(EXPORT quiverTargets NAMESPACE quiver:: FILE quiverTargets.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/quiver)
configure_package_config_file(cmake/quiverConfig.cmake.in
  ${PROJECT_BINARY_DIR}/quiverConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/quiver)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/quiverConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/quiverConfig.cmake ${PROJECT_BINARY_DIR}/quiverConfigVersion.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/quiver)
# Relative to itself, so that the installed tree can be moved.
file(RELATIVE_PATH pc_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/quiver.pc.in ${PROJECT_BINARY_DIR}/quiver.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/quiver.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

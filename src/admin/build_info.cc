// What this build is: for --version and bug reports.
#include <lz4.h>
#include <xxhash.h>
#include <zstd.h>

#include <string>

#include "quiver/admin.h"

namespace quiver {

std::string_view VersionString() noexcept {
  return QUIVER_VERSION;
}

std::string BuildInfo() {
  std::string info = "quiver " QUIVER_VERSION "\n";
  info += "disk format 1 (tables, log, manifest)\n";
  info += "codecs: none, lz4 " + std::string(LZ4_versionString()) + ", zstd " +
          ZSTD_versionString() + "\n";
  info += "checksums: xxh3 " + std::to_string(XXH_VERSION_MAJOR) + "." +
          std::to_string(XXH_VERSION_MINOR) + "." + std::to_string(XXH_VERSION_RELEASE) + "\n";
#if defined(__clang__)
  info += "compiler: clang " __clang_version__ "\n";
#else
  info += "compiler: g++ " __VERSION__ "\n";
#endif
#if defined(__x86_64__)
  info += "instruction sets in use:";
  if (__builtin_cpu_supports("avx512f")) info += " avx512f";
  if (__builtin_cpu_supports("avx2")) info += " avx2";
  info += " sse2\n";
#endif
#ifdef NDEBUG
  info += "assertions: release\n";
#else
  info += "assertions: debug\n";
#endif
  return info;
}

}  // namespace quiver

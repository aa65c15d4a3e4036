// The engines of this build. CMake defines QUIVER_BENCH_<PEER> where it found the library.
#include "engine.h"

namespace quiver::bench {

std::vector<EngineKind> AllEngineKinds() {
  std::vector<EngineKind> kinds{QuiverEngineKind()};
#ifdef QUIVER_BENCH_ROCKSDB
  kinds.push_back(RocksDbEngineKind());
#endif
#ifdef QUIVER_BENCH_LEVELDB
  kinds.push_back(LevelDbEngineKind());
#endif
#ifdef QUIVER_BENCH_LMDB
  kinds.push_back(LmdbEngineKind());
#endif
  return kinds;
}

}  // namespace quiver::bench

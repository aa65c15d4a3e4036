// Reads a state that later writes do not change.   usage: 03_snapshot DIRECTORY
#include <quiver/quiver.h>

#include <cstdio>

namespace {

quiver::Result<void> Run(const char* directory) {
  auto db = quiver::Database::Open(directory);
  if (!db) return db.error();
  if (auto put = (*db)->Put("price", "10"); !put) return put;
  auto snapshot = (*db)->NewSnapshot();
  if (!snapshot) return snapshot.error();
  if (auto put = (*db)->Put("price", "12"); !put) return put;

  const quiver::ReadOptions before{.snapshot = &*snapshot};
  auto then = (*db)->Get("price", before);
  auto now = (*db)->Get("price");
  if (!then) return then.error();
  if (!now) return now.error();
  std::printf("then %s, now %s\n", (*then)->ToString().c_str(), (*now)->ToString().c_str());
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::puts("usage: 03_snapshot DIRECTORY"), 2;
  const auto done = Run(argv[1]);
  if (!done) std::puts(done.error().ToString().c_str());
  return done ? 0 : 1;
}

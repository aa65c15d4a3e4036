// Writes a batch atomically and scans a prefix both ways.   usage: 02_batch_and_scan DIRECTORY
#include <quiver/quiver.h>

#include <cstdio>

namespace {

quiver::Result<void> Run(const char* directory) {
  auto db = quiver::Database::Open(directory, quiver::HighPerformance());
  if (!db) return db.error();
  quiver::WriteBatch batch;
  for (int i = 0; i < 5; ++i) {
    if (auto put = batch.Put("fruit/" + std::to_string(i), "crate"); !put) return put;
  }
  if (auto removed = batch.Delete("fruit/3"); !removed) return removed;
  if (auto written = (*db)->Write(batch); !written) return written.error();

  quiver::IteratorOptions options;
  options.prefix = "fruit/";
  auto rows = (*db)->NewIterator(options);
  if (!rows) return rows.error();
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    std::printf("%s ", std::string(rows->key()).c_str());
  }
  std::puts("");
  for (rows->SeekToLast(); rows->Valid(); rows->Prev()) {
    std::printf("%s ", std::string(rows->key()).c_str());
  }
  std::puts("");
  return rows->status();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::puts("usage: 02_batch_and_scan DIRECTORY"), 2;
  const auto done = Run(argv[1]);
  if (!done) std::puts(done.error().ToString().c_str());
  return done ? 0 : 1;
}

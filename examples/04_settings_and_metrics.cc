// Starts from a preset, changes settings by name, prints what is wrong or the metrics.
// usage: 04_settings_and_metrics DIRECTORY
#include <quiver/quiver.h>

#include <cstdio>

namespace {

quiver::Result<void> Run(const char* directory) {
  quiver::DatabaseConfig config = quiver::MemoryEfficient();
  if (auto set = quiver::SetSetting(config, "memtable_kind", "trie"); !set) return set;
  if (auto set = quiver::SetSetting(config, "memtable_size_bytes", "2MiB"); !set) return set;
  for (const auto& violation : quiver::ValidateConfig(config)) {
    std::puts(violation.ToString().c_str());
  }
  auto db = quiver::Database::Open(directory, config);
  if (!db) return db.error();
  for (int i = 0; i < 1000; ++i) {
    if (auto put = (*db)->Put("key" + std::to_string(i), "value"); !put) return put;
  }
  if (auto flushed = (*db)->Flush(); !flushed) return flushed;
  std::fputs((*db)->Metrics().ToText().c_str(), stdout);
  return (*db)->Close();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::puts("usage: 04_settings_and_metrics DIRECTORY"), 2;
  const auto done = Run(argv[1]);
  if (!done) std::puts(done.error().ToString().c_str());
  return done ? 0 : 1;
}

// Quiver behind the benchmark's interface: the high_performance preset with the common budget.
#include "engine.h"
#include "quiver/admin.h"
#include "quiver/quiver.h"

namespace quiver::bench {

namespace {

// What a flush and each compaction may hold: the memory limit covers it beside memtables and cache
// (docs/configuration.md, "Rules between settings").
constexpr std::uint64_t kJobBufferBytes = std::uint64_t{4} << 20;

DatabaseConfig ConfigFor(const EngineOptions& options) {
  DatabaseConfig config = HighPerformance();
  config.error_if_exists = true;
  config.memtable_size_bytes = options.memtable_bytes;
  config.memtable_count_max = options.memtable_count_max;
  config.compaction_threads = options.compaction_threads;
  config.memory_limit_bytes = options.cache_bytes +
                              options.memtable_bytes * options.memtable_count_max +
                              kJobBufferBytes * (options.compaction_threads + 1);
  config.filter_bits_per_key = options.filter_bits_per_key;
  config.compression =
      options.codec == Codec::kLz4 ? CompressionKind::kLz4 : CompressionKind::kNone;
  config.compression_bottom = config.compression;
  return config;
}

class QuiverEngine final : public Engine {
 public:
  explicit QuiverEngine(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  Result<void> Put(std::string_view key, std::string_view value) override {
    return database_->Put(key, value);
  }

  Result<void> WriteBatch(std::span<const KeyValue> entries) override {
    batch_.Clear();
    for (const KeyValue& entry : entries) {
      if (auto added = batch_.Put(entry.key, entry.value); !added) return added;
    }
    if (auto written = database_->Write(batch_); !written) return written.error();
    return {};
  }

  Result<bool> Get(std::string_view key, std::string& value) override {
    return database_->GetInto(key, value);
  }

  Result<ScanTotals> ScanAll() override {
    auto iterator = database_->NewIterator();
    if (!iterator) return iterator.error();
    ScanTotals totals;
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
      totals.Count(iterator->key(), iterator->value());
    }
    if (auto status = iterator->status(); !status) return status.error();
    return totals;
  }

  Result<void> Sync() override { return database_->SyncLog(); }

  Result<double> Settle() override {
    if (auto flushed = database_->Flush(); !flushed) return flushed.error();
    if (auto waited = database_->WaitForBackgroundWork(); !waited) return waited.error();
    return 0.0;
  }

  Result<void> Close() override { return database_->Close(); }

 private:
  std::unique_ptr<Database> database_;
  quiver::WriteBatch batch_;
};

Result<std::unique_ptr<Engine>> Open(const EngineOptions& options) {
  auto database = Database::Open(options.directory, ConfigFor(options));
  if (!database) return database.error();
  return std::make_unique<QuiverEngine>(std::move(*database));
}

// Every setting that differs from the defaults.
std::string Describe(const EngineOptions& options) {
  const DatabaseConfig config = ConfigFor(options);
  const DatabaseConfig defaults;
  std::string text = "preset high_performance; what differs from the defaults:";
  for (const SettingInfo& setting : ConfigTable()) {
    const auto value = GetSetting(config, setting.name);
    const auto usual = GetSetting(defaults, setting.name);
    if (!value || !usual || *value == *usual) continue;
    text += " " + std::string(setting.name) + "=" + *value;
  }
  return text;
}

}  // namespace

EngineKind QuiverEngineKind() {
  return {.name = "Quiver",
          .version = std::string(VersionString()),
          .note = "",
          .compresses = true,
          .open = Open,
          .describe = Describe};
}

}  // namespace quiver::bench

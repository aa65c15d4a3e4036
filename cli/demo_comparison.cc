// The second step of the demonstration: the presets and the memtables on the same work.
#include <chrono>
#include <cstdio>

#include "demo.h"
#include "progress.h"

namespace quiver::cli {

namespace {

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::uint64_t DiskBytes(const std::filesystem::path& directory) {
  std::uint64_t bytes = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (entry.path().extension() == ".arrow") bytes += entry.file_size(error);
  }
  return bytes;
}

// Puts one by one in a scattered order, then gets, then a scan; all of it through the public API.
Result<ComparisonRow> Measure(const std::filesystem::path& directory, const std::string& name,
                              const DatabaseConfig& config, const Records& records) {
  ComparisonRow row;
  row.name = name;
  row.memtable = MemtableKindName(config.memtable_kind);
  row.log = WalModeName(config.wal_mode);
  row.strategy = CompactionStrategyName(config.compaction_strategy);
  auto opened = Database::Open(directory, config);
  if (!opened) return opened.error();
  Database& db = **opened;
  Progress progress("  " + name, "rows", records.size());
  // In sync mode each put waits for the disk: fewer of them say the same.
  const std::size_t puts = config.wal_mode == WalMode::kSync
                               ? std::min<std::size_t>(records.size(), 4000)
                               : records.size();

  auto start = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < puts; ++i) {
    const auto& [key, value] = records[i * 7919 % records.size()];
    if (const auto put = db.Put(key, value); !put) return put.error();
    progress.Update(i);
  }
  row.puts_per_second = static_cast<double>(puts) / SecondsSince(start);
  row.put_p99_us = static_cast<double>(db.Metrics().put.latency.p99_ns) / 1e3;

  std::string value;
  start = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < puts; ++i) {
    const auto found = db.GetInto(records[i * 104729 % puts * 7919 % records.size()].first, value);
    if (!found) return found.error();
    if (!*found) return Error(ErrorCode::kInternal, "a record that was put is absent");
  }
  row.gets_per_second = static_cast<double>(puts) / SecondsSince(start);

  start = std::chrono::steady_clock::now();
  auto rows = db.NewIterator();
  if (!rows) return rows.error();
  std::size_t count = 0;
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) ++count;
  row.rows_per_second = static_cast<double>(count) / SecondsSince(start);
  if (count != puts) return Error(ErrorCode::kInternal, "the scan and the puts disagree");

  if (const auto flushed = db.Flush(); !flushed) return flushed.error();
  if (const auto settled = db.WaitForBackgroundWork(); !settled) return settled.error();
  row.disk_bytes = static_cast<double>(DiskBytes(directory)) / static_cast<double>(puts) *
                   static_cast<double>(records.size());
  if (const auto closed = db.Close(); !closed) return closed.error();
  std::error_code ignored;
  std::filesystem::remove_all(directory, ignored);
  return row;
}

void Print(const ComparisonRow& row) {
  std::printf("  %-18s %-18s %-6s %-14s %10.0f %10.0f %12.0f %9.1f\n", row.name.c_str(),
              row.memtable.c_str(), row.log.c_str(), row.strategy.c_str(), row.puts_per_second,
              row.gets_per_second, row.rows_per_second, row.disk_bytes / (1 << 20));
  std::fflush(stdout);
}

}  // namespace

Result<std::vector<ComparisonRow>> DemoComparison(const std::filesystem::path& directory,
                                                  const Records& records) {
  std::printf(
      "\n3. Configurations on the same %zu records (puts one by one, gets, a scan before the last "
      "flush)\n  %-18s %-18s %-6s %-14s %10s %10s %12s %9s\n",
      records.size(), "configuration", "memtable", "log", "strategy", "puts/s", "gets/s",
      "scan rows/s", "MiB");
  std::filesystem::create_directories(directory);
  std::vector<ComparisonRow> rows;
  for (const std::string_view name : PresetNames()) {
    const auto preset = Preset(name);
    if (!preset) return preset.error();
    auto row = Measure(directory / "preset", std::string(name), *preset, records);
    if (!row) return row.error();
    row->is_preset = true;
    Print(*row);
    rows.push_back(std::move(*row));
  }
  const SettingInfo* memtable_setting = nullptr;
  for (const SettingInfo& setting : ConfigTable()) {
    if (setting.name == "memtable_kind") memtable_setting = &setting;
  }
  for (const std::string_view kind : memtable_setting->choices) {
    DatabaseConfig config;
    config.wal_mode = WalMode::kAsync;
    config.memtable_size_bytes = std::uint64_t{4} << 20;  // the largest that suits all eight
    config.memtable_hash_buckets = 1U << 14;
    if (const auto set = SetSetting(config, "memtable_kind", kind); !set) return set.error();
    auto row = Measure(directory / "memtable", "4 MiB memtable", config, records);
    if (!row) return row.error();
    row->name = std::string(kind);
    Print(*row);
    rows.push_back(std::move(*row));
  }
  return rows;
}

}  // namespace quiver::cli

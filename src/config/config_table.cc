// See config_table.h. A row's type and choices follow from the C++ type of its field and, between
// plain integers and sizes, from the "_bytes" in its name.
#include "config/config_table.h"

#include <array>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "config/enum_names.h"

namespace quiver {

namespace {

constexpr std::uint64_t kKiB = std::uint64_t{1} << 10;
constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;
constexpr std::uint64_t kTiB = std::uint64_t{1} << 40;
constexpr std::uint64_t kPiB = std::uint64_t{1} << 50;

constexpr std::uint64_t kHourMs = 3'600'000;
constexpr std::uint64_t kCenturyS = std::uint64_t{100} * 365 * 24 * 3600;

template <typename Field>
Field FieldType(Field DatabaseConfig::*);

// What a row says for itself; the rest follows from the field.
struct RowText {
  std::string_view name;
  std::string_view group;
  std::string_view flag;
  std::uint64_t minimum;
  std::uint64_t maximum;
  bool fixed_at_creation;
  bool per_open;
  bool per_keyspace;
  std::string_view sentence;
};

template <auto kField>
consteval SettingRow MakeRow(const RowText& text) {
  using Field = decltype(FieldType(kField));
  SettingRow row{};
  row.info = {.name = text.name,
              .group = text.group,
              .flag = text.flag,
              .type = SettingType::kInteger,
              .minimum = text.minimum,
              .maximum = text.maximum,
              .choices = {},
              .fixed_at_creation = text.fixed_at_creation,
              .per_open = text.per_open,
              .per_keyspace = text.per_keyspace,
              .sentence = text.sentence};
  if constexpr (std::is_same_v<Field, bool>) {
    row.info.type = SettingType::kBool;
    row.info.maximum = 1;
  } else if constexpr (std::is_enum_v<Field>) {
    row.info.type = SettingType::kEnum;
    row.info.choices = EnumNames<Field>();
    row.info.maximum = row.info.choices.size() - 1;
  } else {
    if (text.name.find("_bytes") != std::string_view::npos) row.info.type = SettingType::kSize;
    // A failing check cannot be evaluated by the compiler, so that it stops the build.
    QUIVER_CHECK(text.minimum < text.maximum && std::in_range<Field>(text.maximum));
    row.is_signed = std::is_signed_v<Field>;
  }
  row.read = [](const DatabaseConfig& config) noexcept {
    return static_cast<std::uint64_t>(config.*kField);
  };
  row.write = [](DatabaseConfig& config, std::uint64_t value) noexcept {
    config.*kField = static_cast<Field>(value);
  };
  return row;
}

// The one macro: it keeps a row's name and its field from disagreeing.
#define QUIVER_SETTING(field, ...) MakeRow<&DatabaseConfig::field>({.name = #field, __VA_ARGS__})

// clang-format off
constexpr std::array kRows{
    QUIVER_SETTING(create_if_missing, .group = "general", .per_open = true,
        .sentence = "Create the database if the directory holds none."),
    QUIVER_SETTING(error_if_exists, .group = "general", .per_open = true,
        .sentence = "Refuse to open a database that exists already."),
    QUIVER_SETTING(store_settings, .group = "general", .per_open = true,
        .sentence = "Store the settings with an existing database; false keeps them to this open."),
    QUIVER_SETTING(memory_limit_bytes, .group = "general", .flag = "memory-limit",
        .minimum = 24 * kMiB, .maximum = 16 * kTiB,
        .sentence = "Memory of memtables, block cache, table indexes and compactions together; "
                    "the cache takes what the others leave."),

    QUIVER_SETTING(merge_operator, .group = "general", .fixed_at_creation = true,
        .per_keyspace = true,
        .sentence = "What a merge does to a value: nothing, since it is refused; adds 64-bit "
                    "integers; appends; or what the program that opens the database says."),

    QUIVER_SETTING(memtable_kind, .group = "memtable", .flag = "memtable",
        .per_keyspace = true,
        .sentence = "In-memory structure that takes writes until a flush (docs/memtables.md)."),
    QUIVER_SETTING(memtable_size_bytes, .group = "memtable", .flag = "memtable-size",
        .minimum = 16 * kKiB, .maximum = 16 * kGiB,
        .per_keyspace = true,
        .sentence = "Size at which a memtable is sealed and flushed."),
    QUIVER_SETTING(memtable_count_max, .group = "memtable", .minimum = 2, .maximum = 64,
        .per_keyspace = true,
        .sentence = "Memtables in memory at most, the one that takes writes included; beyond it "
                    "writes wait for a flush."),
    QUIVER_SETTING(memtable_hash_buckets, .group = "memtable", .minimum = 16, .maximum = 1U << 26,
        .per_keyspace = true,
        .sentence = "Buckets of the hash kinds of memtable: a power of two."),

    QUIVER_SETTING(wal_mode, .group = "wal", .flag = "wal-mode",
        .sentence = "When an acknowledged write survives a power cut (docs/guarantees.md)."),
    QUIVER_SETTING(wal_batch_bytes, .group = "wal", .minimum = 4 * kKiB, .maximum = kGiB,
        .sentence = "Mode batch: the log is synced when this much of it is not."),
    QUIVER_SETTING(wal_batch_interval_ms, .group = "wal", .minimum = 1, .maximum = kHourMs,
        .sentence = "Mode batch: a sync of the log begins this long after a write at the latest."),
    QUIVER_SETTING(wal_recovery_mode, .group = "wal", .per_open = true,
        .sentence = "What an open does with a damaged log (docs/guarantees.md)."),

    QUIVER_SETTING(key_width_bytes, .group = "table", .maximum = 65'535,
        .fixed_at_creation = true,
        .per_keyspace = true,
        .sentence = "Width of every key, which makes tables smaller and faster; 0 allows any."),
    QUIVER_SETTING(value_width_bytes, .group = "table", .maximum = kMiB,
        .fixed_at_creation = true,
        .per_keyspace = true,
        .sentence = "Width of every value, which makes tables smaller and faster; 0 allows any."),
    QUIVER_SETTING(block_size_bytes, .group = "table", .flag = "block-size",
        .minimum = kKiB, .maximum = kMiB,
        .per_keyspace = true,
        .sentence = "Keys and values in one block of a table, before compression."),
    QUIVER_SETTING(value_chunk_bytes, .group = "table", .minimum = kKiB, .maximum = kMiB,
        .per_keyspace = true,
        .sentence = "Piece of a compressed block's values that a get can decode alone."),
    QUIVER_SETTING(compression, .group = "table", .flag = "compression",
        .per_keyspace = true,
        .sentence = "Compression of the tables above the last level."),
    QUIVER_SETTING(compression_bottom, .group = "table",
        .per_keyspace = true,
        .sentence = "Compression of the tables of the last level."),
    QUIVER_SETTING(compression_level, .group = "table", .minimum = 1, .maximum = 19,
        .per_keyspace = true,
        .sentence = "Level of zstd: higher is smaller and slower to write."),
    QUIVER_SETTING(filter_bits_per_key, .group = "table", .maximum = 32,
        .per_keyspace = true,
        .sentence = "Memory of a table's filter for each key; 0 makes no filter."),
    QUIVER_SETTING(verify_output, .group = "table",
        .sentence = "Read every new table back and verify it before it is used."),
    QUIVER_SETTING(open_files_max, .group = "table", .minimum = 16, .maximum = 1'000'000,
        .sentence = "Tables held open at most."),

    QUIVER_SETTING(compaction_strategy, .group = "compaction", .flag = "compaction",
        .per_keyspace = true,
        .sentence = "How tables are merged; fifo drops old data instead."),
    QUIVER_SETTING(table_size_bytes, .group = "compaction", .flag = "table-size",
        .minimum = 16 * kKiB, .maximum = 4 * kGiB,
        .per_keyspace = true,
        .sentence = "Size at which a compaction closes a table and starts the next."),
    QUIVER_SETTING(level0_run_trigger, .group = "compaction", .minimum = 1, .maximum = 256,
        .per_keyspace = true,
        .sentence = "Leveled and fifo: runs of level 0 at which their merge is due; leveled "
                    "counts one larger than a memtable as several."),
    QUIVER_SETTING(level_base_bytes, .group = "compaction", .minimum = 16 * kKiB, .maximum = kTiB,
        .per_keyspace = true,
        .sentence = "Leveled: target size of the first level below level 0."),
    QUIVER_SETTING(level_size_ratio, .group = "compaction", .minimum = 2, .maximum = 100,
        .per_keyspace = true,
        .sentence = "How many times as large as the level above a level may grow."),
    QUIVER_SETTING(level_count_max, .group = "compaction", .minimum = 2, .maximum = 16,
        .per_keyspace = true,
        .sentence = "Levels at most, level 0 included."),
    QUIVER_SETTING(tier_run_trigger, .group = "compaction", .minimum = 2, .maximum = 64,
        .per_keyspace = true,
        .sentence = "Tiered and lazy_leveling: runs of a level at which their merge is due; in "
                    "level 0 one larger than a memtable counts as several."),
    QUIVER_SETTING(space_amplification_max_percent, .group = "compaction",
        .minimum = 101, .maximum = 10'000,
        .per_keyspace = true,
        .sentence = "Tiered and lazy_leveling: size of all tables, as a percentage of the last "
                    "run, at which merging into it is due."),
    QUIVER_SETTING(fifo_size_limit_bytes, .group = "compaction", .maximum = kPiB,
        .per_keyspace = true,
        .sentence = "Fifo: the oldest tables are dropped beyond this size in all; 0 sets no "
                    "limit."),
    QUIVER_SETTING(fifo_age_limit_s, .group = "compaction", .maximum = kCenturyS,
        .per_keyspace = true,
        .sentence = "Fifo: tables older than this are dropped; 0 sets no limit."),
    QUIVER_SETTING(compaction_threads, .group = "compaction", .minimum = 1, .maximum = 64,
        .sentence = "Threads that merge tables; flushes have a thread of their own."),
    QUIVER_SETTING(compaction_rate_limit_bytes_per_s, .group = "compaction", .maximum = kTiB,
        .sentence = "What compactions (not flushes) write in a second at most; 0 sets no limit."),
    QUIVER_SETTING(idle_compaction_delay_ms, .group = "compaction", .maximum = kHourMs,
        .sentence = "Time without a write after which runs are merged for the sake of reads, "
                    "though no merge is due; 0: never."),

    QUIVER_SETTING(slowdown_run_count, .group = "write", .minimum = 2, .maximum = 10'000,
        .per_keyspace = true,
        .sentence = "Runs of level 0 at which writes begin to be slowed."),
    QUIVER_SETTING(stop_run_count, .group = "write", .minimum = 2, .maximum = 10'000,
        .per_keyspace = true,
        .sentence = "Runs of level 0 at which writes stop until a compaction has made fewer."),
    QUIVER_SETTING(disk_reserve_bytes, .group = "write", .maximum = kTiB,
        .sentence = "Disk space kept free for the log and a compaction; writes stop before it is "
                    "used."),
};
// clang-format on
#undef QUIVER_SETTING

// Converts to any field, so that the fields of an aggregate can be counted by initialising them.
struct AnyField {
  template <typename T>
  constexpr operator T() const noexcept;  // NOLINT(google-explicit-constructor)
};

template <typename Aggregate, typename... Fields>
consteval std::size_t CountFields() {
  if constexpr (requires { Aggregate{Fields{}..., AnyField{}}; }) {
    return CountFields<Aggregate, Fields..., AnyField>();
  } else {
    return sizeof...(Fields);
  }
}

static_assert(CountFields<DatabaseConfig>() == kRows.size(),
              "every field of DatabaseConfig has exactly one row in the settings table");
static_assert(kRows.size() <= kSettingCountMax);

constexpr auto kInfos = [] {
  std::array<SettingInfo, kRows.size()> infos{};
  for (std::size_t i = 0; i < kRows.size(); ++i) infos[i] = kRows[i].info;
  return infos;
}();

}  // namespace

DatabaseConfig StoredSettings(const DatabaseConfig& config) noexcept {
  const DatabaseConfig defaults;
  DatabaseConfig stored = config;
  for (const SettingRow& row : SettingRows()) {
    if (row.info.per_open) row.write(stored, row.read(defaults));
  }
  return stored;
}

std::span<const SettingRow> SettingRows() noexcept {
  return kRows;
}

std::span<const SettingInfo> ConfigTable() noexcept {
  return kInfos;
}

}  // namespace quiver

// See config_reference.h.
#include "config/config_reference.h"

#include "config/config_limits.h"
#include "config/config_table.h"
#include "config/setting_text.h"

namespace quiver {

namespace {

constexpr std::string_view kIntroduction = R"(# Configuration

<!-- Made by src/config from its settings table. To change it: change the table, then
     QUIVER_REWRITE=1 config_test -->

A database has the settings below. They come, later ones winning, from a preset, a TOML file, and
the flags of the command or the program that opens the database.

In a file a setting stands at the top or under the heading of its group:

```toml
memory_limit_bytes = "1GiB"

[memtable]
memtable_kind = "hash_skiplist"
memtable_size_bytes = "64MiB"
```

Sizes are plain bytes or a string with a unit: `67108864`, `"64MiB"`, `"64 MB"`, `"64K"`. Units are
powers of 1024 whatever their spelling. A file with an unknown, repeated or out-of-range setting is
refused, and every fault is reported with its line. A setting marked *fixed* belongs to the format
of the tables and cannot change once the database is created. The others are stored with the
database by every open of a program (docs/formats/config.md), so that tools see what it uses; those
marked *per open* are about one open only and are never stored. Those marked *per keyspace* may be
another in each keyspace: a keyspace gets its values when it is created and keeps them
(docs/keyspaces.md); CONFIG.toml holds those of the default one. With the command a new database
keeps its first settings; on an existing one a flag is for that call alone, and
`quiver config set DIR --FLAG VALUE` stores new ones.

)";

constexpr std::string_view kRules = R"(## Rules between settings

All broken rules are reported at once when a database is opened.

)";

std::string_view TypeName(SettingType type) {
  switch (type) {
    case SettingType::kBool: return "boolean";
    case SettingType::kInteger: return "integer";
    case SettingType::kSize: return "size";
    case SettingType::kEnum: return "name";
  }
  return "";
}

void AppendSettings(std::string& page) {
  const DatabaseConfig defaults;
  std::string_view group;
  for (const SettingRow& row : SettingRows()) {
    if (row.info.group != group) {
      if (!group.empty()) page += '\n';
      group = row.info.group;
      page += "## [" + std::string(group) + "]\n\n";
      page += "| setting | type | default | allowed | meaning |\n|---|---|---|---|---|\n";
    }
    page += "| `" + std::string(row.info.name) + "` | ";
    page += TypeName(row.info.type);
    if (row.info.fixed_at_creation) page += ", *fixed*";
    if (row.info.per_open) page += ", *per open*";
    if (row.info.per_keyspace) page += ", *per keyspace*";
    page += " | `" + FormatValue(row, row.read(defaults)) + "` | " + FormatRange(row.info);
    page += " | " + std::string(row.info.sentence);
    if (!row.info.flag.empty()) page += " Flag: `--" + std::string(row.info.flag) + "`.";
    page += " |\n";
  }
  page += '\n';
}

void AppendRules(std::string& page) {
  page += kRules;
  page += "- `memory_limit_bytes` covers `memtable_size_bytes` times `memtable_count_max`, " +
          FormatSize(kBlockCacheFloorBytes) + " of block cache, and " +
          FormatSize(kCompactionBufferBytes) +
          " for the flush and for each of `compaction_threads`.\n";
  page += "- `memtable_size_bytes` is at most " + FormatSize(kLinkedListSizeBytesMax) +
          " with the kind `linked_list`.\n";
  page += "- `memtable_hash_buckets` is a power of two; with a hash kind the buckets, at " +
          std::to_string(kHashBucketBytes) +
          " bytes each, take less than a quarter of `memtable_size_bytes`.\n";
  page +=
      "- `value_chunk_bytes`, `value_width_bytes` and `table_size_bytes` fit `block_size_bytes`: "
      "the first two are at most that, the third at least.\n"
      "- With `leveled`, `level_base_bytes` is at least `table_size_bytes`.\n"
      "- `slowdown_run_count` is less than `stop_run_count`, and both are more than "
      "`level0_run_trigger` (`leveled`, `fifo`) or `tier_run_trigger` (`tiered`, "
      "`lazy_leveling`).\n"
      "- With `fifo`, `fifo_size_limit_bytes` or `fifo_age_limit_s` is set, and a size limit holds "
      "at least one memtable.\n"
      "- `error_if_exists` needs `create_if_missing`.\n"
      "- With `merge_operator` `add_int64` `value_width_bytes` is 0 or 8, with `append` and "
      "`custom` "
      "0.\n";
  page += "- `compaction_rate_limit_bytes_per_s` is 0 or at least " +
          FormatSize(kRateLimitFloorBytesPerS) + ".\n\n";
}

// Only what a preset sets otherwise than the defaults.
void AppendPresets(std::string& page) {
  page += "## Presets\n\n";
  page += "`balanced` is the defaults. The others differ in these settings:\n\n| setting |";
  for (const std::string_view name : PresetNames()) page += " `" + std::string(name) + "` |";
  page += "\n|---|---|---|---|\n";
  for (const SettingRow& row : SettingRows()) {
    std::string line = "| `" + std::string(row.info.name) + "` |";
    bool differs = false;
    for (const std::string_view name : PresetNames()) {
      const Result<DatabaseConfig> preset = Preset(name);
      const std::uint64_t value = row.read(*preset);
      differs = differs || value != row.read(DatabaseConfig{});
      line += " " + FormatValue(row, value) + " |";
    }
    if (differs) page += line + "\n";
  }
}

}  // namespace

std::string ConfigReferenceMarkdown() {
  std::string page(kIntroduction);
  AppendSettings(page);
  AppendRules(page);
  AppendPresets(page);
  return page;
}

}  // namespace quiver

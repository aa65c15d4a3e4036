// Writes the seeds of the corpora: small real files, as the engine makes them.
//
//   make-fuzz-seeds DIRECTORY      writes DIRECTORY/TARGET/seed-N
//
// Seeds of operations and settings are texts made here; scripts/fuzz.sh grows the corpora from
// these.
//
// Thread safety: one thread.
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "admin/backup_record.h"
#include "arrow_ipc/buffer_codec.h"
#include "arrow_ipc/foreign_file.h"
#include "base/batch_codec.h"
#include "base/random.h"
#include "db/stored_config.h"
#include "fuzz_files.h"
#include "sign.h"
#include "sstable/table_writer.h"
#include "version/identity_file.h"
#include "version/version_set.h"
#include "wal/log_test_support.h"

namespace quiver::fuzz {

namespace {

class Seeds {
 public:
  explicit Seeds(std::filesystem::path root) : root_(std::move(root)) {}

  void Add(const std::string& target, std::string_view bytes) {
    std::filesystem::create_directories(root_ / target);
    const std::string name = "seed-" + std::to_string(count_[target]++);
    std::ofstream(root_ / target / name, std::ios::binary) << bytes;
  }

 private:
  const std::filesystem::path root_;
  std::map<std::string, int> count_;
};

std::string ReadFile(io::Directory& directory, std::string_view name) {
  auto bytes = io::ReadWholeFile(directory, name, std::uint64_t{1} << 30);
  QUIVER_CHECK(bytes.ok());
  return *bytes;
}

// Entries of every kind, with and without a keyspace and an expiry.
std::string AllKinds() {
  std::string encoded;
  for (const std::uint32_t keyspace : {0U, 1U, 300U}) {
    for (const std::uint64_t expiry_us : {std::uint64_t{0}, std::uint64_t{5'000'000}}) {
      for (const Operation operation : {Operation::kPut, Operation::kMerge}) {
        AppendBatchEntry(encoded, {.keyspace = keyspace,
                                   .operation = operation,
                                   .key = "key1",
                                   .value = "eight by",
                                   .expiry_us = expiry_us});
      }
    }
    AppendBatchEntry(encoded, {.keyspace = keyspace,
                               .operation = Operation::kRangeDelete,
                               .key = "key1",
                               .value = "key2"});
    AppendBatchEntry(encoded,
                     {.keyspace = keyspace, .operation = Operation::kDelete, .key = "key1"});
  }
  return encoded;
}
constexpr std::uint32_t kAllKindsCount = 18;

// A frame of every kind of entry between others, in a log that was closed and in one that was not.
void AddSegmentOfAllKinds(Seeds& seeds) {
  wal::testing::TestDisk disk;
  const auto log = disk.NewLog();
  QUIVER_CHECK(wal::testing::AppendBatch(*log, 2, true).ok());
  const std::string encoded = AllKinds();
  const wal::FrameInput frame{.encoded = encoded,
                              .entry_count = kAllKindsCount,
                              .first_sequence = log->last_sequence() + 1};
  QUIVER_CHECK(log->Append({&frame, 1}, true).ok());
  std::string open = wal::testing::ReadFiles(*disk.directory).begin()->second;
  open.resize(AlignUp(open.find_last_not_of('\0') + 1, 8));
  seeds.Add("segments", std::string("\0\0", 2) + JoinFiles({open}));
  QUIVER_CHECK(log->Close().ok());
  seeds.Add("segments", std::string("\1\0", 2) +
                            JoinFiles({wal::testing::ReadFiles(*disk.directory).begin()->second}));
}

void AddSegments(Seeds& seeds) {
  wal::testing::TestDisk disk;
  const auto log = disk.NewLog();
  for (int round = 0; round < 3; ++round) {
    for (std::uint32_t count = 1; count <= 4; ++count) {
      QUIVER_CHECK(wal::testing::AppendBatch(*log, count, count % 2 == 0).ok());
    }
    if (round < 2) QUIVER_CHECK(log->Rotate(static_cast<std::uint64_t>(round) + 2).ok());
  }
  const auto open_files = wal::testing::ReadFiles(*disk.directory);
  QUIVER_CHECK(log->Close().ok());
  const auto files = wal::testing::ReadFiles(*disk.directory);
  std::vector<std::string> all;
  for (const auto& [name, bytes] : files) all.push_back(bytes);
  seeds.Add("segments", std::string("\0\0", 2) + JoinFiles(all));
  seeds.Add("segments", std::string("\1\7", 2) + JoinFiles({all[0], all[1]}));
  // A torn tail: the newest segment before Close, without its reserved zeros.
  std::string torn = open_files.rbegin()->second;
  torn.resize(torn.find_last_not_of('\0') - 5);
  all.back() = torn;
  seeds.Add("segments", std::string("\2\0", 2) + JoinFiles(all));
}

VersionEdit AddTables(VersionSet& versions, int count) {
  VersionEdit edit;
  const RunNumber run = versions.NewRunNumber();
  for (int i = 0; i < count; ++i) {
    TableSummary table;
    table.number = versions.NewFileNumber();
    table.size_bytes = 4096;
    table.digest = 99;
    table.entry_count = 10;
    table.raw_bytes = 1000;
    table.smallest_sequence = table.number * 10;
    table.largest_sequence = table.number * 10 + 9;
    table.smallest_key = "a" + std::to_string(100 + i);
    table.largest_key = table.smallest_key + "z";
    edit.added.push_back({.level = 1, .run = run, .summary = table});
  }
  edit.flushed_sequence = 1000;
  edit.first_log_segment = 3;
  return edit;
}

// Every field of an edit that keyspaces, range deletes and expiry have.
VersionEdit KeyspaceEdit(VersionSet& versions) {
  VersionEdit edit;
  edit.keyspaces.push_back({1, "first", "merge_operator = \"add_int64\"\n"});
  edit.keyspaces.push_back({2, "second \xC3\xA9", ""});
  VersionEdit tables = AddTables(versions, 2);
  for (auto& added : tables.added) {
    added.keyspace = 1;
    added.summary.expiry_us_min = 5'000'000;
    added.summary.expiry_us_max = 6'000'000;
    edit.added.push_back(added);
  }
  edit.added_range_deletes.push_back({0, {"a100", "a101", 900}});
  edit.added_range_deletes.push_back({1, {"a", "b", 1500}});
  edit.added_range_deletes.push_back({1, {"a1", "c", 1600}});
  edit.cleaned.push_back({1, tables.added[0].summary.number, 1500});
  return edit;
}

void AddManifests(Seeds& seeds) {
  MemoryFiles files;
  auto versions = VersionSet::Create(files.directory(), kDatabase);
  QUIVER_CHECK(versions.ok());
  const auto manifest = [&] { return ReadFile(files.directory(), (*versions)->manifest_name()); };
  seeds.Add("manifest", manifest());
  const VersionEdit first = AddTables(**versions, 3);
  QUIVER_CHECK((*versions)->Apply(first).ok());
  VersionEdit second = AddTables(**versions, 1);
  for (const auto& added : first.added) {
    second.removed.push_back({.level = 1, .run = added.run, .number = added.summary.number});
  }
  second.added[0].level = 2;
  QUIVER_CHECK((*versions)->Apply(second).ok());
  seeds.Add("manifest", manifest());
  QUIVER_CHECK((*versions)->Apply(KeyspaceEdit(**versions)).ok());
  VersionEdit dropping;
  dropping.keyspace_flushed.push_back({1, 2000});
  dropping.dropped_keyspaces.push_back(2);
  dropping.removed_range_deletes.push_back({0, {"a100", "a101", 900}});
  QUIVER_CHECK((*versions)->Apply(dropping).ok());
  seeds.Add("manifest", manifest());
  (*versions)->Close();
  seeds.Add("manifest", manifest());
  // What an open writes anew: the whole state as one record.
  auto again = VersionSet::Open(files.directory());
  QUIVER_CHECK(again.ok());
  std::string rolled_over = ReadFile(files.directory(), (*again)->manifest_name());
  (*again)->Close();
  SignManifest(rolled_over, 0);
  seeds.Add("manifest", rolled_over);
  seeds.Add("identity", std::string(1, '\0') + ReadFile(files.directory(), kIdentityName));
  seeds.Add("identity", std::string(1, '\1') + ReadFile(files.directory(), kCurrentName));
  for (const DatabaseConfig& config : {Balanced(), HighPerformance()}) {
    QUIVER_CHECK(WriteStoredConfig(files.directory(), kDatabase, config).ok());
    seeds.Add("stored_config", ReadFile(files.directory(), kConfigName));
    seeds.Add("settings", FormatConfig(config));
  }
  seeds.Add("settings", "memory_limit_bytes=1GiB\nwal_mode=sync\ncompression_level=-5\nx=1\n");
  seeds.Add("settings", "balanced\n[wal]\nwal_mode = \"batch\"\n[table]\ncompression = 'zstd'\n");
}

void AddTable(Seeds& seeds, const TableWriterOptions& options, bool uniform) {
  MemoryFiles files;
  auto writer = TableWriter::Create(files.directory(), 1, options);
  QUIVER_CHECK(writer.ok());
  Random random(7);
  SequenceNumber sequence = 1000;
  for (int i = 0; i < 40; ++i) {
    const std::string number = std::to_string(100 + i);
    const std::string key = uniform || i % 3 != 0 ? "key00" + number : "key00" + number + "long";
    for (int version = i % 5 == 0 && !uniform ? 3 : 1; version > 0; --version) {
      std::string value = "value" + number;
      if (!uniform) value += std::string(random.Below(60), 'v');
      const bool deletes = !uniform && i % 7 == 0 && version == 1;
      const EntryView entry{key, deletes ? std::string_view() : value,
                            uniform ? 7 : sequence + static_cast<SequenceNumber>(version),
                            deletes                  ? Operation::kDelete
                            : !uniform && i % 4 == 1 ? Operation::kMerge
                                                     : Operation::kPut,
                            options.schema.has_expiry ? 5'000'000U + static_cast<unsigned>(i) : 0};
      QUIVER_CHECK((*writer)->Add(entry).ok());
    }
    sequence += 10;
  }
  QUIVER_CHECK((*writer)->Finish().ok());
  seeds.Add("table", std::string("\1\0", 2) + ReadFile(files.directory(), TableName(1)));
}

void AddTables(Seeds& seeds) {
  TableWriterOptions options;
  options.database_id = kDatabase;
  options.block_size_bytes = 512;
  options.value_chunk_bytes = 256;
  AddTable(seeds, options, false);
  options.compression = CompressionKind::kLz4;
  AddTable(seeds, options, false);
  options.compression = CompressionKind::kZstd;
  options.schema.has_expiry = true;
  AddTable(seeds, options, false);
  options.schema = {.key_width_bytes = 8, .value_width_bytes = 8};
  options.filter_bits_per_key = 0;
  AddTable(seeds, options, true);
  options.compression = CompressionKind::kNone;
  AddTable(seeds, options, true);
}

void AddArrow(Seeds& seeds) {
  MemoryFiles files;
  auto file = files.directory().Create("plain.arrow");
  QUIVER_CHECK(file.ok());
  arrow_ipc::PlainFileWriter writer(**file, "key", "value");
  for (int i = 0; i < 20; ++i) {
    QUIVER_CHECK(writer.Add("key" + std::to_string(i), std::string(i, 'v')).ok());
  }
  QUIVER_CHECK(writer.Finish().ok());
  seeds.Add("arrow_import", ReadFile(files.directory(), "plain.arrow"));
  // Tables are Arrow files, too, and the only ones at hand with compressed and fixed columns.
  for (const CompressionKind kind : {CompressionKind::kLz4, CompressionKind::kZstd}) {
    TableWriterOptions options;
    options.database_id = kDatabase;
    options.compression = kind;
    if (kind == CompressionKind::kZstd) options.schema.key_width_bytes = 8;
    auto table = TableWriter::Create(files.directory(), 1, options);
    QUIVER_CHECK(table.ok());
    const std::string value(200, 'v');
    for (int i = 0; i < 20; ++i) {
      const std::string key = "key0000" + std::string(1, static_cast<char>('a' + i));
      QUIVER_CHECK((*table)->Add({key, value, 7, Operation::kPut, 0}).ok());
    }
    QUIVER_CHECK((*table)->Finish().ok());
    seeds.Add("arrow_import", ReadFile(files.directory(), TableName(1)));
    QUIVER_CHECK(files.directory().Remove(TableName(1)).ok());
  }
}

void AddSmall(Seeds& seeds) {
  std::string batch;
  AppendBatchEntry(batch, {.key = "key", .value = "value"});
  AppendBatchEntry(batch, {.operation = Operation::kDelete, .key = "gone"});
  AppendBatchEntry(batch, {.keyspace = 300, .key = "", .value = "", .expiry_us = 12345});
  AppendBatchEntry(batch, {.key = "key", .value = std::string(200, 'v')});
  seeds.Add("batch", batch);
  seeds.Add("batch", AllKinds());

  seeds.Add("json_rows",
            "{\"key\": \"a\", \"value\": \"b\"}\n{\"key_hex\":\"00ff\",\"value\":\"\"}");
  seeds.Add("json_rows",
            "{\"key\":\"\\u00e9\\ud83d\\ude00\",\"value_hex\":\"0a\"}\n\\x00\\\\a\n00fF");

  const std::string raw = std::string(300, 'a') + "some text that repeats, some text that repeats";
  for (char kind = 0; kind < 3; ++kind) {
    arrow_ipc::BufferCodec codec(static_cast<CompressionKind>(kind), 1);
    std::string stored;
    codec.Append(raw, 128, stored);
    seeds.Add("codec", std::string{kind, 5, 2, 3, 9} + stored);
  }

  BackupRecord backup{.id = 1, .database_id = kDatabase, .created_us = 5, .sequence = 9};
  seeds.Add("backup_record", backup.Encode());
  backup.files = {{.name = TableName(12), .size_bytes = 512, .digest = 3, .checksum = 4},
                  {.name = std::string(kCurrentName), .size_bytes = 37, .checksum = 5}};
  backup.new_bytes = 549;
  seeds.Add("backup_record", backup.Encode());

  for (unsigned settings = 0; settings < 24; settings += 5) {
    std::string script{static_cast<char>(settings), static_cast<char>(settings * 7),
                       static_cast<char>(settings)};
    Random random(settings + 1);
    for (int i = 0; i < 400; ++i) script.push_back(static_cast<char>(random.Below(256)));
    seeds.Add("operations", script);
  }
}

}  // namespace

}  // namespace quiver::fuzz

int main(int argc, char** argv) {
  using namespace quiver::fuzz;
  if (argc != 2) return 2;
  Seeds seeds(argv[1]);
  AddSegments(seeds);
  AddSegmentOfAllKinds(seeds);
  AddManifests(seeds);
  AddTables(seeds);
  AddArrow(seeds);
  AddSmall(seeds);
  return 0;
}

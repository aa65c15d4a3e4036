// What the tests of this floor share: a directory in memory, options, and a model table of entries
// in order. No test framework here.
//
// Thread safety: one thread at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/entry.h"
#include "base/random.h"
#include "io/memory_file_system.h"
#include "sstable/table.h"
#include "sstable/table_writer.h"

namespace quiver::sstable_test {

/// An entry that owns its bytes.
struct OwnedEntry {
  std::string key;
  std::string value;
  SequenceNumber sequence = 0;
  Operation operation = Operation::kPut;
  std::uint64_t expiry_us = 0;

  EntryView view() const { return {key, value, sequence, operation, expiry_us}; }
  bool operator==(const OwnedEntry&) const = default;
};

inline OwnedEntry Owned(const EntryView& entry) {
  return {std::string(entry.key), std::string(entry.value), entry.sequence, entry.operation,
          entry.expiry_us};
}

inline bool InOrder(const OwnedEntry& a, const OwnedEntry& b) {
  return CompareEntry(a.key, a.sequence, b.key, b.sequence) < 0;
}

inline constexpr DatabaseId kTestDatabase{0x0123456789ABCDEF, 0xFEDCBA9876543210};

/// A directory in memory and the two calls that every test makes.
class TestTables {
 public:
  TestTables() { directory_ = std::move(*file_system_.OpenDirectory("db", true)); }

  io::Directory& directory() { return *directory_; }

  static TableWriterOptions Options() {
    TableWriterOptions options;
    options.database_id = kTestDatabase;
    options.keyspace = 3;
    options.created_s = 1'700'000'000;
    return options;
  }

  /// Writes `entries`, which must be in order. Aborts on any error.
  TableSummary Write(FileNumber number, const TableWriterOptions& options,
                     const std::vector<OwnedEntry>& entries) {
    auto writer = TableWriter::Create(*directory_, number, options);
    QUIVER_CHECK(writer.ok());
    for (const OwnedEntry& entry : entries) QUIVER_CHECK((*writer)->Add(entry.view()).ok());
    auto summary = (*writer)->Finish();
    QUIVER_CHECK(summary.ok());
    return *summary;
  }

  TableContext Context(BlockCache* cache = nullptr) {
    TableContext context;
    context.directory = directory_.get();
    context.database_id = kTestDatabase;
    context.cache = cache;
    return context;
  }

  std::shared_ptr<const Table> Open(const TableSummary& summary, BlockCache* cache = nullptr) {
    auto table = Table::Open(Context(cache), summary);
    QUIVER_CHECK(table.ok());
    return *table;
  }

  std::string ReadFile(FileNumber number) {
    auto bytes = io::ReadWholeFile(*directory_, TableName(number), std::uint64_t{1} << 32);
    QUIVER_CHECK(bytes.ok());
    return *bytes;
  }
  /// Replaces the file of a table by `bytes`.
  void WriteFile(FileNumber number, std::string_view bytes) {
    (void)directory_->Remove(TableName(number));
    auto file = directory_->Create(TableName(number));
    QUIVER_CHECK(file.ok());
    QUIVER_CHECK((*file)->Append(bytes).ok());
    QUIVER_CHECK((*file)->Close().ok());
  }

 private:
  io::MemoryFileSystem file_system_;
  std::unique_ptr<io::Directory> directory_;
};

/// How RandomEntries draws.
struct EntryShape {
  std::size_t keys = 100;
  std::uint32_t key_width = 0;    ///< 0: any length
  std::uint32_t value_width = 0;  ///< 0: any length
  std::uint32_t versions_max = 3;
  bool has_expiry = false;
  bool constant_sequence = false;  ///< one version a key, all with the same sequence
  std::string key_prefix;
};

inline std::string RandomBytes(Random& random, std::size_t size) {
  std::string bytes(size, '\0');
  // Few different bytes, so that codecs find something and keys share prefixes.
  for (char& byte : bytes) byte = static_cast<char>(random.Below(4) * 85);
  return bytes;
}

/// Entries in order: keys of every length from none, several versions each, puts, merges, deletes.
inline std::vector<OwnedEntry> RandomEntries(Random& random, const EntryShape& shape) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < shape.keys; ++i) {
    std::string key = shape.key_prefix;
    key += RandomBytes(random, shape.key_width != 0 ? shape.key_width - shape.key_prefix.size()
                                                    : random.Below(12));
    keys.push_back(std::move(key));
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  std::vector<OwnedEntry> entries;
  SequenceNumber sequence = 1'000;
  for (const std::string& key : keys) {
    const std::uint64_t versions =
        shape.constant_sequence ? 1 : 1 + random.Below(shape.versions_max);
    for (std::uint64_t version = 0; version < versions; ++version) {
      OwnedEntry entry;
      entry.key = key;
      entry.sequence = sequence++;
      const std::uint64_t kind = random.Below(10);
      entry.operation = kind == 0   ? Operation::kDelete
                        : kind == 1 ? Operation::kMerge
                                    : Operation::kPut;
      if (shape.constant_sequence) entry.sequence = 7;
      if (entry.operation != Operation::kDelete) {
        const std::size_t size = shape.value_width != 0 ? shape.value_width : random.Below(60);
        entry.value = RandomBytes(random, size);
      }
      if (shape.has_expiry && random.OneIn(2)) entry.expiry_us = 1 + random.Below(1'000'000);
      entries.push_back(std::move(entry));
    }
  }
  std::sort(entries.begin(), entries.end(), InOrder);
  return entries;
}

/// The newest entry of `key` visible at `sequence`, or null. `entries` in order.
inline const OwnedEntry* ModelGet(const std::vector<OwnedEntry>& entries, std::string_view key,
                                  SequenceNumber sequence) {
  for (const OwnedEntry& entry : entries) {
    if (entry.key == key && entry.sequence <= sequence) return &entry;
  }
  return nullptr;
}

}  // namespace quiver::sstable_test

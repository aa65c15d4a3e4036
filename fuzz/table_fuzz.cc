// Goal: no bytes in a table make open, get, scan or verify crash, hang or read outside of their
// buffers, not even with every checksum right.
//
// Input: two bytes of options, then table 1 of kDatabase. The table is read without a cache and
// with one of 1 MiB.
#include <string>

#include "base/entry.h"
#include "base/epoch.h"
#include "base/hash.h"
#include "fuzz_files.h"
#include "fuzz_target.h"
#include "sign.h"
#include "sstable/block_cache.h"
#include "sstable/table.h"

namespace quiver::fuzz {

namespace {

constexpr std::uint64_t kStepsMax = 100'000;

void Touch(std::string_view bytes) {
  (void)HashKey(bytes);  // reads every byte, under AddressSanitizer
}

void GetKey(const Table& table, EpochManager& epochs, std::string_view key, SequenceNumber sequence,
            const TableReadOptions& options) {
  const EpochGuard guard(epochs);
  const LookupKey lookup(key, sequence);
  TableAnswer found;
  table.Prefetch(lookup);
  (void)table.MayContain(lookup);
  const auto hit = table.Get(lookup, options, sequence % 2 == 0, found);
  if (hit && *hit) Touch(found.answer.value);
}

void ReadEverything(const Table& table, EpochManager& epochs, std::uint8_t choices) {
  TableReadOptions options;
  options.fill_cache = (choices & 1) != 0;
  options.read_ahead_bytes = (choices & 2) != 0 ? 1U << 16 : 0;
  if ((choices & 4) != 0) options.on_damage = [](std::uint64_t, const std::string&) {};
  (void)table.Describe();
  for (const std::string& key : {table.summary().smallest_key, table.summary().largest_key,
                                 std::string(), std::string("key00007"), std::string(9, '\xff')}) {
    GetKey(table, epochs, key, kSequenceMax, options);
    GetKey(table, epochs, key, 5, options);
  }
  const auto entries = table.NewIterator(options);
  std::uint64_t steps = 0;
  for (entries->SeekToFirst(); entries->Valid() && steps < kStepsMax; entries->Next(), ++steps) {
    Touch(entries->entry().key);
    Touch(entries->entry().value);
    if (steps % 16 == 0) {
      const std::string key(entries->entry().key);
      GetKey(table, epochs, key, entries->entry().sequence, options);
    }
  }
  for (entries->SeekToLast(); entries->Valid() && steps < kStepsMax; entries->Prev(), ++steps) {
    Touch(entries->entry().key);
  }
  std::uint64_t damages = 0;
  (void)table.VerifyAll([&](std::uint64_t, const std::string&) { ++damages; });
}

}  // namespace

void FuzzTable(std::string_view input) {
  InputReader reader(input);
  const std::uint8_t choices = reader.Byte();
  (void)reader.Byte();
  MemoryFiles files;
  files.Put(TableName(1), reader.rest());
  for (const bool cached : {false, true}) {
    EpochManager epochs;
    BlockCache cache(1U << 20, epochs, nullptr, nullptr);
    TableContext context;
    context.directory = &files.directory();
    context.database_id = kDatabase;
    if (cached) context.cache = &cache;
    TableSummary expected;
    expected.number = 1;
    const auto table = Table::Open(context, expected);
    if (table) ReadEverything(**table, epochs, choices);
  }
}

}  // namespace quiver::fuzz

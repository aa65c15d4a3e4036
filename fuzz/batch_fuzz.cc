// Goal: the reader of a log frame's entries trusts no byte, and what it hands out is encoded again
// as the writer would: each entry has one encoding, of the size that was announced.
//
// Input: an encoded batch.
#include <string>
#include <vector>

#include "base/batch_codec.h"
#include "base/check.h"
#include "fuzz_target.h"

namespace quiver::fuzz {

namespace {

bool Same(const BatchEntry& a, const BatchEntry& b) {
  return a.keyspace == b.keyspace && a.operation == b.operation && a.key == b.key &&
         a.value == b.value && a.expiry_us == b.expiry_us;
}

}  // namespace

void FuzzBatch(std::string_view input) {
  BatchReader reader(input);
  BatchEntry entry;
  std::vector<BatchEntry> entries;
  std::string encoded;
  while (reader.Next(entry)) {
    QUIVER_CHECK(entry.key.size() <= kKeyBytesMax && entry.value.size() <= kValueBytesMax);
    QUIVER_CHECK(reader.offset() <= input.size());
    entries.push_back(entry);
    const std::size_t before = encoded.size();
    AppendBatchEntry(encoded, entry);
    QUIVER_CHECK(encoded.size() - before == EncodedEntryBytes(entry));
  }
  QUIVER_CHECK(!reader.Next(entry));
  BatchReader again(encoded);
  for (const BatchEntry& expected : entries) {
    QUIVER_CHECK(again.Next(entry) && Same(entry, expected));
  }
  QUIVER_CHECK(!again.Next(entry) && !again.malformed());
}

}  // namespace quiver::fuzz

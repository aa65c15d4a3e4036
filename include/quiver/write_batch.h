// WriteBatch: puts and deletes that become visible and durable together, or not at all.
//
// A batch is applied in order: a later operation on a key wins over an earlier one. It can be
// written any number of times, and to any database if it names no keyspace but the default one.
// Building one never touches a database.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/error.h"
#include "quiver/keyspace.h"
#include "quiver/types.h"

namespace quiver {

struct BatchEntry;

class WriteBatch {
 public:
  WriteBatch() = default;
  WriteBatch(const WriteBatch&) = default;
  WriteBatch& operator=(const WriteBatch&) = default;
  /// A batch that was moved from is empty.
  WriteBatch(WriteBatch&& other) noexcept;
  WriteBatch& operator=(WriteBatch&& other) noexcept;
  ~WriteBatch() = default;

  /// Adds a put. kInvalidArgument, with the batch unchanged, if key, value or batch would pass
  /// its limit (types.h).
  Result<void> Put(std::string_view key, std::string_view value);
  Result<void> Put(const Keyspace& keyspace, std::string_view key, std::string_view value);
  /// Adds a delete. Errors as Put().
  Result<void> Delete(std::string_view key);
  Result<void> Delete(const Keyspace& keyspace, std::string_view key);

  void Clear() noexcept;
  /// Number of operations.
  std::uint32_t count() const noexcept { return count_; }
  bool empty() const noexcept { return count_ == 0; }
  /// Bytes of the encoded batch: what it will take in the log, without the frame.
  std::size_t size_bytes() const noexcept { return encoded_.size(); }

  /// The encoded operations (docs/formats/wal.md, "entries").
  std::string_view encoded() const noexcept { return encoded_; }
  /// The named keyspaces that operations write to, each once.
  std::span<const Keyspace> keyspaces() const noexcept { return keyspaces_; }
  /// Whether an operation writes to the default keyspace without naming it.
  bool uses_default() const noexcept { return uses_default_; }

 private:
  Result<void> Add(const BatchEntry& entry, const Keyspace* keyspace);

  std::string encoded_;
  std::uint32_t count_ = 0;
  bool uses_default_ = false;
  std::vector<Keyspace> keyspaces_;
};

}  // namespace quiver

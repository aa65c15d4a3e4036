// WriteBatch: puts, deletes and merges that become visible and durable together, or not at all.
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

/// What an operation of a batch may say beyond key and value.
struct EntryOptions {
  const Keyspace* keyspace = nullptr;  ///< nullptr: the default one
  /// Of puts and merges: wall clock in microseconds since 1970 from which on the entry is gone, as
  /// if it had been deleted; 0: never.
  std::uint64_t expiry_us = 0;
};

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
  Result<void> Put(std::string_view key, std::string_view value,
                   const EntryOptions& options = {}) noexcept;
  Result<void> Put(const Keyspace& keyspace, std::string_view key,
                   std::string_view value) noexcept {
    return Put(key, value, EntryOptions{.keyspace = &keyspace});
  }
  /// Adds a delete. Errors as Put(), also if options.expiry_us is set.
  Result<void> Delete(std::string_view key, const EntryOptions& options = {}) noexcept;
  Result<void> Delete(const Keyspace& keyspace, std::string_view key) noexcept {
    return Delete(key, EntryOptions{.keyspace = &keyspace});
  }
  /// Adds an operand for the merge operator of the keyspace (merge_operator.h). Errors as Put();
  /// whether it fits the operator is seen when the batch is written.
  Result<void> Merge(std::string_view key, std::string_view operand,
                     const EntryOptions& options = {}) noexcept;
  /// Deletes all keys in [begin, end), at the cost of one operation. Errors as Delete().
  Result<void> DeleteRange(std::string_view begin, std::string_view end,
                           const EntryOptions& options = {}) noexcept;

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
  bool has_merges() const noexcept { return has_merges_; }

 private:
  Result<void> Add(const BatchEntry& entry, const Keyspace* keyspace);

  std::string encoded_;
  std::uint32_t count_ = 0;
  bool uses_default_ = false;
  bool has_merges_ = false;
  std::vector<Keyspace> keyspaces_;
};

}  // namespace quiver

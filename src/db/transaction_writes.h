// TransactionWrites: what a transaction has written to one keyspace and not committed yet.
//
// Every version of a key is kept, since an iterator shows the writes made before it was made.
//
// Invariants:
//  1. Entries never move or change, so iterators and encoded batches may refer to them.
//  2. Sequences are those of own_writes.h, ascending in the order of the writes.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/entry.h"
#include "db/own_writes.h"
#include "iterator/internal_iterator.h"
#include "version/range_deletes.h"

namespace quiver {

class TransactionWrites : public std::enable_shared_from_this<TransactionWrites> {
 public:
  /// Adds an entry of any operation; returns it with views that live as long as this object.
  EntryView Add(const EntryView& entry);

  /// What the transaction itself says of a key.
  struct Answer {
    bool hides_older = false;  ///< what others wrote to the key does not count
    std::optional<std::string_view> value;
    std::vector<std::string_view> operands;  ///< oldest first; to apply to `value` or what is older
  };
  /// What expires at or before `now_us` is gone.
  Answer Find(std::string_view key, std::uint64_t now_us) const;

  /// An iterator that keeps this object alive. Later writes may show in it.
  std::unique_ptr<InternalIterator> NewIterator() const;
  const RangeDeletesRef& range_deletes() const noexcept { return range_deletes_; }

 private:
  class Cursor;
  struct Key {
    std::string key;
    SequenceNumber sequence;
  };
  struct KeyView {
    std::string_view key;
    SequenceNumber sequence;
  };
  struct Before {
    using is_transparent = void;
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const noexcept {
      return CompareEntry(a.key, a.sequence, b.key, b.sequence) < 0;
    }
  };
  struct Value {
    std::string value;
    Operation operation;
    std::uint64_t expiry_us;
  };
  using Entries = std::map<Key, Value, Before>;

  Entries entries_;
  std::vector<std::unique_ptr<const RangeDelete>> ranges_;  // for the views of Add
  RangeDeletesRef range_deletes_;                           // the same; nullptr: none
};

}  // namespace quiver

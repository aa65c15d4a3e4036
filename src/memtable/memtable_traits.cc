#include "memtable/memtable_traits.h"

#include <array>
#include <cstddef>

#include "base/check.h"

namespace quiver {

namespace {

// The flush of a larger table, and its recovery from the log after a crash, would last too long.
constexpr std::uint64_t kLargeMax = std::uint64_t{2} << 30;
// What is sorted late, for a scan or for the flush, would take many seconds above this.
constexpr std::uint64_t kSortedLateMax = std::uint64_t{1} << 30;
// A search walks every chunk: some 30,000 entries of 128 bytes.
constexpr std::uint64_t kLinkedListMax = std::uint64_t{4} << 20;

constexpr std::array kTraits = {
    MemtableTraits{.kind = MemtableKind::kSorted,
                   .name = "sorted",
                   .concurrent_writers = false,
                   .size_bytes_max = kLargeMax,
                   .structure = "sorted runs, each several times the next, with an append tail",
                   .add_cost = "O(log n) amortised, O(1) in key order",
                   .get_cost = "O(log^2 n), O(log n) once sealed",
                   .seek_cost = "O(log^2 n)",
                   .next_cost = "O(log log n)"},
    MemtableTraits{.kind = MemtableKind::kSkiplist,
                   .name = "skiplist",
                   .concurrent_writers = true,
                   .size_bytes_max = kLargeMax,
                   .structure = "lock-free skip list of towers",
                   .add_cost = "O(log n)",
                   .get_cost = "O(log n)",
                   .seek_cost = "O(log n)",
                   .next_cost = "O(1)"},
    MemtableTraits{.kind = MemtableKind::kTrie,
                   .name = "trie",
                   .concurrent_writers = false,
                   .size_bytes_max = kLargeMax,
                   .structure = "adaptive radix tree with a version chain a key",
                   .add_cost = "O(L)",
                   .get_cost = "O(L)",
                   .seek_cost = "O(L)",
                   .next_cost = "O(L), mostly O(1)"},
    MemtableTraits{.kind = MemtableKind::kLinkedList,
                   .name = "linked_list",
                   .concurrent_writers = false,
                   .size_bytes_max = kLinkedListMax,
                   .structure = "unrolled sorted linked list",
                   .add_cost = "O(n / c + c), O(1) in key order",
                   .get_cost = "O(n / c)",
                   .seek_cost = "O(n / c)",
                   .next_cost = "O(1)"},
    MemtableTraits{.kind = MemtableKind::kHashLinkedList,
                   .name = "hash_linked_list",
                   .concurrent_writers = false,
                   .size_bytes_max = kSortedLateMax,
                   .structure = "hash table of sorted linked lists",
                   .add_cost = "O(1 + b)",
                   .get_cost = "O(1 + b)",
                   .seek_cost = "O(n log n) after an Add, else O(log n)",
                   .next_cost = "O(1)"},
    MemtableTraits{.kind = MemtableKind::kEnhancedSkiplist,
                   .name = "enhanced_skiplist",
                   .concurrent_writers = true,
                   .size_bytes_max = kLargeMax,
                   .structure = "skip list of fat nodes with 8-byte key words",
                   .add_cost = "O(log n), O(1) in key order",
                   .get_cost = "O(log n)",
                   .seek_cost = "O(log n)",
                   .next_cost = "O(1)"},
    MemtableTraits{.kind = MemtableKind::kHashSkiplist,
                   .name = "hash_skiplist",
                   .concurrent_writers = true,
                   .size_bytes_max = kLargeMax,
                   .structure = "skip list of fat nodes with a hash index of newest versions",
                   .add_cost = "O(log n + b)",
                   .get_cost = "O(1 + b), O(log n) for older versions",
                   .seek_cost = "O(log n)",
                   .next_cost = "O(1)"},
    MemtableTraits{.kind = MemtableKind::kVector,
                   .name = "vector",
                   .concurrent_writers = true,
                   .size_bytes_max = kSortedLateMax,
                   .structure = "append-only vector, sorted when sealed",
                   .add_cost = "O(1)",
                   .get_cost = "O(n), O(log n) once sealed",
                   .seek_cost = "O(n log n) after an Add, else O(log n)",
                   .next_cost = "O(1)"},
};

constexpr bool InOrderOfKinds() {
  for (std::size_t i = 0; i < kTraits.size(); ++i) {
    if (static_cast<std::size_t>(kTraits[i].kind) != i) return false;
  }
  return true;
}
static_assert(InOrderOfKinds(), "TraitsOf uses a kind as an index");

}  // namespace

std::span<const MemtableTraits> AllMemtableTraits() noexcept {
  return kTraits;
}

const MemtableTraits& TraitsOf(MemtableKind kind) noexcept {
  const auto index = static_cast<std::size_t>(kind);
  QUIVER_CHECK(index < kTraits.size());
  return kTraits[index];
}

}  // namespace quiver

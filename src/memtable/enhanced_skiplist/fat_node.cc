#include "memtable/enhanced_skiplist/fat_node.h"

#include <algorithm>
#include <bit>
#include <new>

#include "base/check.h"
#include "base/coding.h"
#include "base/prefetch.h"
#include "base/schedule_point.h"

namespace quiver {

namespace {

constexpr std::size_t kLineBytes = 64;

// Words tell keys apart well while the first and the last of a node differ in their upper half:
// the other half is then left to the keys in between.
constexpr int kTellingBits = 32;

// Arenas align to 8 bytes only.
std::byte* AllocateLines(Arena& arena, std::size_t bytes) {
  std::byte* memory = arena.Allocate(bytes + kLineBytes - 8);
  const std::size_t misaligned = reinterpret_cast<std::uintptr_t>(memory) % kLineBytes;
  return memory + (kLineBytes - misaligned) % kLineBytes;
}

std::uint32_t CommonPrefixBytes(std::string_view a, std::string_view b) noexcept {
  const auto [end, unused] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return static_cast<std::uint32_t>(end - a.begin());
}

// The eight bytes after the first `skip` bytes of the key, zero-padded, as a big-endian number.
std::uint64_t WordAfter(std::string_view key, std::size_t skip) noexcept {
  if (skip >= key.size()) return 0;
  const std::size_t rest = key.size() - skip;
  if (rest < 8 && key.size() >= 8) {
    // One load of the key's last eight bytes, with those before `skip` shifted out.
    return KeyPrefix(key.substr(key.size() - 8)) << (64 - 8 * rest);
  }
  return KeyPrefix(key.substr(skip));
}

}  // namespace

FatNode* FatNode::NewLeaf(Arena& arena) {
  return new (AllocateLines(arena, sizeof(FatNode))) FatNode(true);
}

void FatNode::Prefetch() const noexcept {
  const auto* bytes = reinterpret_cast<const char*>(this);
  for (std::size_t offset = 0; offset < sizeof(FatNode); offset += kLineBytes) {
    PrefetchLine(bytes + offset);
  }
}

std::uint64_t FatNode::WordOf(const EntryTarget& target, std::uint32_t skip) const noexcept {
  return skip == 0 ? target.prefix : WordAfter(target.key, skip);
}

// In two rounds of eight comparisons that wait neither for each other nor for a branch: which
// line of words, then where in the line. Slots from count on hold the largest word.
std::uint32_t FatNode::LowerBoundOfWord(std::uint64_t word) const noexcept {
  const auto before = [word](const std::atomic<std::uint64_t>& slot) -> std::uint32_t {
    return slot.load(std::memory_order_acquire) < word ? 1 : 0;
  };
  const auto lines_before = [&]<std::size_t... line>(std::index_sequence<line...>) {
    return (before(words_[line * kWordsPerLine + kWordsPerLine - 1]) + ...);
  };
  const std::uint32_t start =
      lines_before(std::make_index_sequence<kCapacity / kWordsPerLine - 1>()) * kWordsPerLine;
  const auto words_before = [&]<std::size_t... i>(std::index_sequence<i...>) {
    return (before(words_[start + i]) + ...);
  };
  return start + words_before(std::make_index_sequence<kWordsPerLine>());
}

std::uint32_t FatNode::LowerBoundAmongTies(const EntryTarget& target, std::uint64_t word,
                                           std::uint32_t first,
                                           std::uint32_t count) const noexcept {
  std::uint32_t end = first + 1;
  while (end < count && words_[end].load(std::memory_order_acquire) == word) ++end;
  while (first < end) {
    const std::uint32_t middle = first + (end - first) / 2;
    if (CompareRecord(*record(middle), target) < 0) {
      first = middle + 1;
    } else {
      end = middle;
    }
  }
  return first;
}

std::uint32_t FatNode::LowerBound(const EntryTarget& target) const noexcept {
  const std::uint32_t count = this->count();
  const std::uint32_t skip = skip_.load(std::memory_order_acquire);
  if (const EntryRecord* pattern = pattern_.load(std::memory_order_acquire); pattern != nullptr) {
    const int order = target.key.substr(0, skip).compare(pattern->key().substr(0, skip));
    if (order != 0) return order < 0 ? 0 : count;
  }
  const std::uint64_t word = WordOf(target, skip);
  const std::uint32_t first = LowerBoundOfWord(word);
  if (first >= count) return count;
  if (words_[first].load(std::memory_order_acquire) != word) return first;
  return LowerBoundAmongTies(target, word, first, count);
}

bool FatNode::MayHoldKey(std::uint32_t position, const EntryTarget& target) const noexcept {
  return words_[position].load(std::memory_order_acquire) ==
         WordOf(target, skip_.load(std::memory_order_acquire));
}

void FatNode::CopyTo(Snapshot& snapshot) const noexcept {
  snapshot.count = count();
  for (std::uint32_t i = 0; i < snapshot.count; ++i) snapshot.records[i] = record(i);
  snapshot.next = next();
}

void FatNode::ReadInto(Snapshot& snapshot) const noexcept {
  OptimisticLock::Version version = 0;
  do {
    version = lock_.AwaitVersion();
    CopyTo(snapshot);
  } while (!lock_.Unchanged(version));
}

bool FatNode::AcceptsAtEnd(const EntryTarget& target) const noexcept {
  const std::uint32_t count = this->count();
  return count > 0 && count < kCapacity && CompareRecord(*record(count - 1), target) < 0 &&
         (high_ == nullptr || CompareRecord(*high_, target) > 0);
}

std::uint32_t FatNode::Insert(const EntryTarget& target, const EntryRecord& record) noexcept {
  Admit(target.key);
  const std::uint32_t position = LowerBound(target);
  InsertAt(position, target, record);
  return position;
}

void FatNode::InsertAt(std::uint32_t position, const EntryTarget& target,
                       const EntryRecord& record) noexcept {
  const std::uint32_t count = this->count();
  QUIVER_DCHECK(count < kCapacity && position <= count);
  for (std::uint32_t i = count; i > position; --i) {
    words_[i].store(words_[i - 1].load(std::memory_order_relaxed), std::memory_order_release);
    records_[i].store(records_[i - 1].load(std::memory_order_relaxed), std::memory_order_release);
  }
  const std::uint64_t word = WordOf(target, skip_.load(std::memory_order_relaxed));
  words_[position].store(word, std::memory_order_release);
  SchedulePoint();
  records_[position].store(&record, std::memory_order_release);
  count_.store(count + 1, std::memory_order_release);
  newest_position_ = position;
}

std::uint32_t FatNode::SplitPosition(const EntryTarget& target) const noexcept {
  const std::uint32_t last = count() - 1;
  const std::uint32_t position = LowerBound(target);
  if (newest_position_ == last && position > last) return last;
  if (newest_position_ == 0 && position == 0) return 1;
  return last / 2 + 1;
}

const EntryRecord& FatNode::SplitLeaf(std::uint32_t position, FatNode& right) noexcept {
  const EntryRecord& separator = Divide(position, position, right);
  right.next_.store(next_.load(std::memory_order_relaxed), std::memory_order_relaxed);
  next_.store(&right, std::memory_order_release);  // iterators may reach it from here on
  return separator;
}

// Keeps the slots below `kept`, copies those from `moved` on into `right`, and makes the record
// at `kept` the fence between the two.
const EntryRecord& FatNode::Divide(std::uint32_t kept, std::uint32_t moved,
                                   FatNode& right) noexcept {
  ImproveEncoding();
  const std::uint32_t count = this->count();
  for (std::uint32_t i = moved; i < count; ++i) {
    right.words_[i - moved].store(words_[i].load(std::memory_order_relaxed),
                                  std::memory_order_relaxed);
    right.records_[i - moved].store(record(i), std::memory_order_relaxed);
  }
  right.count_.store(count - moved, std::memory_order_relaxed);
  right.AdoptEncoding(*this);
  const EntryRecord* separator = record(kept);
  right.low_ = separator;
  right.high_ = high_;
  high_ = separator;
  right.ImproveEncoding();
  for (std::uint32_t i = kept; i < count; ++i) {
    words_[i].store(kLargestWord, std::memory_order_release);
  }
  count_.store(kept, std::memory_order_release);
  ImproveEncoding();
  return *separator;
}

void FatNode::AdoptEncoding(const FatNode& other) noexcept {
  skip_.store(other.skip_.load(std::memory_order_relaxed), std::memory_order_relaxed);
  pattern_.store(other.pattern_.load(std::memory_order_relaxed), std::memory_order_relaxed);
}

// Lengthens `skip` where the words tell keys apart badly, and drops the pattern where the
// fences have come to guarantee it. Reads the keys of all entries only if that helps.
void FatNode::ImproveEncoding() noexcept {
  const std::uint32_t count = this->count();
  if (count < 2) return;
  const bool fenced = low_ != nullptr && high_ != nullptr;
  const bool patterned = pattern_.load(std::memory_order_relaxed) != nullptr;
  const std::uint64_t difference =
      words_[0].load(std::memory_order_relaxed) ^ words_[count - 1].load(std::memory_order_relaxed);
  const bool telling = std::countl_zero(difference) < kTellingBits;
  if (telling && !(fenced && patterned)) return;

  const std::uint32_t skip = skip_.load(std::memory_order_relaxed);
  const EntryRecord* first = fenced ? low_ : record(0);
  const EntryRecord* last = fenced ? high_ : record(count - 1);
  const std::uint32_t common = CommonPrefixBytes(first->key(), last->key());
  if (common < skip || (common == skip && !patterned)) return;
  Encode(common, fenced ? nullptr : first);
}

// Makes the key share the first `skip` bytes with all others.
void FatNode::Admit(std::string_view key) noexcept {
  const EntryRecord* pattern = pattern_.load(std::memory_order_relaxed);
  if (pattern == nullptr) return;
  const std::uint32_t skip = skip_.load(std::memory_order_relaxed);
  const std::uint32_t common = CommonPrefixBytes(key.substr(0, skip), pattern->key());
  if (common < skip) Encode(common, common == 0 ? nullptr : pattern);
}

void FatNode::Encode(std::uint32_t skip, const EntryRecord* pattern) noexcept {
  pattern_.store(pattern, std::memory_order_release);
  if (skip == skip_.load(std::memory_order_relaxed)) return;
  const std::uint32_t count = this->count();
  for (std::uint32_t i = 0; i < count; ++i) PrefetchLine(record(i)->key().data());
  for (std::uint32_t i = 0; i < count; ++i) {
    words_[i].store(WordAfter(record(i)->key(), skip), std::memory_order_release);
  }
  skip_.store(skip, std::memory_order_release);
}

FatIndexNode* FatIndexNode::Allocate(Arena& arena) {
  return new (AllocateLines(arena, sizeof(FatIndexNode))) FatIndexNode;
}

FatIndexNode* FatIndexNode::New(Arena& arena, FatNode& left, const EntryRecord& separator,
                                FatNode& right) {
  FatIndexNode* node = Allocate(arena);
  node->AdoptEncoding(left);
  node->children_[0].store(&left, std::memory_order_relaxed);
  node->InsertChild(0, separator, right);
  return node;
}

void FatIndexNode::InsertChild(std::uint32_t position, const EntryRecord& separator,
                               FatNode& right) noexcept {
  for (std::uint32_t i = count() + 1; i > position + 1; --i) {
    children_[i].store(children_[i - 1].load(std::memory_order_relaxed), std::memory_order_release);
  }
  children_[position + 1].store(&right, std::memory_order_release);
  Admit(separator.key());
  InsertAt(position, EntryTarget(separator), separator);
}

const EntryRecord& FatIndexNode::SplitIndex(std::uint32_t position, FatIndexNode& right) noexcept {
  const std::uint32_t count = this->count();
  for (std::uint32_t i = position + 1; i <= count; ++i) {
    right.children_[i - position - 1].store(child(i), std::memory_order_relaxed);
  }
  return Divide(position, position + 1, right);
}

}  // namespace quiver

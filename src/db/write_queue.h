// WriteQueue: brings concurrent writers into one order, in groups.
//
// The first writer in the queue leads: it takes those behind it up to a size, and one call of the
// group handler logs, syncs and inserts all of them. The others sleep, or become the next
// leader. While a leader waits for the disk the queue behind it grows, so the slower the sync, the
// larger the groups: that is the whole of group commit. After LevelDB's writer queue.
//
// A barrier (rotation) travels in the same queue and is always a group of its own.
//
// Invariants: groups are handled one at a time, in the order of arrival.
//
// Thread safety: Submit from any thread; the handler runs on the leader's thread, without the
// queue's lock.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "quiver/config.h"
#include "quiver/error.h"
#include "quiver/types.h"

namespace quiver {

struct KeyspaceState;
struct TransactionFootprint;

struct WriteRequest {
  /// A request that writes nothing: sealing the active memtable, or waiting for its turn only.
  enum class Barrier : std::uint8_t { kNone, kRotate, kDrain };

  std::string_view encoded;  ///< base/batch_codec.h; empty for a barrier
  std::uint32_t entry_count = 0;
  std::span<KeyspaceState* const> keyspaces;        ///< those that it writes to, or seals
  const TransactionFootprint* footprint = nullptr;  ///< of a transaction: to be validated
  WalMode mode = WalMode::kSync;
  bool fail_if_stalled = false;
  Barrier barrier = Barrier::kNone;
  bool is_barrier() const noexcept { return barrier != Barrier::kNone; }

  // Filled by the handler.
  SequenceNumber last_sequence = 0;
  Result<void> result;

 private:
  friend class WriteQueue;
  bool done_ = false;
  CondVar turn_;
};

class WriteQueue {
 public:
  using GroupHandler = std::function<void(std::span<WriteRequest* const>)>;
  explicit WriteQueue(GroupHandler handler) : handler_(std::move(handler)) {}
  WriteQueue(const WriteQueue&) = delete;
  WriteQueue& operator=(const WriteQueue&) = delete;

  /// Returns once the request was handled; its result is filled.
  void Submit(WriteRequest& request) EXCLUDES(mutex_);

  /// For the handler, before it waits or writes: every queued request for which `ends` fills a
  /// result and answers true returns to its caller now. Answers the group without them; if the
  /// leader itself ends, the group is the leader alone, and the next request leads when the handler
  /// returns.
  std::span<WriteRequest* const> EndEarly(const std::function<bool(WriteRequest&)>& ends)
      EXCLUDES(mutex_);

 private:
  /// A small leader does not wait for a large group behind it.
  static constexpr std::size_t kGroupBytesMax = std::size_t{1} << 20;
  static constexpr std::size_t kSmallGroupBytesMax = std::size_t{128} << 10;

  void CollectGroup() REQUIRES(mutex_);
  /// Lets the thread of a request go on. It may destroy the request as soon as the mutex is free.
  static void Release(WriteRequest& request);

  const GroupHandler handler_;
  Mutex mutex_;
  std::deque<WriteRequest*> queue_ GUARDED_BY(mutex_);
  std::vector<WriteRequest*> group_;  // used by the leader alone
};

}  // namespace quiver

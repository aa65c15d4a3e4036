// WriteQueue: brings concurrent writers into one order, in groups.
//
// The first writer in the queue leads: it takes those behind it up to a size, and one call of the
// group handler logs, syncs and inserts all of them. The others wait, or become the next
// leader. While a leader waits for the disk the queue behind it grows, so the slower the sync, the
// larger the groups: that is the whole of group commit. After LevelDB's writer queue.
//
// A group that nobody syncs is handled sooner than the kernel wakes a thread, so who waits looks at
// its turn for some ten microseconds before it sleeps (base/patient_look.h).
//
// A barrier (rotation) travels in the same queue and is always a group of its own.
//
// Invariants: groups are handled one at a time, in the order of arrival.
//
// Thread safety: Submit from any thread; the handler runs on the leader's thread, without the
// queue's lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/patient_look.h"
#include "quiver/config.h"
#include "quiver/error.h"
#include "quiver/types.h"

namespace quiver {

struct KeyspaceState;
struct TransactionFootprint;
struct WriteAdvance;  // db/write_path.h

struct WriteRequest {
  /// A request that writes nothing: sealing the active memtable, waiting for its turn only, or
  /// taking a sequence number for what is written elsewhere.
  enum class Barrier : std::uint8_t { kNone, kRotate, kDrain, kAdvance };

  std::string_view encoded;  ///< base/batch_codec.h; empty for a barrier
  std::uint32_t entry_count = 0;
  std::span<KeyspaceState* const> keyspaces;        ///< those that it writes to, or seals
  const TransactionFootprint* footprint = nullptr;  ///< of a transaction: to be validated
  WalMode mode = WalMode::kSync;
  bool fail_if_stalled = false;
  Barrier barrier = Barrier::kNone;
  const WriteAdvance* advance = nullptr;  ///< of kAdvance
  /// Of a barrier that went well: called before any later request is handled.
  const std::function<void()>* at_barrier = nullptr;
  /// What its thread does: looks for its turn, sleeps until it comes, leads, or goes.
  enum class Turn : std::uint8_t { kAwake, kAsleep, kLeads, kDone };
  bool is_barrier() const noexcept { return barrier != Barrier::kNone; }

  // Filled by the handler.
  SequenceNumber last_sequence = 0;  ///< of kAdvance: an AdvanceOutcome
  Result<void> result;

 private:
  friend class WriteQueue;
  std::atomic<Turn> turn_{Turn::kAwake};  // becomes kAsleep under the queue's lock alone
  CondVar woken_;
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
  /// Waits until the request leads or is done.
  void AwaitTurn(WriteRequest& request) EXCLUDES(mutex_);
  /// Lets the thread of a request go on. Unless that sleeps, it may destroy the request at once.
  void Give(WriteRequest& request, WriteRequest::Turn turn) REQUIRES(mutex_);

  const GroupHandler handler_;
  PatientLook look_;
  Mutex mutex_;
  std::deque<WriteRequest*> queue_ GUARDED_BY(mutex_);
  std::vector<WriteRequest*> group_;  // used by the leader alone
};

}  // namespace quiver

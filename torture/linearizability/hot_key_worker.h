// HotKeyWorker: one thread's calls on the hot keys of a database, and its record of them.
//
// There are two families of keys. Registers (r0, r1, ...) are written by every kind of call. Group
// keys (g0, g1, ...) are written by Write() alone, which says the sequence number, so that reads of
// several of them at once can be held against the states that existed (state_checker.h). Both are
// checked key by key (register_checker.h).
//
// Thread safety: one thread for each worker; HotKeyState is shared.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/random.h"
#include "linearizability/register_checker.h"
#include "linearizability/state_checker.h"
#include "quiver/database.h"

namespace quiver::torture {

inline constexpr KeyIndex kRegisterKeys = 5;
inline constexpr KeyIndex kGroupKeys = 6;
inline constexpr KeyIndex kHotKeys = kRegisterKeys + kGroupKeys;

std::string HotKeyName(KeyIndex key);

/// What the threads share.
class HotKeyState {
 public:
  /// The first few things that were wrong.
  void Say(const std::string& what) EXCLUDES(mutex_);
  std::vector<std::string> what() const EXCLUDES(mutex_);
  bool broken() const noexcept { return broken_.load(std::memory_order_relaxed); }
  /// False if the error says no more than that the call did not happen: the database was closed, or
  /// a write did not want to wait. Any other is something wrong.
  bool IsWrong(const char* call, const Error& error) EXCLUDES(mutex_);

  /// `count` entries go to the database.
  void Issue(std::uint64_t count) noexcept { issued_.fetch_add(count, std::memory_order_relaxed); }
  /// DurableSequence() is at least `least`, at least what anybody has seen before, and not above
  /// what was ever written.
  void CheckDurable(const Database& database, SequenceNumber least) EXCLUDES(mutex_);

 private:
  std::atomic<bool> broken_{false};
  std::atomic<std::uint64_t> issued_{0};
  std::atomic<SequenceNumber> durable_seen_{0};
  mutable Mutex mutex_;
  std::vector<std::string> what_ GUARDED_BY(mutex_);
};

class HotKeyWorker {
 public:
  HotKeyWorker(std::uint64_t seed, std::uint64_t index, HotKeyState& state)
      : index_(index), random_(seed * 131 + index), state_(state) {}

  /// Works until `operations` calls are made, `stop` is set, or the database is closed.
  void Run(Database& database, std::uint64_t operations, const std::atomic<bool>& stop);
  /// One atomic read of all keys.
  void ReadEverything(Database& database);

  const std::vector<RegisterOperation>& history(KeyIndex key) const { return histories_[key]; }
  const std::vector<StateWrite>& writes() const noexcept { return writes_; }
  const std::vector<StateRead>& reads() const noexcept { return reads_; }
  std::uint64_t operation_count() const noexcept { return operation_count_; }

 private:
  struct Times {
    std::uint64_t called_ns;
    std::uint64_t answered_ns;
  };
  using Seen = std::vector<std::pair<KeyIndex, ValueId>>;

  // Each answers false when the database is closed, or something is wrong.
  bool WriteOne(Database& database);
  bool WriteSeveral(Database& database);
  bool ReadOne(Database& database);
  bool ReadSeveral(Database& database, const Snapshot* snapshot, Times times);
  bool Scan(Database& database, const Snapshot* snapshot, Times times);
  bool ReadSnapshot(Database& database);

  bool Submit(Database& database, Seen entries);
  WriteOptions Options();
  std::string NewValue(ValueId& id);
  std::optional<ValueId> IdOf(KeyIndex key, std::string_view value);
  bool Written(KeyIndex key, ValueId id, const Times& times, const Result<void>& result);
  void Saw(KeyIndex key, ValueId id, const Times& times);
  void SawTogether(Seen seen, const Snapshot* snapshot, const Times& times);

  const std::uint64_t index_;
  Random random_;
  HotKeyState& state_;
  std::uint64_t next_value_ = 1;
  std::uint64_t operation_count_ = 0;
  std::array<std::vector<RegisterOperation>, kHotKeys> histories_;
  std::vector<StateWrite> writes_;
  std::vector<StateRead> reads_;
};

}  // namespace quiver::torture

// Whether a concurrent history of one key is linearizable: whether each operation can be given one
// moment between its call and its answer, so that the key behaves as a register (Herlihy and Wing,
// "Linearizability", 1990). Keys are independent, so a database is linearizable for single-key
// operations if each of its keys is (their locality theorem).
//
// Method: just-in-time linearization (Lowe, "Testing for linearizability", 2017, after Wing and
// Gong, 1993). The history is walked in order of time; a configuration is the register's value and
// which of the pending operations have already happened. An operation has to happen only when it
// answers, and a pending read happens at once where its value stands, since it changes nothing. The
// number of configurations is bounded by the pending operations, so the time is linear in the
// length of the history, and exponential in the number of threads only. Unlike the zones of Gibbons
// and Korach ("Testing shared memories", 1997) it needs no unique values: deletes have none.
//
// Thread safety: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace quiver::torture {

/// What a write left under a key: unique for each put, 0 for "absent".
using ValueId = std::uint64_t;

struct RegisterOperation {
  /// Of a write that nobody knows the end of: it may happen at any time after its call, or never.
  static constexpr std::uint64_t kUnanswered = ~std::uint64_t{0};

  bool is_write = false;
  ValueId value = 0;  ///< written, or read
  std::uint64_t called_ns = 0;
  std::uint64_t answered_ns = kUnanswered;
};

/// Nothing if the history is linearizable; otherwise the index of the first answer that no order
/// explains. At most 64 operations may be pending at once.
std::optional<std::size_t> FindUnexplained(std::span<const RegisterOperation> history,
                                           ValueId initial);

}  // namespace quiver::torture

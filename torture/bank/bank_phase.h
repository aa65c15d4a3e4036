// BankPhase: one opening of the bank's database: threads that transfer, threads that sum, and one
// for upkeep. It runs in a process of its own, which may be killed.
//
// Every sum is the constant, however it is read: by keys, by MultiGet, by an iterator forwards,
// backwards or both, now or from a snapshot, at once or much later; a snapshot shows the same rows
// each time; and each row is no older than what was acknowledged before its state was fixed, and no
// newer than what was issued after.
//
// Thread safety: Run from one thread; it starts its own.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "bank/bank_page.h"
#include "bank/transfer.h"
#include "base/random.h"
#include "quiver/database.h"

namespace quiver::torture {

/// What one read saw: the rows, and between which versions they had to be.
struct BankView {
  std::array<AccountRow, kAccounts> rows{};
  std::array<bool, kAccounts> present{};
  std::array<std::uint64_t, kAccounts> least{};
  std::array<std::uint64_t, kAccounts> most{};

  std::uint64_t sum() const;
  bool SameRows(const BankView& other) const;
};

/// Reads a bank in all the ways there are. One thread at a time.
class BankReader {
 public:
  BankReader(Database& database, BankPage& page, std::uint64_t seed)
      : database_(database), page_(page), random_(seed) {}

  /// One read of the present or of a snapshot, new or old. False if the database is closed, or
  /// something was wrong, which then stands in the page.
  bool ReadOnce();
  /// The present, and what it must be between, for the verdict after a phase.
  std::optional<BankView> ReadPresent();

 private:
  struct HeldSnapshot {
    Snapshot snapshot;
    BankView view;
  };

  bool ReadRows(const Snapshot* snapshot, BankView& view);
  bool ReadByKey(const Snapshot* snapshot, BankView& view);
  bool ReadAtOnce(const Snapshot* snapshot, BankView& view);
  bool ReadByIterator(const Snapshot* snapshot, BankView& view);
  bool Walk(Iterator& cursor, bool forwards, BankView& view);
  bool Put(BankView& view, std::uint32_t account, std::string_view bytes);
  bool Failed(const char* call, const Error& error);
  bool Judge(const BankView& view, const std::string& how);
  void NoteLeast(BankView& view) const;
  void NoteMost(BankView& view) const;

  Database& database_;
  BankPage& page_;
  Random random_;
  std::string how_;  // the last way of reading, for messages
  std::deque<HeldSnapshot> held_;
};

struct BankPhase {
  enum class End : std::uint8_t { kFinish, kCloseUnderWork, kKill };

  std::filesystem::path directory;
  DatabaseConfig config;
  std::uint64_t seed = 1;
  std::uint64_t schedule = 0;
  End end = End::kFinish;
  bool by_transactions = false;  ///< else under locks
  std::uint64_t duration_ms = 150;

  /// Opens, works, and ends as wished; kKill works until somebody kills it.
  void Run(BankPage& page) const;
};

}  // namespace quiver::torture

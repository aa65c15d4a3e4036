// Accounts as rows, and the one step that changes them: a transfer between two accounts.
//
// A bank transfers in one of two ways. Under locks of its own, where what keeps the total is the
// atomic batch; or by the engine's transactions, without a lock, where it is also the validation.
//
// Thread safety: all functions from any thread; AccountLocks orders the locks by account.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bank/bank_page.h"
#include "base/mutex.h"
#include "quiver/database.h"

namespace quiver::torture {

/// What an account's row holds. An account with nothing in it has no row.
struct AccountRow {
  std::uint64_t balance = 0;
  std::uint64_t version = 0;  ///< how many transfers have touched the account
};

std::string AccountKey(std::uint32_t account);
/// The account of a key, or nothing.
std::optional<std::uint32_t> AccountOfKey(std::string_view key);
/// The row as bytes: padded, so that accounts fill memtables, and so that a cut row shows.
std::string EncodeRow(std::uint32_t account, const AccountRow& row);
std::optional<AccountRow> DecodeRow(std::uint32_t account, std::string_view bytes);

using AccountLocks = std::array<Mutex, kAccounts>;

struct TransferOrder {
  std::uint32_t from = 0;
  std::uint32_t to = 0;  ///< another account
  std::uint64_t amount = 0;
  WriteOptions options;
};

/// Moves at most `amount`, as one batch. True: done and acknowledged. False: it did not happen,
/// since the writer did not want to wait, or the database was closed. Whatever else goes wrong, a
/// balance that is not the one written last included, is said to the page, and answered with false.
bool TransferUnderLocks(Database& database, AccountLocks& locks, BankPage& page,
                        const TransferOrder& order);

/// The same by a transaction of `isolation`; false also if another came first. `locks` guard the
/// page alone, after the commit. Now and then, as `sums` says, the transaction sums all accounts,
/// its own writes among them.
bool TransferByTransaction(Database& database, AccountLocks& locks, BankPage& page,
                           const TransferOrder& order, Isolation isolation, bool sums);

}  // namespace quiver::torture
